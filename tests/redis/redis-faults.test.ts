// Redis under faults: killed, suspended, cut off, out of memory, forgetful, on another clock. What was acknowledged is there,
// and connections are stale, then live, then equal to the store.

import { createLiveSessions, type LiveSession, type LiveSessions, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { redis, redisStore } from "live-session/redis";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type ClientKind, singleClients } from "../support/redis.ts";
import { adminPassword, type RedisServer, startRedis, until } from "../support/servers/redis.ts";
import { rejection } from "../support/sessions.ts";

interface Data {
  n: number;
  [key: string]: unknown;
}

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis("--appendonly", "yes", "--appendfsync", "always");
});
afterEach(() => server.admin.call("FLUSHALL"));
afterAll(() => server.close());

async function node(kind: ClientKind, options: object = {}): Promise<LiveSessions<Data>> {
  const { client, close } = await kind.connect([server], { password: adminPassword });
  const sessions = createLiveSessions<Data>({ ...redis({ client }), onError: () => {}, ...options });
  onTestFinished(async () => {
    await sessions.close();
    close();
  });
  return sessions;
}

const increment = (n = 0) => n + 1;

/** Resolves when the handle has this status. */
function hasStatus(live: LiveSession<Data>, status: string): Promise<void> {
  return new Promise((resolve) => {
    const check = () => live.status === status && resolve();
    live.subscribe(check);
    check();
  });
}

/** Resolves when a handle has seen what the store holds. */
async function inStep(sessions: LiveSessions<Data>, live: LiveSession<Data>): Promise<void> {
  await hasStatus(live, "live");
  await until(async () => {
    const { live: found } = await sessions.records.versions([live.key]);
    return found.get(live.key)?.version === live.version;
  }, "the handle to be in step");
}

describe.each(singleClients)("with $name", (kind) => {
  test("killed in a storm of writes and started again: every acknowledged write is there, handles catch up", async () => {
    const [sessions, elsewhere] = [await node(kind, { timeout: "2s" }), await node(kind)];
    const { id } = await sessions.create({ n: 0 });
    const [live, other] = [await sessions.attach(id), await elsewhere.attach(id)];
    const acknowledged = new Set<string>();
    let failed = 0;
    let running = true;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; running; round++) {
        const key = `w${writer}-${round % 50}`;
        try {
          await live.put(key, round);
          acknowledged.add(`${key}=${round}`);
        } catch {
          failed++;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    });
    await until(() => acknowledged.size > 200);
    const [stale, otherStale] = [hasStatus(live, "stale"), hasStatus(other, "stale")];
    await server.stop("SIGKILL");
    await Promise.all([stale, otherStale]);
    await until(() => failed > 0);
    await server.start();
    const before = acknowledged.size;
    await until(() => acknowledged.size > before + 200, "writes to succeed again");
    running = false;
    await Promise.all(writers);
    const stored = await sessions.read(id);
    for (const [key, rounds] of lastRounds(acknowledged)) expect(stored?.[key]).toBeGreaterThanOrEqual(rounds);
    await Promise.all([inStep(sessions, live), inStep(elsewhere, other)]);
    expect(live.data).toEqual(stored);
    expect(other.data).toEqual(stored);
  });

  test("while Redis is away every call is refused at once, by a clear error, and nothing is queued", async () => {
    // Without a time-out worth the name: only a refusal can end these calls.
    const sessions = await node(kind, { timeout: "1h" });
    const { id } = await sessions.create({ n: 1 });
    const live = await sessions.attach(id);
    const stale = hasStatus(live, "stale");
    await server.stop("SIGKILL");
    await stale;
    const calls = [
      sessions.read(id),
      sessions.create({}),
      live.put("n", 2),
      sessions.end(id),
      sessions.attach("other"),
    ];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^(store|bus)_failed$/) });
    }
    const attach = (await rejection(sessions.attach("other"))) as { cause?: Error };
    expect(attach.cause?.message).toBe("Redis is away: the bus has no connection to it.");
    await server.start();
    await hasStatus(live, "live");
    await until(async () => (await sessions.read(id).catch(() => null)) !== null, "the store to answer");
    expect(await sessions.read(id)).toEqual({ n: 1 });
  });

  test("an answer that is lost with the connection does not do a commit twice: increments are counted once", async () => {
    const sessions = await node(kind);
    const { id } = await sessions.create({ n: 0 });
    const live = await sessions.attach(id);
    let done = 0;
    let unsure = 0;
    for (let round = 0; round < 20; round++) {
      const updates = Array.from({ length: 10 }, () =>
        live.update("n", increment).then(
          () => void done++,
          () => void unsure++,
        ),
      );
      await server.admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      await Promise.all(updates);
      await until(() =>
        sessions.read(id).then(
          () => true,
          () => false,
        ),
      );
    }
    const data = await sessions.read(id);
    expect(data?.n).toBeGreaterThanOrEqual(done);
    expect(data?.n).toBeLessThanOrEqual(done + unsure);
  });

  test("the subscriber's connection is cut while others write: stale, then live and equal to the store", async () => {
    const [sessions, elsewhere] = [await node(kind), await node(kind)];
    const { id } = await sessions.create({ n: 0 });
    const [live, other] = [await sessions.attach(id), await elsewhere.attach(id)];
    for (let round = 1; round <= 5; round++) {
      const stale = hasStatus(other, "stale");
      await server.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
      await stale;
      await live.put("n", round);
      await inStep(elsewhere, other);
      expect(other.data.n).toBe(round);
    }
  });

  test("a server that hangs: calls fail after the time-out, and go on when it does", async () => {
    const sessions = await node(kind, { timeout: 200 });
    const { id } = await sessions.create({ n: 1 });
    await server.admin.call("CLIENT", "PAUSE", "2000", "WRITE");
    expect(await rejection(sessions.create({ n: 2 }))).toMatchObject({ code: "store_failed" });
    await server.admin.call("CLIENT", "UNPAUSE");
    expect(await sessions.read(id)).toEqual({ n: 1 });
    expect(await sessions.end(id)).toBe(true);
  });

  test("scripts that Redis forgot are sent again", async () => {
    const sessions = await node(kind);
    const { id } = await sessions.create({ n: 0 });
    const live = await sessions.attach(id);
    const updates = Array.from({ length: 50 }, () => live.update("n", increment));
    await server.admin.script("FLUSH");
    await Promise.all(updates);
    await server.admin.script("FLUSH");
    expect((await sessions.read(id))?.n).toBe(50);
  });

  test("out of memory: writes and ends fail with Redis's words and change nothing, reads go on", async () => {
    const sessions = await node(kind);
    const { id } = await sessions.create({ n: 1, gone: true });
    const live = await sessions.attach(id);
    const before = live.version;
    await server.admin.config("SET", "maxmemory", "1");
    const changes = live.transaction((draft) => {
      delete draft.gone;
      draft.n = 2;
    });
    const calls = [changes, live.put("n", 2), live.delete("gone"), sessions.create({}), sessions.end(id)];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toMatchObject({ code: "store_failed", message: expect.stringContaining("OOM") });
    }
    expect(await sessions.read(id)).toEqual({ n: 1, gone: true });
    await server.admin.config("SET", "maxmemory", "0");
    await sessions.check();
    expect(live.version).toBe(before);
    await live.put("n", 3);
    expect(await sessions.read(id)).toEqual({ n: 3, gone: true });
  });
});

