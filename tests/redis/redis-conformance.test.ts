// The suites for stores and buses on one Redis, with every client. The users are allowed what the documentation names, no more.

import { busConformance, storeConformance } from "live-session/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { redisBusHarness, redisStoreHarness, singleClients } from "../support/redis.ts";
import { type RedisServer, startRedis } from "../support/servers/redis.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.close());

describe.each(singleClients)("$name", (kind) => {
  const store = { exactClock: false, fails: true, sweeps: false };
  // What the hub publishes is the same script without its last step: one client of each kind shows it.
  const ways = kind.name.endsWith("6") ? (["alone", "publishing"] as const) : (["publishing"] as const);
  describe.each(ways)("store, %s", (how) => {
    const open = () => redisStoreHarness(kind, [server], how);
    for (const { name, run } of storeConformance({ open, ...store })) test(name, run);
  });
  describe("bus", () => {
    const open = () => redisBusHarness(kind, [server]);
    for (const { name, run } of busConformance({ open, interrupts: true, fails: true })) test(name, run);
  });
});
