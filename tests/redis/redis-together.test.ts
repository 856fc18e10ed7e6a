// Calls of one turn of the event loop go to Redis together, and each has an outcome of its own.

import { type Commit, type SessionEvent, type SessionKey, sessionKey } from "live-session";
import { redis, redisStore } from "live-session/redis";
import { createClient } from "redis";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type ClientKind, singleClients } from "../support/redis.ts";
import { adminPassword, type RedisServer, startRedis, until } from "../support/servers/redis.ts";
import { rejection } from "../support/sessions.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
beforeEach(() => server.admin.call("FLUSHALL"));
afterAll(() => server.close());

const keysOf = (count: number) => Array.from({ length: count }, (_, index) => sessionKey(`session ${index}`));
const [one, two] = keysOf(2) as [SessionKey, SessionKey];

function commitOf(put: Commit["put"], more: Partial<Commit> = {}): Commit {
  return { mode: "upsert", put, delete: [], incarnation: "i", lifetime: 60_000, ...more };
}

async function connect(kind: ClientKind, to = server) {
  const { client, close } = await kind.connect([to], { password: adminPassword });
  onTestFinished(close);
  return client;
}

async function open(kind: ClientKind, to = server) {
  const { store, bus } = redis({ client: await connect(kind, to) });
  onTestFinished(() => bus.close());
  onTestFinished(() => store.close());
  await store.read(one); // its connection is up, and Redis has the scripts
  await store.commit(one, commitOf({}, { mode: "update" }));
  await store.destroy(one, "destroyed");
  return { store, bus };
}

/** How often Redis was asked for each command while something went on. */
async function callsDuring(work: () => Promise<unknown>): Promise<Record<string, number>> {
  await server.admin.config("RESETSTAT");
  await work();
  const stats = await server.admin.info("commandstats");
  const calls = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, count]) => [name, Number(count)]);
  return Object.fromEntries(calls);
}

