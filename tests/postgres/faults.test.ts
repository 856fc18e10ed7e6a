// Promises kept while the server crashes, connections are cut, rows are held and clocks differ.

import { createLiveSessions, type LiveSession, sessionKey } from "live-session";
import { postgres, postgresBus, postgresStore } from "live-session/postgres";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { clients, freshTable, pgKind, type TestClient } from "../support/postgres.ts";
import { type PostgresServer, startPostgres } from "../support/servers/postgres.ts";
import { rejection } from "../support/sessions.ts";

type Data = Record<string, unknown>;

let server: PostgresServer;
let admin: TestClient;

beforeAll(async () => {
  server = await startPostgres({ fsync: true });
  admin = pgKind.connect(server);
  // As the docs say: without a listener, a Pool's broken idle connection ends the process.
  (admin.client as { on(event: "error", listener: () => void): void }).on("error", () => {});
});

afterAll(async () => {
  await admin?.end();
  await server?.remove();
});

function cutListeners(): Promise<unknown> {
  return admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen %'");
}

/** Resolves when the handle has this status. */
function status(live: LiveSession<Data>, wanted: "live" | "stale"): Promise<void> {
  return new Promise((resolve) => {
    if (live.status === wanted) return resolve();
    const end = live.subscribe((message) => {
      if (message.type !== "live_session_status" || message.status !== wanted) return;
      end();
      resolve();
    });
  });
}

/** Resolves when the handle's data passes. */
function until(live: LiveSession<Data>, passes: (data: Data) => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (passes(live.data)) return resolve();
    const end = live.subscribe((message) => {
      if (message.type !== "live_session_updated" || !passes(message.session)) return;
      end();
      resolve();
    });
  });
}

