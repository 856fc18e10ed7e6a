// The suites on a Redis Cluster of three masters, with every client; sharded Pub/Sub, and the kind that older ones have.

import { busConformance, storeConformance } from "live-session/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { clusterClients, redisBusHarness, redisStoreHarness } from "../support/redis.ts";
import { type RedisServer, startCluster } from "../support/servers/redis.ts";

let servers: RedisServer[];

beforeAll(async () => {
  servers = await startCluster();
});
afterAll(async () => void (await Promise.all(servers.map((server) => server.close()))));

describe.each(clusterClients)("$name", (kind) => {
  describe("store, publishing", () => {
    const open = () => redisStoreHarness(kind, servers, "publishing");
    for (const { name, run } of storeConformance({ open, exactClock: false, fails: true, sweeps: false }))
      test(name, run);
  });
  describe.each(kind.name.endsWith("6") ? [true, false] : [true])("bus, sharded %s", (sharded) => {
    const open = () => redisBusHarness(kind, servers, sharded);
    for (const { name, run } of busConformance({ open, interrupts: true, fails: true })) test(name, run);
  });
});
