// Encryption at rest over Redis, whose scripts commit and publish the sealed values themselves.

import { randomBytes } from "node:crypto";
import { createLiveSessions, memoryStore } from "live-session";
import { busConformance, storeConformance } from "live-session/conformance";
import { encrypted } from "live-session/encrypted";
import { redis } from "live-session/redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { encryptedBusHarness, encryptedStoreHarness } from "../support/encrypted.ts";
import { type ClientKind, redisBusHarness, redisStoreHarness, singleClients } from "../support/redis.ts";
import { adminPassword as password, type RedisServer, startRedis } from "../support/servers/redis.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.close());

// The wrapper sees no client: one kind shows it.
const kind = singleClients[0] as ClientKind;

describe("the store suite", () => {
  const open = async () => encryptedStoreHarness(await redisStoreHarness(kind, [server], "publishing"));
  for (const { name, run } of storeConformance({ open, exactClock: false, fails: true, sweeps: false }))
    test(name, run);
});

describe("the bus suite", () => {
  const open = async () => encryptedBusHarness(await redisBusHarness(kind, [server]), memoryStore());
  for (const { name, run } of busConformance({ open, interrupts: true, fails: true })) test(name, run);
});

test("what the script publishes is opened by other nodes without a read; neither Redis nor its channels see a value", async () => {
  const secret = "the-secret-of-the-cart";
  const keys = [randomBytes(32)];
  const nodes = await Promise.all(
    [0, 1].map(async () => {
      const { client, close } = await kind.connect([server], { password });
      const { store, bus } = encrypted(redis({ client }), { keys });
      const reads = vi.spyOn(store, "read");
      const sessions = createLiveSessions<{ cart: string; n: number }>({ store, bus });
      onTestFinished(async () => {
        await sessions.close();
        close();
      });
      return { sessions, reads };
    }),
  );
  const [here, there] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  const published: string[] = [];
  const ear = server.admin.duplicate();
  onTestFinished(() => ear.disconnect());
  ear.on("pmessage", (_pattern, _channel, message) => published.push(message));
  await ear.psubscribe("*");

  const { id, key } = await here.sessions.create({ cart: secret });
  const live = await there.sessions.attach(id);
  const mine = await here.sessions.attach(id);
  there.reads.mockClear();
  await mine.put("n", 7_654_321);
  await mine.put("cart", `${secret}, and more`);
  await vi.waitFor(() => expect(live.data).toEqual({ cart: `${secret}, and more`, n: 7_654_321 }), 5_000);
  expect(there.reads).not.toHaveBeenCalled();

  const stored = await server.admin.get(`live-session:${key}`);
  expect(stored).toContain('"cart":');
  expect(stored).toContain('"n":');
  await vi.waitFor(() => expect(published.length).toBeGreaterThanOrEqual(3), 5_000);
  expect(published.join()).toMatch(/"cart":\s*"e1\./);
  expect(JSON.stringify([stored, published])).not.toMatch(/the-secret|7654321/);
});