describe.each(singleClients)("with $name", (kind) => {
  test("50 commits of one turn are one call, and so are 50 reads", async () => {
    const { store } = await open(kind);
    const keys = keysOf(50);
    const commits = () => Promise.all(keys.map((key, n) => store.commit(key, commitOf({ n }))));
    expect(await callsDuring(commits)).toMatchObject({ evalsha: 1, set: 50, publish: 50, time: 1 });
    const reads = async () => {
      const found = await Promise.all(keys.map((key) => store.read(key)));
      expect(found).toMatchObject(keys.map((_, n) => ({ record: { data: { n } } })));
    };
    expect(await callsDuring(reads)).toEqual({ mget: 1, time: 1, "config|resetstat": 1 });
    expect(await callsDuring(async () => store.read(one))).toEqual({ mget: 1, time: 1, "config|resetstat": 1 });
  });

  test("those that promises of one turn ask for go together, too", async () => {
    const { store } = await open(kind);
    const ask = async (key: SessionKey, depth: number): Promise<unknown> =>
      depth === 0 ? store.read(key) : ask(await key, depth - 1);
    const work = () => Promise.all(keysOf(10).map((key, index) => ask(key, index)));
    expect(await callsDuring(work)).toMatchObject({ mget: 1 });
  });

  test("each is judged by itself: what one is refused for, or fails of, is no other's", async () => {
    const { store, bus } = await open(kind);
    const keys = keysOf(9);
    const [fine, conflict, large, ended, missing, exists, other, wrong, last] = keys as SessionKey[];
    const there = [fine, conflict, large, ended, exists, other] as SessionKey[];
    await Promise.all(there.map((key) => store.commit(key, commitOf({ n: 1 }))));
    await store.destroy(ended as SessionKey, "revoked");
    await server.admin.hset(`live-session:${wrong}`, "field", "no session");
    const heard: [SessionKey, SessionEvent][] = [];
    for (const key of keys) await bus.subscribe(key, (event) => heard.push([key, event]));
    const outcomes = await callsDuring(async () => {
      const results = await Promise.allSettled([
        store.commit(fine as SessionKey, commitOf({ n: 2 })),
        store.commit(conflict as SessionKey, commitOf({ n: 2 }, { ifVersion: 7 })),
        store.commit(large as SessionKey, commitOf({ x: "y".repeat(100) }, { maxBytes: 100 })),
        store.commit(ended as SessionKey, commitOf({ n: 2 })),
        store.commit(missing as SessionKey, commitOf({ n: 2 }, { mode: "update" })),
        store.commit(exists as SessionKey, commitOf({ n: 2 }, { mode: "create" })),
        store.commit(other as SessionKey, commitOf({ n: 2 }, { ifIncarnation: "another" })),
        store.commit(wrong as SessionKey, commitOf({ n: 2 })),
        store.commit(last as SessionKey, commitOf({ n: 2 }, { principal: "ada" })),
      ]);
      const value = (given: object) => ({ status: "fulfilled", value: given });
      expect(results).toMatchObject([
        value({ ok: true, version: 2 }),
        value({ ok: false, why: "conflict" }),
        value({ ok: false, why: "too_large", bytes: '{"n":1,"x":""}'.length + 100 }),
        value({ ok: false, why: "ended", reason: "revoked" }),
        value({ ok: false, why: "missing" }),
        value({ ok: false, why: "exists" }),
        value({ ok: false, why: "conflict" }),
        { status: "rejected", reason: { message: expect.stringContaining("WRONGTYPE") } },
        value({ ok: true, version: 1 }),
      ]);
    });
    expect(outcomes.evalsha).toBe(1);
    await until(() => heard.length >= 2, "the events");
    expect(heard.map(([key]) => key)).toEqual([fine, last]);
    const data = async (key: SessionKey) => {
      const found = await store.read(key);
      return found.state === "live" && found.record.data;
    };
    for (const key of [conflict, large, exists, other]) expect(await data(key as SessionKey)).toEqual({ n: 1 });
    for (const key of [fine, last]) expect(await data(key as SessionKey)).toEqual({ n: 2 });
  });

  test("a read of what is no session of ours fails alone", async () => {
    const { store } = await open(kind);
    await store.commit(one, commitOf({ n: 1 }));
    await server.admin.set(`live-session:${two}`, "no session");
    const [good, bad] = await Promise.allSettled([store.read(one), store.read(two)]);
    expect(good).toMatchObject({ status: "fulfilled", value: { state: "live" } });
    expect(bad?.status).toBe("rejected");
  });

  test("out of memory: nothing is done of those that write, the others are answered", async () => {
    const { store } = await open(kind);
    const keys = keysOf(4);
    const [first, second, third, fresh] = keys as [SessionKey, SessionKey, SessionKey, SessionKey];
    for (const key of [first, second, third]) await store.commit(key, commitOf({ n: 1 }));
    await server.admin.config("SET", "maxmemory", "1");
    onTestFinished(async () => void (await server.admin.config("SET", "maxmemory", "0")));
    const outOfMemory = { status: "rejected", reason: { message: expect.stringContaining("OOM") } };
    const results = await Promise.allSettled([
      store.commit(first, commitOf({ n: 2 })),
      store.commit(second, commitOf({ n: 2 }, { ifVersion: 7 })),
      store.commit(third, commitOf({}, { delete: ["n"] })),
      store.commit(fresh, commitOf({ n: 2 }, { principal: "ada" })),
    ]);
    expect(results).toMatchObject([
      outOfMemory,
      { status: "fulfilled", value: { why: "conflict" } },
      outOfMemory,
      outOfMemory,
    ]);
    await server.admin.config("SET", "maxmemory", "0");
    for (const key of [first, second, third]) {
      expect(await store.read(key)).toMatchObject({ record: { version: 1, data: { n: 1 } } });
    }
    expect(await store.read(fresh)).toEqual({ state: "missing" });
    expect(await server.admin.keys("*principal*")).toEqual([]);
    expect(await store.commit(first, commitOf({ n: 3 }))).toMatchObject({ ok: true, version: 2 });
  });

  test("scripts that Redis forgot are sent again, and each commit is done once", async () => {
    const { store } = await open(kind);
    await server.admin.script("FLUSH");
    const keys = keysOf(120);
    const results = await Promise.all(keys.map((key) => store.commit(key, commitOf({ n: 1 }))));
    expect(results.every((result) => result.ok && result.version === 1)).toBe(true);
  });

  test("no call is too long: so many go together, and so much", async () => {
    const { store } = await open(kind);
    const many = () => Promise.all(keysOf(120).map((key) => store.commit(key, commitOf({ n: 1 }))));
    expect(await callsDuring(many)).toMatchObject({ evalsha: 3, set: 120 });
    const long = () => Promise.all(keysOf(4).map((key) => store.commit(key, commitOf({ x: "y".repeat(150_000) }))));
    expect(await callsDuring(long)).toMatchObject({ evalsha: 4 });
    // Of long sessions, as the first answer showed, fewer are read together.
    const read = () => Promise.all(keysOf(4).map((key) => store.read(key)));
    await read();
    const large = { x: "y".repeat(600_000) };
    await Promise.all(keysOf(4).map((key) => store.commit(key, commitOf(large))));
    expect(await callsDuring(read)).toMatchObject({ mget: 1 });
    expect(await callsDuring(read)).toMatchObject({ mget: 4 });
  });

  test("commits to one session in one turn see each other, in the order in which they were asked for", async () => {
    const { store } = await open(kind);
    const results = await Promise.all([
      store.commit(one, commitOf({ a: 1 }, { mode: "create" })),
      store.commit(one, commitOf({ b: 2 }, { mode: "create" })),
      store.commit(one, commitOf({ b: 3 }, { ifVersion: 1 })),
      store.commit(one, commitOf({ b: 4 }, { ifVersion: 1 })),
    ]);
    expect(results).toMatchObject([{ version: 1 }, { why: "exists" }, { version: 2 }, { why: "conflict" }]);
    expect(await store.read(one)).toMatchObject({ record: { data: { a: 1, b: 3 } } });
    const [committed, destroyed, late] = await Promise.all([
      store.commit(one, commitOf({ c: 5 })),
      store.destroy(one, "revoked"),
      store.commit(one, commitOf({ d: 6 })),
    ]);
    expect(committed).toMatchObject({ ok: true, version: 3 });
    expect(destroyed?.data).toEqual({ a: 1, b: 3, c: 5 });
    expect(late).toMatchObject({ why: "ended", reason: "revoked" });
  });

  test("if the answer is lost with the connection, all of them fail, and later ones do not", async () => {
    const own = await startRedis("--appendonly", "yes");
    onTestFinished(() => own.close());
    const { store } = await open(kind, own);
    own.suspend();
    const calls = keysOf(20).flatMap((key) => [store.commit(key, commitOf({ n: 1 })), store.read(key)]);
    const failures = Promise.all(calls.map((call) => rejection(Promise.resolve(call))));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve))); // they are on their way
    await own.stop("SIGKILL");
    for (const failure of await failures) expect(failure).toBeInstanceOf(Error);
    await own.start();
    await until(async () => {
      const [result] = await Promise.allSettled([store.commit(one, commitOf({ n: 2 }))]);
      return result?.status === "fulfilled";
    }, "the store to answer");
  });
});