describe.each(clients)("with $name", (kind) => {
  const table = freshTable();

  /** A node: hub, store, bus and client of its own. */
  function node(options: { timeout?: number; heartbeat?: number } = {}) {
    const { timeout = 5_000, heartbeat = 200 } = options;
    const own = kind.connect(server);
    const driver = postgres({ client: own.client, table, heartbeat });
    const sessions = createLiveSessions<Data>({ ...driver, timeout, onError: () => {} });
    onTestFinished(async () => {
      await sessions.close();
      await own.end();
    });
    return { sessions, ...driver, query: own.query };
  }

  test("what was acknowledged is there after a crash of the server, and connections catch up by themselves", async () => {
    const [here, there] = [node(), node()];
    const { id } = await here.sessions.create({});
    const watcher = await there.sessions.attach(id);
    const acknowledged = Array<number>(8).fill(0);
    let writing = true;
    const writers = acknowledged.map(async (_, writer) => {
      const live = await here.sessions.attach(id);
      for (let n = 1; writing; n++) {
        // What is not acknowledged may be there or not.
        await live.put(`w${writer}`, n).then(
          () => (acknowledged[writer] = n),
          () => new Promise((resolve) => setImmediate(resolve)),
        );
      }
    });
    await until(watcher, (data) => Object.values(data).filter((n) => (n as number) >= 10).length === 8);
    const stale = status(watcher, "stale");
    await server.stop("SIGKILL");
    await stale;
    await server.start();
    await status(watcher, "live");
    writing = false;
    await Promise.all(writers);
    await watcher.put("last", true);
    const stored = (await here.sessions.read(id)) as Data;
    for (const [writer, n] of acknowledged.entries()) {
      expect(n).toBeGreaterThanOrEqual(10);
      expect(stored[`w${writer}`]).toBeGreaterThanOrEqual(n);
    }
    await until(watcher, (data) => data.last === true);
    expect(watcher.data).toEqual(stored);
  });

  test("while the server is away every call is refused with its reason, and nothing is found missing", async () => {
    const { sessions, bus } = node({ timeout: 2_000 });
    const { id, key } = await sessions.create({ n: 1 });
    const live = await sessions.attach(id);
    const stale = status(live, "stale");
    await server.stop("SIGINT");
    onTestFinished(() => server.start().catch(() => {}));
    for (const call of [
      () => sessions.read(id),
      () => live.put("n", 2),
      () => sessions.end(id),
      () => sessions.create(),
    ]) {
      expect(await rejection(call())).toMatchObject({ code: "store_failed" });
    }
    await expect(async () =>
      bus.publish(key, { type: "ended", incarnation: "x", reason: "revoked" }),
    ).rejects.toThrow();
    await stale;
    await server.start();
    await status(live, "live");
    expect(await sessions.read(id)).toEqual({ n: 1 });
  });

  test("a server that hangs is stale after a heartbeat, an error after the time-out, and caught up with after", async () => {
    const own = kind.connect(server);
    const driver = postgres({ client: own.client, table, heartbeat: 100, timeout: 1_000 });
    const sessions = createLiveSessions<Data>({ ...driver, timeout: 3_000, onError: () => {} });
    onTestFinished(async () => {
      await sessions.close();
      await own.end();
    });
    const { id } = await sessions.create({ n: 1 });
    const live = await sessions.attach(id);
    const stale = status(live, "stale");
    server.signalAll("SIGSTOP");
    try {
      await stale;
      expect(await rejection(sessions.read(id))).toMatchObject({ code: "store_failed" });
    } finally {
      server.signalAll("SIGCONT");
    }
    await status(live, "live");
    await live.put("n", 2);
    expect(await sessions.read(id)).toEqual({ n: 2 });
  });

  test("the connection that listens may be terminated: down, up, and what came in between is made good", async () => {
    const [here, there] = [node(), node()];
    const { id } = await here.sessions.create({});
    const live = await there.sessions.attach(id);
    const heard: string[] = [];
    live.subscribe((message) => message.type === "live_session_status" && heard.push(message.status));
    for (let round = 1; round <= 3; round++) {
      const stale = status(live, "stale");
      await cutListeners();
      await here.store.commit(live.key, { mode: "update", put: { round }, delete: [], incarnation: "unused" });
      await stale;
      await until(live, (data) => data.round === round);
      await status(live, "live");
    }
    expect(heard).toEqual(["stale", "live", "stale", "live", "stale", "live"]);
  });

  test("a row that another transaction holds: a clear error, no connection kept, and the write works afterwards", async () => {
    const own = kind.connect(server, { max: 2 });
    const store = postgresStore({ client: own.client, table, lockTimeout: 200 });
    const sessions = createLiveSessions<Data>({ store, onError: () => {} });
    onTestFinished(async () => {
      await sessions.close();
      await own.end();
    });
    const { id, key } = await sessions.create({ n: 1 });
    const holder = pgKind.connect(server, { max: 1 });
    await holder.query(`BEGIN; SELECT 1 FROM ${table} WHERE key = '${key}' FOR UPDATE`);
    const refused = await Promise.all([1, 2, 3, 4].map((n) => rejection(writeOf(n))));
    for (const error of refused) {
      expect(error).toMatchObject({ code: "store_failed" });
      expect(error.message).toContain("lockTimeout");
    }
    expect(await rejection(sessions.end(id))).toMatchObject({ code: "store_failed" });
    expect(await sessions.read(id)).toEqual({ n: 1 });
    await holder.query("COMMIT");
    await holder.end();
    await writeOf(5);
    expect(await sessions.read(id)).toEqual({ n: 5 });

    async function writeOf(n: number): Promise<void> {
      const result = await sessions.records.commit(key, { mode: "update", put: { n }, delete: [] });
      expect(result.ok).toBe(true);
    }
  });

  test("a write that came in time and commits late is not contradicted: the expiry waits for it", async () => {
    const { store } = node();
    const key = sessionKey(`late ${table}`);
    const lifetime = 300;
    await store.commit(key, { mode: "create", put: {}, delete: [], incarnation: "one", lifetime });
    const holder = pgKind.connect(server, { max: 1 });
    await holder.query("BEGIN");
    const [row] = await holder.query(`UPDATE ${table} SET lifetime = 3600000, version = version + 1
      WHERE key = '${key}' RETURNING pg_backend_pid() AS pid`);
    // Past the expiry, as everyone else sees it.
    await admin.query(`SELECT pg_sleep(${(lifetime + 50) / 1000})`);
    const asked = store.read(key);
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE ${row?.pid} = ANY (pg_blocking_pids(pid))`;
    while ((await admin.query(waiting)).length === 0);
    await holder.query("COMMIT");
    await holder.end();
    expect(await asked).toMatchObject({ state: "live", record: { version: 2 } });
    expect(await store.destroy(key, "destroyed")).not.toBeNull();
  });

  test("a pool whose idle connections broke does not end the process, and works on", async () => {
    const { sessions, query } = node();
    const { id } = await sessions.create({ n: 1 });
    await query("SELECT 1");
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()");
    const read = async (): Promise<unknown> => sessions.read(id).catch(read);
    expect(await read()).toEqual({ n: 1 });
  });

  test("listening somewhere that NOTIFY does not reach is an error, not silence", async () => {
    await admin.query("CREATE DATABASE elsewhere").catch(() => {});
    const [own, other] = [kind.connect(server), kind.connect(server, { database: "elsewhere" })];
    const bus = postgresBus({ client: own.client, listen: other.client, timeout: 300 });
    onTestFinished(async () => {
      await bus.close();
      await Promise.all([own.end(), other.end()]);
    });
    const error = await rejection(Promise.resolve(bus.subscribe(sessionKey("x"), () => {})));
    expect(error.message).toContain("option listen");
  });
});
