// Several nodes on one Redis, through the whole library: no update is lost, ends are final.

import { redis } from "live-session/redis";
import { afterAll, afterEach, beforeAll } from "vitest";
import { nodesSuite } from "../support/nodes-suite.ts";
import { singleClients } from "../support/redis.ts";
import { adminPassword, type RedisServer, startRedis } from "../support/servers/redis.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterEach(() => server.admin.call("FLUSHALL"));
afterAll(() => server.close());

for (const kind of singleClients.filter(({ name }) => name.endsWith("6"))) {
  nodesSuite({
    name: kind.name,
    async open() {
      const make = async () => {
        const { client, close } = await kind.connect([server], { password: adminPassword });
        return { ...redis({ client }), close };
      };
      return [await make(), await make()];
    },
  });
}