const [anyClient] = singleClients as [ClientKind];

test("a put and a delete cost what they change: the rest of the session does not go through the script", async () => {
  const store = redisStore({ client: await connect(anyClient) });
  await store.commit(one, commitOf({ large: "x".repeat(500_000), n: 1, m: 1 }));
  const work = async () => {
    await store.commit(one, commitOf({ n: 2 }, { delete: ["m"] }));
    await store.commit(one, commitOf({}, { delete: ["n"] }));
    await store.touch(one, {});
  };
  const calls = await callsDuring(work);
  expect(calls).toMatchObject({ append: 2, setrange: 3, getrange: 3 });
  expect(calls).not.toHaveProperty("get");
  const found = await store.read(one);
  expect(found.state === "live" && Object.keys(found.record.data)).toEqual(["large"]);
});

test("the first line of an empty session stands alone", async () => {
  const store = redisStore({ client: await connect(anyClient) });
  await store.commit(one, commitOf({}));
  expect(await callsDuring(async () => store.commit(one, commitOf({ "": 0 })))).toMatchObject({ append: 1 });
  expect(await store.read(one)).toMatchObject({ record: { data: { "": 0 } } });
});

test("what was written over is dropped in time: a session takes about twice its data at most", async () => {
  const store = redisStore({ client: await connect(anyClient) });
  const data = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`key${index}`, "x".repeat(100)]));
  await store.commit(one, commitOf(data));
  for (let round = 0; round < 60; round++) {
    await store.commit(one, commitOf({ key3: String(round).padEnd(100) }));
    expect(await server.admin.strlen(`live-session:${one}`)).toBeLessThan(3_000);
  }
});

