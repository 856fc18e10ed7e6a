// Several nodes on one server, through the whole library: no update is lost, ends are final.

import { nats } from "live-session/nats";
import { afterAll, beforeAll } from "vitest";
import { connectTo, freshBucket } from "../support/nats.ts";
import { nodesSuite } from "../support/nodes-suite.ts";
import { type NatsServer, startNats } from "../support/servers/nats.ts";

let server: NatsServer;

beforeAll(async () => {
  server = await startNats();
});

afterAll(() => server?.remove());

nodesSuite({
  name: "NATS",
  async open() {
    const bucket = freshBucket();
    const make = async () => {
      const own = await connectTo(server);
      return { ...nats({ ...own, bucket }), close: () => own.connection.close() };
    };
    return [await make(), await make()];
  },
});
