// The table: made once however many start at once, by hand where wanted, and read by its indexes.

import { sessionKey } from "live-session";
import { postgres, postgresBus, postgresSchema, postgresStore } from "live-session/postgres";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { tableOf } from "../../src/engines/postgres/schema.ts";
import type { Statement } from "../../src/engines/postgres/statement.ts";
import { statementsFor } from "../../src/stores/postgres/statements.ts";
import { clients, freshTable, pgKind, type TestClient } from "../support/postgres.ts";
import { type PostgresServer, startPostgres } from "../support/servers/postgres.ts";
import { rejection } from "../support/sessions.ts";

let server: PostgresServer;
let admin: TestClient;

beforeAll(async () => {
  server = await startPostgres();
  admin = pgKind.connect(server);
});

afterAll(async () => {
  await admin?.end();
  await server?.remove();
});

const key = sessionKey("a session");
const creation = { mode: "create", put: { n: 1 }, delete: [], incarnation: "one", lifetime: 3_600_000 } as const;

describe.each(clients)("with $name", (kind) => {
  test("ten nodes that start at once make the table once, and each works", async () => {
    const table = freshTable();
    const nodes = Array.from({ length: 10 }, () => kind.connect(server, { max: 2 }));
    onTestFinished(async () => void (await Promise.all(nodes.map((node) => node.end()))));
    const results = await Promise.all(
      nodes.map(({ client }, index) =>
        postgresStore({ client, table }).commit(sessionKey(`${table}${index}`), creation),
      ),
    );
    expect(results.map(({ ok }) => ok)).toEqual(Array(10).fill(true));
    expect(await admin.query(`SELECT version FROM ${table}_version`)).toEqual([{ version: 1 }]);
  });

  test("migrate: false makes nothing, and says what to do; with the printed SQL it works", async () => {
    const table = freshTable();
    const own = kind.connect(server);
    onTestFinished(() => own.end());
    const store = postgresStore({ client: own.client, table, migrate: false });
    expect((await rejection(Promise.resolve(store.read(key)))).message).toContain("postgresSchema()");
    await admin.query(postgresSchema({ table }));
    await admin.query(postgresSchema({ table }));
    expect(await store.commit(key, creation)).toMatchObject({ ok: true });
    expect(await postgresStore({ client: own.client, table }).read(key)).toMatchObject({ state: "live" });
  });

  test("a user who may not make tables can use one that is there, in a schema of its own", async () => {
    const table = freshTable();
    await admin.query(`CREATE SCHEMA app_${table}; ${postgresSchema({ table, schema: `app_${table}` })}
      CREATE ROLE role_${table}; GRANT USAGE ON SCHEMA app_${table} TO role_${table};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app_${table} TO role_${table}`);
    const own = kind.connect(server, { max: 1 });
    onTestFinished(() => own.end());
    await own.query(`SET ROLE role_${table}`);
    const store = postgresStore({ client: own.client, table, schema: `app_${table}` });
    expect(await store.commit(key, creation)).toMatchObject({ ok: true });
  });

  test("a migration that failed is tried again by the next call", async () => {
    const table = freshTable();
    const own = kind.connect(server);
    onTestFinished(() => own.end());
    const store = postgresStore({ client: own.client, table, schema: `late_${table}` });
    await rejection(Promise.resolve(store.read(key)));
    await admin.query(`CREATE SCHEMA late_${table}`);
    expect(await store.read(key)).toEqual({ state: "missing" });
  });

  test("an unlogged table is unlogged, and only if asked for", async () => {
    const [logged, unlogged] = [freshTable(), freshTable()];
    const own = kind.connect(server);
    onTestFinished(() => own.end());
    await postgresStore({ client: own.client, table: logged }).read(key);
    await postgresStore({ client: own.client, table: unlogged, unlogged: true }).read(key);
    const kinds = await admin.query(
      `SELECT relpersistence AS kind FROM pg_class WHERE relname IN ('${logged}', '${unlogged}') ORDER BY oid`,
    );
    expect(kinds).toEqual([{ kind: "p" }, { kind: "u" }]);
  });

  test("statements work unprepared, too", async () => {
    const table = freshTable();
    const own = kind.connect(server);
    onTestFinished(() => own.end());
    const { store, bus } = postgres({ client: own.client, table, prepare: false });
    expect(await store.commit(key, creation)).toMatchObject({ ok: true });
    expect(await store.read(key)).toMatchObject({ state: "live", record: { data: { n: 1 } } });
    expect(
      await own.query("SELECT count(*)::int AS n FROM pg_prepared_statements WHERE name LIKE 'live_session%'"),
    ).toEqual([{ n: 0 }]);
    await bus.close();
  });
});