test.each([
  ["incarnation", "\ud800,\n".repeat(100), "ada"],
  ["principal", "i", "ada,\n\t".repeat(200)],
])("the %s may be longer than what is read of a record at first", async (_what, incarnation, principal) => {
  const store = redisStore({ client: await connect(anyClient) });
  await store.commit(one, commitOf({ n: 1 }, { incarnation, principal }));
  const again = await store.commit(one, commitOf({ n: 2 }, { ifIncarnation: incarnation }));
  expect(again).toMatchObject({ version: 2, incarnation });
  expect(await store.touch(one, { ifIncarnation: incarnation, meta: { m: 1 } })).not.toBeNull();
  const { live } = await store.versions([one, two]);
  expect([...live]).toMatchObject([[one, { version: 2, incarnation }]]);
  // A sweep looks at what is due, and drops what it takes for somebody else's.
  for (const index of await server.admin.keys("*principal*")) {
    for (const member of await server.admin.zrange(index, "0", "-1"))
      await server.admin.zincrby(index, "-70000", member);
  }
  await store.sweep(0);
  const listed: unknown[] = [];
  for await (const { record } of store.list({ principal })) listed.push(record);
  expect(listed).toMatchObject([{ version: 2, incarnation, principal, meta: { m: 1 }, data: { n: 2 } }]);
  expect(await store.destroy(one, "revoked")).toMatchObject({ principal });
});

test("a session whose time seems up, since it was pushed right after it was read, is read again", async () => {
  const client = createClient({ password: adminPassword, socket: { host: "127.0.0.1", port: server.port } });
  await client.connect();
  onTestFinished(() => client.destroy());
  const store = redisStore({ client });
  const elsewhere = redisStore({ client: await connect(anyClient) });
  await store.commit(one, commitOf({ n: 1 }, { lifetime: 300 }));
  const send = client.sendCommand.bind(client);
  client.sendCommand = async (args, options) => {
    if (args[0] === "TIME") {
      client.sendCommand = send;
      const pushed = await elsewhere.touch(one, { lifetime: 60_000 });
      await until(
        async () => Number((await server.admin.time())[0]) * 1000 > (pushed?.now ?? 0) + 300,
        "its old expiry",
      );
    }
    return send(args, options);
  };
  expect(await store.read(one)).toMatchObject({ state: "live", record: { lifetime: 60_000 } });
});

/** Numbers below `below`, the same ones each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

test.each([1, 2, 3, 4, 5, 6])(
  "any row of puts and deletes leaves what a map would hold, counted exactly (%i)",
  async (seed) => {
    const store = redisStore({ client: await connect(anyClient) });
    const next = numbers(seed);
    const names = [
      "",
      "a",
      'x"a',
      "a\\",
      'a":',
      'a\\"',
      "\n",
      "\t",
      "__proto__",
      "\u0000",
      "\ud800",
      "é",
      ",\n\t",
      "}]",
      "null",
      '"',
    ];
    const values = [
      null,
      0,
      "",
      "\n}]",
      '"a":\t1,',
      {},
      [],
      { a: { "\n": "\t" } },
      "é".repeat(40),
      "\udc00",
      "x".repeat(700),
    ];
    const model = new Map<string, unknown>();
    const longest = { text: 0, data: 0 };
    const pick = <T>(from: readonly T[]) => from[next(from.length)] as T;
    await store.commit(one, commitOf({}));
    for (let round = 2; round < 150; round++) {
      const put = new Map<string, unknown>();
      const gone = new Set<string>();
      for (let count = next(4); count > 0; count--) put.set(pick(names), pick(values));
      if (next(4) === 0) for (let count = next(3); count > 0; count--) gone.add(pick(names));
      for (const name of put.keys()) gone.delete(name);
      const after = new Map([...model, ...put]);
      for (const name of gone) after.delete(name);
      const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(after)));
      const more = { delete: [...gone], ...(next(20) === 0 && { meta: pick([null, { m: ',\n"' }]) }) };
      const changes = commitOf(Object.fromEntries(put), more);
      if (next(4) === 0) {
        expect(await store.commit(one, { ...changes, maxBytes: bytes - 1 })).toEqual({
          ok: false,
          why: "too_large",
          bytes,
        });
      }
      if (next(4) === 0) {
        const meta = pick([undefined, undefined, null, { t: next(1000) }]);
        expect(await store.touch(one, { meta, lifetime: pick([60_000, 100_000, 1_000_000]) })).not.toBeNull();
      }
      const maxBytes = pick([bytes, bytes + 1, 100_000, 100_000, 100_000, 100_000]);
      expect(await store.commit(one, { ...changes, maxBytes })).toMatchObject({ ok: true, version: round });
      model.clear();
      for (const [name, value] of after) model.set(name, value);
      const found = await store.read(one);
      expect(found.state === "live" && Object.entries(found.record.data).sort()).toEqual([...model].sort());
      longest.text = Math.max(longest.text, await server.admin.strlen(`live-session:${one}`));
      longest.data = Math.max(longest.data, bytes);
    }
    expect(longest.text).toBeLessThan(2 * longest.data + 1_500);
  },
);
