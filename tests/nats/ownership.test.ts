// Whatever happens at once on two nodes, a principal's list is what the records say.

import { createLiveSessions } from "live-session";
import { nats } from "live-session/nats";
import { afterAll, beforeAll, test } from "vitest";
import { connectTo, freshBucket } from "../support/nats.ts";
import { ownershipHolds, wait } from "../support/ownership-model.ts";
import { type NatsServer, startNats } from "../support/servers/nats.ts";

let server: NatsServer;

beforeAll(async () => {
  server = await startNats();
});
afterAll(() => server?.remove());

test("on two connections", async () => {
  const bucket = freshBucket();
  const connections = await Promise.all([connectTo(server), connectTo(server)]);
  await ownershipHolds({
    runs: 60,
    open(principalLimit) {
      const nodes = connections.map((own) =>
        createLiveSessions<Record<string, unknown>>({ ...nats({ ...own, bucket }), principalLimit, onError() {} }),
      );
      return { nodes, advance: wait, close: () => Promise.all(nodes.map((node) => node.close())) };
    },
  });
  await Promise.all(connections.map(({ connection }) => connection.close()));
});
