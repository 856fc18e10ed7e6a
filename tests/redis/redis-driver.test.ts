// What the suites cannot see: events of the scripts, commits of any size, names, limits, options.

import { Redis } from "ioredis";
import { type Commit, type SessionEvent, type SessionKey, sessionKey } from "live-session";
import { redis, redisBus, redisStore } from "live-session/redis";
import { createClient, RESP_TYPES } from "redis";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type ClientKind, clusterClients, singleClients } from "../support/redis.ts";
import { adminPassword, type RedisServer, startCluster, startRedis, until } from "../support/servers/redis.ts";
import { rejection } from "../support/sessions.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
beforeEach(() => server.admin.call("FLUSHALL"));
afterAll(() => server.close());

const key = sessionKey("one");
const odd = 'a "quoted" \u0000 key \ud800 {x} é';

function commitOf(put: Commit["put"], more: Partial<Commit> = {}): Commit {
  return { mode: "upsert", put, delete: [], incarnation: 'i"1', lifetime: 60_000, ...more };
}

async function connect(kind: ClientKind, servers: readonly RedisServer[] = [server]) {
  const { client, close } = await kind.connect(servers, { password: adminPassword });
  onTestFinished(close);
  return client;
}

const [anyClient] = singleClients as [ClientKind];

describe("what the scripts publish is what a hub would", () => {
  async function events(kind: ClientKind, servers: readonly RedisServer[]): Promise<void> {
    const { store, bus } = redis({ client: await connect(kind, servers) });
    onTestFinished(() => bus.close());
    onTestFinished(() => store.close());
    const heard: SessionEvent[] = [];
    await bus.subscribe(key, (event) => heard.push(event));
    const incarnation = 'i"1';
    const first = await store.commit(key, commitOf({ [odd]: [odd, {}, []], n: 1 }));
    const second = await store.commit(key, commitOf({}, { delete: ["n", odd] }));
    const large = await store.commit(key, commitOf({ large: "é".repeat(40_000) }));
    await store.touch(key, {});
    const touched = await store.touch(key, { lifetime: 1_000 });
    await store.destroy(key, "revoked");
    await until(() => heard.length >= 5, "the events");
    const change = (result: typeof first, changes?: object) => {
      if (!result.ok) throw new Error(result.why);
      const { version, expiresAt, now } = result;
      return { type: "changed", incarnation, version, expiresAt, now, ...(changes && { changes }) };
    };
    expect(heard).toEqual([
      change(first, { put: { [odd]: [odd, {}, []], n: 1 }, delete: [] }),
      change(second, { put: {}, delete: ["n", odd] }),
      change(large), // too long for everyone's buffers: receivers read
      { type: "touched", incarnation, ...touched },
      { type: "ended", incarnation, reason: "revoked" },
    ]);
  }

  test.each(singleClients)("$name", (kind) => events(kind, [server]));

  test("in a cluster, too, where the store's own shards carry them", async () => {
    const servers = await startCluster();
    onTestFinished(async () => void (await Promise.all(servers.map((each) => each.close()))));
    for (const kind of clusterClients) {
      await events(kind, servers);
      await Promise.all(servers.map(({ admin }) => admin.call("FLUSHALL")));
    }
  }, 60_000);
});

test("a put of one key sends that key alone", async () => {
  const store = redisStore({ client: await connect(anyClient) });
  await store.commit(key, commitOf({ large: "x".repeat(500_000) }));
  const bytesIn = async () => Number(/total_net_input_bytes:(\d+)/.exec(await server.admin.info("stats"))?.[1]);
  const before = await bytesIn();
  await store.commit(key, commitOf({ n: 2 }));
  expect((await bytesIn()) - before).toBeLessThan(5_000);
});

test("a commit may put and delete tens of thousands of keys", async () => {
  const store = redisStore({ client: await connect(anyClient) });
  const names = Array.from({ length: 20_000 }, (_, index) => `k${index}`);
  const all = Object.fromEntries(names.map((name) => [name, name]));
  expect(await store.commit(key, commitOf(all))).toMatchObject({ ok: true, version: 1 });
  const found = await store.read(key);
  expect(found.state === "live" && found.record.data).toEqual(all);
  const bytes = Buffer.byteLength(JSON.stringify(all));
  expect(await store.commit(key, commitOf({ x: 1 }, { maxBytes: bytes }))).toEqual({
    ok: false,
    why: "too_large",
    bytes: bytes + 6,
  });
  expect(await store.commit(key, commitOf({ x: 1 }, { delete: names, maxBytes: 7 }))).toMatchObject({ version: 2 });
  const after = await store.read(key);
  expect(after.state === "live" && after.record.data).toEqual({ x: 1 });
});