test("a database in another encoding is refused", async () => {
  await admin.query("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
  const own = pgKind.connect(server, { database: "latin" });
  onTestFinished(() => own.end());
  const store = postgresStore({ client: own.client });
  expect(await rejection(Promise.resolve(store.read(key)))).toMatchObject({ code: "bad_option" });
});

test("nonsense is refused at once", () => {
  const own = pgKind.connect(server);
  onTestFinished(() => own.end());
  const { client } = own;
  for (const table of ['a"; DROP TABLE x; --', "", "a.b", "x".repeat(49)]) {
    expect(() => postgresStore({ client, table })).toThrow("table");
    expect(() => postgresSchema({ schema: table })).toThrow("schema");
    expect(() => postgresBus({ client, channel: table })).toThrow("channel");
  }
  expect(() => postgresStore({ client: {} as never })).toThrow("client");
  const stranger = { ...postgresBus({ client }) };
  expect(() => postgresStore({ client, bus: stranger })).toThrow("postgresBus");
});

test("events are left to the hub only where that is asked for", () => {
  const { client, end } = pgKind.connect(server);
  onTestFinished(end);
  const together = postgres({ client });
  expect(together.store.publishesTo).toBe(together.bus);
  expect(postgres({ client, events: "after-write" }).store.publishesTo).toBeUndefined();
});

test("a pool of one connection cannot listen and be asked as well: an error rather than a standstill", async () => {
  const own = pgKind.connect(server, { max: 1 });
  onTestFinished(() => own.end());
  const bus = postgresBus({ client: own.client });
  expect(await rejection(Promise.resolve(bus.subscribe(key, () => {})))).toMatchObject({ code: "bad_option" });
});

describe("with 20,000 sessions, of which few are due", () => {
  const table = freshTable();
  const statements = statementsFor({ table: tableOf({ table }), channel: null, lockTimeoutMs: 1_000 });

  beforeAll(async () => {
    const now = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";
    await admin.query(`${postgresSchema({ table })}
      INSERT INTO ${table} (key, incarnation, version, data, principal, created_at, active_at, lifetime)
        SELECT 'key' || n, 'one', 1, '{"a":"1"}', 'user' || n % 1000, ${now}, ${now} - CASE WHEN n <= 50 THEN 7200000 ELSE 0 END,
          3600000 FROM generate_series(1, 20000) AS n;
      ANALYZE ${table}`);
  });

  /** How the server would go about a statement. */
  async function plan(statement: Statement, values: Record<string, string>): Promise<string> {
    const literals = statement.parameters.map((name) => (values[name] === undefined ? "NULL" : `'${values[name]}'`));
    const text = statement.text.replace(/\$(\d+)/g, (_, number) => literals[Number(number) - 1] as string);
    const rows = await admin.query(`EXPLAIN (COSTS OFF) ${text}`);
    return rows.map((row) => row["QUERY PLAN"]).join("\n");
  }

  test.each([
    ["read", { key: "key7" }, "_pkey"],
    ["update", { key: "key7", put: "{}", delete: "{}" }, "_pkey"],
    ["updateMany", { items: '[{"key":"key7","put":"{}","delete":"{}"},{"key":"key8"}]' }, "_pkey"],
    ["readMany", { keys: "{key7,key8}" }, "_pkey"],
    ["touch", { key: "key7" }, "_pkey"],
    ["destroy", { key: "key7", reason: "destroyed" }, "_pkey"],
    ["versions", { keys: "{key7,key8}" }, "_pkey"],
    ["list", { after: "key7", limit: "200" }, "_pkey"],
    ["listPrincipal", { principal: "user7", after: "", limit: "200" }, "_principal"],
    ["sweep", { retention: "600000", limit: "1000" }, "_due"],
  ] as const)("%s goes by an index, never through all of them", async (name, values, index) => {
    const text = await plan(statements[name], values);
    expect(text).toContain(index);
    expect(text).not.toContain("Seq Scan");
  });

  test("two nodes that sweep at once free each row once", async () => {
    const [one, two] = [pgKind.connect(server), pgKind.connect(server)];
    onTestFinished(async () => void (await Promise.all([one.end(), two.end()])));
    const freed = await Promise.all([one, two].map(({ client }) => postgresStore({ client, table }).sweep(600_000)));
    expect((freed[0] as number) + (freed[1] as number)).toBe(50);
  });

  test("a sweep does not wait for a row that someone holds", async () => {
    const own = pgKind.connect(server, { max: 2 });
    const holder = pgKind.connect(server, { max: 1 });
    onTestFinished(async () => void (await Promise.all([own.end(), holder.end()])));
    await admin.query(`UPDATE ${table} SET active_at = 0 WHERE key IN ('key100', 'key101')`);
    await holder.query("BEGIN");
    await holder.query(`SELECT 1 FROM ${table} WHERE key = 'key100' FOR UPDATE`);
    const store = postgresStore({ client: own.client, table });
    expect(await store.sweep(0)).toBe(1);
    await holder.query("COMMIT");
    expect(await store.sweep(0)).toBe(1);
  });

  test("writes within a minute leave the indexes alone (HOT)", async () => {
    const own = pgKind.connect(server, { max: 1 });
    const store = postgresStore({ client: own.client, table });
    const before = await updates();
    for (let n = 1; n <= 20; n++) {
      const commit = { mode: "update", put: { n }, delete: [], incarnation: "unused" } as const;
      const result = await store.commit(sessionKey("hot"), n === 1 ? { ...creation, put: { n } } : commit);
      expect(result).toMatchObject({ ok: true });
    }
    await own.end(); // a connection tells of its statistics when it ends
    let after = await updates();
    while (after.all < before.all + 19) after = await updates();
    // At most one update in between can be one that moved to the next minute.
    expect(after.hot - before.hot).toBeGreaterThanOrEqual(18);
  });

  async function updates(): Promise<{ all: number; hot: number }> {
    const own = pgKind.connect(server, { max: 1 });
    const [row] = await own.query(`SELECT pg_stat_get_tuples_updated('${table}'::regclass)::int AS all,
      pg_stat_get_tuples_hot_updated('${table}'::regclass)::int AS hot`);
    await own.end();
    return row as { all: number; hot: number };
  }
});