function lastRounds(acknowledged: ReadonlySet<string>): Map<string, number> {
  const last = new Map<string, number>();
  for (const entry of acknowledged) {
    const [key = "", round] = entry.split("=");
    last.set(key, Math.max(last.get(key) ?? 0, Number(round)));
  }
  return last;
}

const [anyClient] = singleClients as [ClientKind];

test("the server's clock decides, however far the node's is off", async () => {
  // A year ahead, and standing still: by it, everything would be over, or nothing ever.
  const clock = new ManualClock(Date.now() + 365 * 86_400_000);
  const sessions = await node(anyClient, { clock, lifetime: 400, timeout: "1h" });
  const { id } = await sessions.create({ n: 1 });
  expect(await sessions.read(id)).toEqual({ n: 1 });
  const live = await sessions.attach(id);
  expect(live.expiresAt - clock.now()).toBeLessThanOrEqual(400);
  await until(async () => (await sessions.records.read(sessionKey(id))).state === "ended", "the end");
  const ended = new Promise((resolve) => live.subscribe((message) => "reason" in message && resolve(message.reason)));
  clock.advance(400);
  expect(await ended).toBe("expired");
});

test("Redis frees what is over by itself: an end after the retention, an expired session that long after its time", async () => {
  const { client, close } = await anyClient.connect([server], { password: adminPassword });
  onTestFinished(close);
  const store = redisStore({ client, endedRetention: 300 });
  const commit = { mode: "create", put: { n: 1 }, delete: [], incarnation: "one" } as const;
  const [ended, expired] = [sessionKey("ended"), sessionKey("expired")];
  await store.commit(ended, { ...commit, lifetime: 3_600_000 });
  await store.destroy(ended, "revoked");
  await store.commit(expired, { ...commit, lifetime: 50 });
  expect(await store.read(ended)).toMatchObject({ state: "ended", reason: "revoked" });
  await until(async () => (await store.read(expired)).state === "ended");
  expect(await store.commit(expired, { ...commit, mode: "upsert", lifetime: 50 })).toMatchObject({ why: "ended" });
  await until(async () => (await server.admin.dbsize()) === 0, "Redis to be empty");
});

test("entries of the index go with their sessions, and stay while a commit may be on its way", async () => {
  const { client, close } = await anyClient.connect([server], { password: adminPassword });
  onTestFinished(close);
  const store = redisStore({ client, endedRetention: 0 });
  const commit = { mode: "create", put: {}, delete: [], lifetime: 3_600_000, principal: "ada" } as const;
  const [stays, goes] = [sessionKey("stays"), sessionKey("goes")];
  await store.commit(stays, { ...commit, incarnation: "one" });
  await store.commit(goes, { ...commit, incarnation: "two" });
  await store.destroy(goes, "destroyed");
  await store.sweep(0);
  const [name = ""] = await server.admin.keys("live-session:principal:*");
  expect(await server.admin.zcard(name)).toBe(2);
  // As if a minute had passed.
  for (const index of [name, "live-session:principals"]) {
    for (const member of await server.admin.zrange(index, "0", "-1"))
      await server.admin.zincrby(index, "-60001", member);
  }
  await store.sweep(0);
  expect(await server.admin.zrange(name, "0", "-1")).toEqual([stays]);
  expect(await server.admin.zcard("live-session:principals")).toBe(1);
  const listed: string[] = [];
  for await (const { key } of store.list({ principal: "ada" })) listed.push(key);
  expect(listed).toEqual([stays]);
  const [, due] = await server.admin.zrange("live-session:principals", "0", "-1", "WITHSCORES");
  expect(Number(due)).toBeGreaterThan(Date.now() + 3_000_000);
});