test("a prefix may hold what means something to patterns, and stores with other prefixes are apart", async () => {
  const client = await connect(anyClient);
  const [one, other] = [redisStore({ client, prefix: "a*[b]?\\:" }), redisStore({ client, prefix: "aXb1\\:" })];
  await one.commit(key, commitOf({ n: 1 }, { principal: "ada" }));
  await other.commit(key, commitOf({ n: 2 }, { principal: "ada" }));
  for (const [store, n] of [
    [one, 1],
    [other, 2],
  ] as const) {
    const listed: unknown[] = [];
    for await (const { record } of store.list()) listed.push(record.data);
    for await (const { record } of store.list({ principal: "ada" })) listed.push(record.data);
    expect(listed).toEqual([{ n }, { n }]);
    expect(await store.count()).toBe(1);
  }
});

test("a client that maps types its own way changes nothing", async () => {
  const url = `redis://:${adminPassword}@127.0.0.1:${server.port}`;
  const client = createClient({ url }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  await client.connect();
  onTestFinished(() => client.destroy());
  const store = redisStore({ client });
  await store.commit(key, commitOf({ n: 1 }, { principal: "ada" }));
  expect(await store.read(key)).toMatchObject({ record: { data: { n: 1 }, incarnation: 'i"1', principal: "ada" } });
  expect(await store.count()).toBe(1);
});

test("while Redis hangs so many calls wait, and no more", async () => {
  const store = redisStore({ client: await connect(anyClient) });
  await store.commit(key, commitOf({ n: 1 }));
  server.suspend();
  onTestFinished(() => server.resume());
  const waiting = Array.from({ length: 20_000 }, () => store.read(key));
  expect(await rejection(Promise.resolve(store.read(key)))).toMatchObject({
    message: expect.stringContaining("20000 calls"),
  });
  server.resume();
  await Promise.all(waiting);
  expect(await store.read(key)).toMatchObject({ state: "live" });
});

describe("what cannot work is refused at once, by name", () => {
  test("options", async () => {
    const client = await connect(anyClient);
    const other = await connect(anyClient);
    const prefixed = new Redis({ keyPrefix: "app:", lazyConnect: true });
    const bus = redisBus({ client, prefix: "a:" });
    const wrong: [string, () => unknown][] = [
      ["client", () => redisStore({ client: {} as never })],
      ["client", () => redisBus({ client: null as never })],
      ["client", () => redisStore({ client: prefixed })],
      ["prefix", () => redisStore({ client, prefix: "" })],
      ["prefix", () => redisBus({ client, prefix: "\ud800" })],
      ["endedRetention", () => redisStore({ client, endedRetention: "soon" as never })],
      ["bus", () => redisStore({ client: other, bus, prefix: "a:" })],
      ["bus", () => redisStore({ client, bus })],
      ["sharded", () => redisBus({ client, sharded: true })],
    ];
    for (const [option, make] of wrong) {
      expect(make).toThrow(
        expect.objectContaining({ code: "bad_option", message: expect.stringMatching(`^${option}: `) }),
      );
    }
  });

  test("a client that was never connected", async () => {
    const { store, bus } = redis({ client: createClient() });
    expect(await rejection(Promise.resolve(store.read("k" as SessionKey)))).toMatchObject({
      message: expect.stringContaining("connect()"),
    });
    await store.close();
    await bus.close();
  });
});

test("a listener's error, and what is no event, go to onError", async () => {
  const errors: unknown[] = [];
  const bus = redisBus({ client: await connect(anyClient), onError: (error) => errors.push(error) });
  onTestFinished(() => bus.close());
  const heard: SessionEvent[] = [];
  await bus.subscribe(key, () => {
    throw new Error("on purpose");
  });
  await bus.subscribe(key, (event) => heard.push(event));
  await server.admin.publish(`live-session:${key}`, "no event");
  await bus.publish(key, { type: "ended", incarnation: "i", reason: "expired" });
  await until(() => heard.length === 1 && errors.length === 2);
  expect(String(errors[0])).toContain("no event");
  expect(String(errors[1])).toContain("on purpose");
});
