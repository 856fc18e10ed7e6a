// Group commit: many updates in one statement are decided, answered and told of as each would be by itself.

import { setImmediate } from "node:timers/promises";
import { type Commit, type SessionEvent, type SessionKey, type SessionStore, sessionKey } from "live-session";
import { postgres, postgresStore } from "live-session/postgres";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  advanceStillClock,
  clients,
  freshTable,
  makeStillClock,
  pgKind,
  STILL,
  type TestClient,
} from "../support/postgres.ts";
import { noteStatements } from "../support/postgres-statements.ts";
import { type PostgresServer, startPostgres } from "../support/servers/postgres.ts";
import { eventually, rejection } from "../support/sessions.ts";

let server: PostgresServer;
let admin: TestClient;

/** Under this search path a write waits, after it began and before it locks its rows, for as long as a test holds a lock. */
const GATED = "gated,pg_catalog,public";
const GATE = 7_300;

beforeAll(async () => {
  server = await startPostgres();
  admin = pgKind.connect(server);
  await makeStillClock(admin);
  await admin.query(`CREATE SCHEMA gated;
CREATE FUNCTION gated.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(${GATE});
  RETURN pg_catalog.set_config($1, $2, $3);
END $$`);
});

afterAll(async () => {
  await admin?.end();
  await server?.remove();
});

const create = { mode: "create", put: { n: 0 }, delete: [], incarnation: "one", lifetime: 3_600_000 } as const;
const update = (put: Commit["put"], more: Partial<Commit> = {}): Commit => ({
  mode: "update",
  put,
  delete: [],
  incarnation: "",
  ...more,
});

/** Keys of sessions that this store creates. */
async function created(store: SessionStore, count: number): Promise<SessionKey[]> {
  const keys = Array.from({ length: count }, (_, n) => sessionKey(`session ${n}`));
  for (const key of keys) await store.commit(key, create);
  return keys;
}

/** A transaction of someone else's that holds the rows of these keys until it is released. */
async function hold(table: string, keys: readonly SessionKey[]): Promise<() => Promise<void>> {
  const holder = pgKind.connect(server, { max: 1 });
  const list = keys.map((key) => `'${key}'`).join(", ");
  await holder.query(`BEGIN; SELECT 1 FROM ${table} WHERE key IN (${list}) FOR UPDATE`);
  return async () => {
    await holder.query("COMMIT");
    await holder.end();
  };
}

/** Closes the gate of `GATED`; `waiting` gives the process that has come to it. */
async function closeGate() {
  const holder = pgKind.connect(server, { max: 1 });
  const [row] = await holder.query(`SELECT pg_backend_pid() AS pid FROM pg_advisory_lock(${GATE})`);
  return {
    async waiting(): Promise<number> {
      for (;;) {
        const waiting = `SELECT pid FROM pg_stat_activity WHERE ${row?.pid} = ANY (pg_blocking_pids(pid))`;
        const [found] = await admin.query(waiting);
        if (found) return found.pid as number;
      }
    },
    async open(): Promise<void> {
      await holder.query(`SELECT pg_advisory_unlock(${GATE})`);
      await holder.end();
    },
  };
}

