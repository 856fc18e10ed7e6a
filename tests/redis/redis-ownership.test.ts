// Whatever happens at once on two nodes, a principal's list is what the records say.

import { createLiveSessions } from "live-session";
import { redis } from "live-session/redis";
import { afterAll, beforeAll, test } from "vitest";
import { ownershipHolds, wait } from "../support/ownership-model.ts";
import { singleClients } from "../support/redis.ts";
import { adminPassword, type RedisServer, startRedis } from "../support/servers/redis.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.close());

test.each(singleClients.filter(({ name }) => name.endsWith("6")))("with $name", async (kind) => {
  const connections = await Promise.all([1, 2].map(() => kind.connect([server], { password: adminPassword })));
  await ownershipHolds({
    runs: 60,
    async open(principalLimit) {
      const nodes = connections.map(({ client }) =>
        createLiveSessions<Record<string, unknown>>({ ...redis({ client }), principalLimit, onError() {} }),
      );
      return { nodes, advance: wait, close: () => Promise.all(nodes.map((node) => node.close())) };
    },
  });
  for (const { close } of connections) close();
});
