// The file: it outlives its process, knows its schema, is swept by what is due, and holds no data of the dead.

import { createLiveSessions, type SessionKey, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { type SqliteStatementLike, sqliteStore } from "live-session/sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { openLibsql, type TestDatabase, temporaryFile } from "../support/sqlite.ts";

function open(path = ":memory:"): TestDatabase {
  const database = openLibsql(path);
  onTestFinished(() => void database.close());
  return database;
}

function file(): string {
  const { path, remove } = temporaryFile();
  onTestFinished(remove);
  return path;
}

const rows = (database: TestDatabase, sql: string) => database.prepare(sql).all() as Record<string, unknown>[];
const create = { mode: "create", put: { n: 1 }, delete: [], lifetime: 1_000, principal: "ada" } as const;

test("sessions and ends survive a restart", async () => {
  const path = file();
  const first = createLiveSessions({ store: sqliteStore({ database: open(path) }) });
  const kept = await first.create({ cart: ["kite"] });
  const ended = await first.create({ cart: [] });
  await first.end(ended.id);
  await first.close();
  const second = createLiveSessions({ store: sqliteStore({ database: open(path) }) });
  expect(await second.read(kept.id)).toEqual({ cart: ["kite"] });
  await expect(second.attach(ended.id)).rejects.toMatchObject({ code: "session_ended", reason: "destroyed" });
  await second.close();
});

describe("schema", () => {
  test("a file of a later version is refused with a clear error, and left alone", () => {
    const database = open();
    sqliteStore({ database });
    database.exec("UPDATE live_sessions_schema SET version = 99");
    expect(() => sqliteStore({ database })).toThrowError(
      expect.objectContaining({ code: "store_failed", message: expect.stringMatching(/says version 99.*up to 1/) }),
    );
    expect(rows(database, "SELECT version FROM live_sessions_schema")).toEqual([{ version: 99 }]);
  });

  test("a migration that is cut off halfway leaves nothing behind", () => {
    const database = open();
    database.exec("CREATE TABLE live_sessions_values (in_the_way INTEGER)");
    expect(() => sqliteStore({ database })).toThrow(/already exists/);
    expect(rows(database, "SELECT name FROM sqlite_master")).toEqual([{ name: "live_sessions_values" }]);
    database.exec("DROP TABLE live_sessions_values");
    expect(sqliteStore({ database }).count()).toBe(0);
  });

  test("stores with different tables share a file without seeing each other", async () => {
    const database = open();
    const [one, other] = [sqliteStore({ database, table: "shop" }), sqliteStore({ database, table: "Admin_2" })];
    await one.commit(sessionKey("a"), { ...create, incarnation: "one" });
    expect([await one.count(), await other.count()]).toEqual([1, 0]);
  });
});

test.each([
  ["table", { table: "a; DROP TABLE x" }],
  ["table", { table: "sqlite_x" }],
  ["table", { table: "" }],
  ["table", { table: "x".repeat(49) }],
  ["synchronous", { synchronous: "off" as "full" }],
  ["database", { database: {} as TestDatabase }],
])("a bad option is refused by its name: %s %o", (name, options) => {
  expect(() => sqliteStore({ database: open(), ...options })).toThrowError(
    expect.objectContaining({ code: "bad_option", message: expect.stringMatching(`^${name}: `) }),
  );
});

test.each([
  ["normal", 1],
  ["full", 2],
] as const)("the file is in WAL mode, with synchronous = %s as asked", (synchronous, level) => {
  const database = open(file());
  sqliteStore({ database, synchronous });
  expect(rows(database, "PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
  expect(rows(database, "PRAGMA synchronous")).toEqual([{ synchronous: level }]);
});

test("an ended session's data, meta and principal are gone from the tables at once", async () => {
  const database = open();
  const store = sqliteStore({ database });
  const key = sessionKey("gone");
  await store.commit(key, { ...create, incarnation: "one", meta: { secret: 1 } });
  expect(rows(database, "SELECT * FROM live_sessions_values")).toHaveLength(1);
  await store.destroy(key, "destroyed");
  expect(rows(database, "SELECT * FROM live_sessions_values")).toEqual([]);
  expect(rows(database, "SELECT principal, meta, ended FROM live_sessions")).toEqual([
    { principal: null, meta: null, ended: "destroyed" },
  ]);
});

test("an end stays an end when the machine's clock is set back", async () => {
  let now = 2_000_000_000_000;
  const store = sqliteStore({ database: open(), clock: { now: () => now, after: () => () => {} } });
  const key = sessionKey("set back");
  await store.commit(key, { ...create, incarnation: "one" });
  await store.destroy(key, "destroyed");
  now -= 60_000;
  expect(await store.read(key)).toMatchObject({ state: "ended", reason: "destroyed" });
  expect(await store.commit(key, { ...create, mode: "upsert", incarnation: "two" })).toMatchObject({ why: "ended" });
  expect(await store.touch(key, {})).toBeNull();
  expect([await store.count(), (await store.versions([key])).live.size]).toEqual([0, 0]);
});

test("a transaction that is open on the store's connection is left alone: writes are refused", () => {
  const database = open();
  const store = sqliteStore({ database });
  database.exec("BEGIN");
  expect(() => store.commit(sessionKey("a"), { ...create, incarnation: "one" })).toThrow(/transaction/);
  database.exec("COMMIT");
  expect(store.count()).toBe(0);
});

test("a sweep takes the values along, and leaves those of the living", async () => {
  const database = open();
  const clock = new ManualClock();
  const store = sqliteStore({ database, clock });
  for (let index = 0; index < 250; index++) {
    const lifetime = index < 240 ? 1_000 : 9_000;
    await store.commit(sessionKey(`${index}`), { ...create, lifetime, incarnation: `${index}` });
  }
  clock.advance(1_000);
  expect(await store.sweep(0)).toBe(240);
  expect(rows(database, "SELECT count(*) AS n FROM live_sessions_values")).toEqual([{ n: 10 }]);
});

/** A database that keeps the SQL of what is run, and how many rows came or went. */
function watched(database: TestDatabase, seen: string[]): TestDatabase {
  const watch = (sql: string, statement: SqliteStatementLike): SqliteStatementLike => ({
    run(...values) {
      seen.push(sql);
      return statement.run(...values);
    },
    all(...values) {
      seen.push(sql);
      return statement.all(...values);
    },
  });
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => watch(sql, database.prepare(sql)),
    close: () => database.close(),
  };
}

test("sweeps, lists of a principal, versions and reads look things up in an index, and scan no table", async () => {
  const database = open();
  const seen: string[] = [];
  const store = sqliteStore({ database: watched(database, seen) });
  const key = sessionKey("planned") as SessionKey;
  await store.commit(key, { ...create, incarnation: "one" });
  await store.commit(key, { mode: "update", put: { m: 1 }, delete: ["n"], incarnation: "" });
  await store.touch(key, {});
  await store.read(key);
  await store.versions([key]);
  for await (const _ of store.list({ principal: "ada" })) break;
  for await (const _ of store.list()) break;
  await store.destroy(key, "destroyed");
  expect(await store.sweep(-1)).toBe(1);
  const queries = [...new Set(seen)].filter(
    (sql) => /^(SELECT|UPDATE|DELETE)/.test(sql) && sql.includes("live_sessions"),
  );
  const statements = queries.filter((sql) => !sql.includes("_schema"));
  const planOf = (sql: string) => {
    const parameters = (sql.match(/\?/g) ?? []).map(() => 1);
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[];
    return plan.map(({ detail }) => detail).join("; ");
  };
  const find = (words: RegExp) => statements.find((sql) => words.test(sql)) ?? "none";
  expect(statements.length).toBeGreaterThan(12);
  for (const sql of statements) expect(planOf(sql), sql).not.toMatch(/\bSCAN (?!wanted)/);
  const sweep = planOf(find(/^DELETE.*RETURNING id/s));
  expect(sweep).toMatch(/live_sessions_expiry \(expires_at</);
  expect(sweep).not.toMatch(/TEMP B-TREE/);
  expect(planOf(find(/^SELECT.*principal = \? AND/s))).toMatch(/live_sessions_principal \(principal=\? AND rowid>\?\)/);
});