describe.each(clients)("with $name", (kind) => {
  /** A store of its own, and how many updates each statement had that it sent. */
  function open(options: { table?: string; searchPath?: string } = {}) {
    const { table = freshTable(), searchPath } = options;
    const own = kind.connect(server, searchPath === undefined ? {} : { searchPath });
    onTestFinished(() => own.end());
    const { updates: sizes } = noteStatements(own.client);
    const { store, bus } = postgres({ client: own.client, table, schema: "public", lockTimeout: "10m" });
    onTestFinished(async () => void (await bus.close()));
    return { store, bus, table, sizes };
  }

  test("each is refused or done, stored and told of as it would be by itself", async () => {
    const cases: Record<string, Commit> = {
      put: update({ a: "\u0000\ud800", b: [1.5, null] }),
      nothing: update({}),
      delete: update({ a: 1 }, { delete: ["n", "absent"] }),
      lifetime: update({ a: 1 }, { lifetime: 5_000 }),
      deadline: update({ a: 1 }, { newDeadline: 4_000 }),
      "no deadline": update({ a: 1 }, { newDeadline: null }),
      meta: update({ a: 1 }, { meta: { path: "/\u0000" } }),
      "no meta": update({ a: 1 }, { meta: null }),
      principal: update({ a: 1 }, { principal: "ada\u0000" }),
      "no principal": update({ a: 1 }, { principal: null }),
      version: update({ a: 1 }, { ifVersion: 2, ifIncarnation: "one" }),
      "other version": update({ a: 1 }, { ifVersion: 1 }),
      "other incarnation": update({ a: 1 }, { ifIncarnation: "two" }),
      "upsert of a version": {
        ...update({ a: 1 }, { mode: "upsert", lifetime: 1_000, ifVersion: 2 }),
        incarnation: "x",
      },
      fits: update({ a: "é" }, { maxBytes: 23 }),
      "too large": update({ a: "éé" }, { maxBytes: 23 }),
      "long event": update({ a: "x".repeat(8_000) }),
      "long data": update({ a: "y".repeat(20_000) }),
      missing: update({ a: 1 }),
      ended: update({ a: 1 }),
      expired: update({ a: 1 }),
    };
    const keys = Object.keys(cases).map((name) => sessionKey(name));
    const run = async (together: boolean) => {
      const { store, bus, table, sizes } = open({ searchPath: STILL });
      const events: unknown[] = [];
      for (const [name, commit] of Object.entries(cases)) {
        const key = sessionKey(name);
        if (name === "missing") continue;
        const first = { ...create, meta: { path: "/" }, principal: "bob", deadline: 3_000_000 };
        await store.commit(key, name === "expired" ? { ...first, lifetime: 1 } : first);
        if (name !== "expired") await store.commit(key, update({ b: commit.put.b ?? 1 }));
        if (name === "ended") await store.destroy(key, "revoked");
      }
      await advanceStillClock(admin, 10);
      const last = sessionKey("the last event");
      let told = false;
      await bus.subscribe(last, () => (told = true));
      for (const key of keys) await bus.subscribe(key, (event: SessionEvent) => void events.push([key, event]));
      sizes.length = 0;
      const answers: unknown[] = [];
      const asked = Object.entries(cases).map(
        ([name, commit]) =>
          async () =>
            store.commit(sessionKey(name), commit),
      );
      if (together) answers.push(...(await Promise.all(asked.map((ask) => ask()))));
      else for (const ask of asked) answers.push(await ask());
      expect(sizes[0]).toBe(together ? keys.length : 1);
      await bus.publish(last, { type: "ended", incarnation: "x", reason: "revoked" });
      await eventually(() => told);
      const rows = await admin.query(`SELECT * FROM public.${table} ORDER BY key`);
      return { answers, rows, events: events.map((event) => JSON.stringify(event)).sort() };
    };
    const before = await admin.query("SELECT ms FROM public.still_clock");
    const alone = await run(false);
    await admin.query(`UPDATE public.still_clock SET ms = ${before[0]?.ms}`);
    expect(await run(true)).toEqual(alone);
    expect(alone.answers.filter((answer) => (answer as { ok: boolean }).ok)).toHaveLength(15);
    expect(alone.events).toHaveLength(15);
  });

  test("what another writer did between a statement's begin and its locks is not undone, and conditions see it", async () => {
    const { store, table, sizes } = open({ searchPath: GATED });
    const other = postgresStore({ client: admin.client, table, schema: "public" });
    const keys = await created(other, 6);
    const [put, conditional, ended, large, untouched, met] = keys as [SessionKey, ...SessionKey[]] & { 5: SessionKey };
    await store.commit(untouched as SessionKey, update({ warm: true }));
    sizes.length = 0;
    const gate = await closeGate();
    const asked = [
      store.commit(put, update({ here: 1 })),
      store.commit(conditional as SessionKey, update({ here: 1 }, { ifVersion: 1 })),
      store.commit(ended as SessionKey, update({ here: 1 })),
      store.commit(large as SessionKey, update({ here: 1 }, { maxBytes: 60 })),
      store.commit(untouched as SessionKey, update({ here: 1 })),
      store.commit(met as SessionKey, update({ here: 1 }, { ifVersion: 2 })),
    ];
    await gate.waiting();
    expect(sizes).toEqual([6]);
    await other.commit(put, update({ there: 1, n: 7 }));
    await other.commit(conditional as SessionKey, update({ there: 1 }));
    await other.destroy(ended as SessionKey, "revoked");
    await other.commit(large as SessionKey, update({ there: "x".repeat(50) }));
    await other.commit(met as SessionKey, update({ there: 1 }));
    await gate.open();
    expect(await Promise.all(asked)).toMatchObject([
      { ok: true, version: 3, data: { n: 7, here: 1, there: 1 } },
      { ok: false, why: "conflict" },
      { ok: false, why: "ended", reason: "revoked" },
      { ok: false, why: "too_large", bytes: 77 },
      { ok: true, version: 3 },
      { ok: true, version: 3, data: { n: 0, here: 1, there: 1 } },
    ]);
    const stored = await Promise.all(keys.map((key) => other.read(key)));
    expect(stored.map((found) => (found.state === "live" ? found.record.data : found.state))).toEqual([
      { n: 7, here: 1, there: 1 },
      { n: 0, there: 1 },
      "ended",
      { n: 0, there: "x".repeat(50) },
      { n: 0, warm: true, here: 1 },
      { n: 0, here: 1, there: 1 },
    ]);
  });

  test("a row that someone else holds keeps nobody waiting but its own writer, who has his turn", async () => {
    const { store, table, sizes } = open();
    const [held, ...others] = (await created(store, 20)) as [SessionKey, ...SessionKey[]];
    const release = await hold(table, [held]);
    const waiting = Promise.resolve(store.commit(held, update({ n: 1 })));
    const results = await Promise.all(others.map((key) => store.commit(key, update({ n: 1 }))));
    expect(sizes).toEqual([20, 1]);
    for (const result of results) expect(result).toMatchObject({ ok: true, version: 2 });
    await release();
    expect(await waiting).toMatchObject({ ok: true, version: 2 });
  });

  test("nor do writes that were sent by themselves to rows that someone else holds", async () => {
    const { store, table } = open();
    const keys = await created(store, 8);
    const release = await hold(table, keys.slice(0, 4));
    const waiting: unknown[] = [];
    for (const key of keys.slice(0, 4)) {
      waiting.push(store.commit(key, update({ n: 1 })));
      await setImmediate();
    }
    for (const key of keys.slice(4)) expect(await store.commit(key, update({ n: 1 }))).toMatchObject({ ok: true });
    await release();
    for (const result of await Promise.all(waiting)) expect(result).toMatchObject({ ok: true, version: 2 });
  });

  test("nodes that write the same sessions in opposite order lose no update and get no error", async () => {
    const one = open();
    const two = open({ table: one.table });
    const keys = await created(one.store, 40);
    const rounds = async (store: SessionStore, node: string, order: readonly SessionKey[]) => {
      for (let round = 0; round < 15; round++) {
        const put = update({ [`${node}${round}`]: round });
        for (const result of await Promise.all(order.map((key) => store.commit(key, put)))) {
          expect(result.ok).toBe(true);
        }
      }
    };
    await Promise.all([rounds(one.store, "one", keys), rounds(two.store, "two", [...keys].reverse())]);
    for (const key of keys) {
      const found = await one.store.read(key);
      if (found.state !== "live") throw new Error("A session is gone.");
      expect(found.record.version).toBe(31);
      expect(Object.keys(found.record.data)).toHaveLength(31);
    }
  });

  test("several writes of one session in one turn are all done", async () => {
    const { store } = open();
    const [hot, ...others] = (await created(store, 10)) as [SessionKey, ...SessionKey[]];
    const puts = [1, 2, 3, 4, 5].map((n) => store.commit(hot, update({ [`w${n}`]: n })));
    await Promise.all(others.map((key) => store.commit(key, update({ n: 1 }))));
    const versions = (await Promise.all(puts)).map((result) => result.ok && result.version);
    expect(versions.sort()).toEqual([2, 3, 4, 5, 6]);
    expect(await store.read(hot)).toMatchObject({ record: { data: { n: 0, w1: 1, w2: 2, w3: 3, w4: 4, w5: 5 } } });
  });

  test.each([
    ["a condition that is no number", { ifVersion: Number.NaN }],
    ["text that PostgreSQL refuses", { ifIncarnation: "\u0000" }],
    ["a number out of its range", { lifetime: 1e19 }],
  ])("%s is an error for its own writer alone", async (_, bad) => {
    const { store, sizes } = open();
    const [culprit, ...others] = (await created(store, 10)) as [SessionKey, ...SessionKey[]];
    const failing = rejection(Promise.resolve(store.commit(culprit, update({ n: 1 }, { ...bad }))));
    const results = await Promise.all(others.map((key) => store.commit(key, update({ n: 1 }))));
    for (const result of results) expect(result).toMatchObject({ ok: true, version: 2 });
    await failing;
    expect(sizes).toEqual([10, ...Array(10).fill(1)]);
    expect(await store.read(culprit)).toMatchObject({ record: { version: 1, data: { n: 0 } } });
  });

  test("a connection lost in the middle fails all whose statement it was, none is sent again, and the next works", async () => {
    const { store, table, sizes } = open({ searchPath: GATED });
    const other = postgresStore({ client: admin.client, table, schema: "public" });
    const keys = await created(other, 10);
    await store.count();
    const gate = await closeGate();
    const asked = keys.map((key) => rejection(Promise.resolve(store.commit(key, update({ n: 1 })))));
    await admin.query(`SELECT pg_terminate_backend(${await gate.waiting()})`);
    await Promise.all(asked);
    expect(sizes).toEqual([10]);
    await gate.open();
    for (const key of keys) expect(await other.read(key)).toMatchObject({ record: { version: 1 } });
    const results = await Promise.all(keys.map((key) => store.commit(key, update({ n: 1 }))));
    for (const result of results) expect(result).toMatchObject({ ok: true, version: 2 });
  });

  test("a refusal that was taken back in the meantime is tried again, as by itself", async () => {
    const { store, table } = open({ searchPath: GATED });
    const other = postgresStore({ client: admin.client, table, schema: "public" });
    const [one, two] = (await created(other, 2)) as [SessionKey, SessionKey];
    await store.count();
    const gate = await closeGate();
    const asked = [store.commit(one, update({ here: 1 }, { ifVersion: 2 })), store.commit(two, update({ here: 1 }))];
    await gate.waiting();
    await other.commit(one, update({ there: 1 }));
    await gate.open();
    const results = await Promise.all(asked);
    expect(results).toMatchObject([
      { ok: true, version: 3 },
      { ok: true, version: 2 },
    ]);
  });
});
