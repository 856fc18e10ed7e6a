// Several processes on one SQLite file: no lost update, no torn start, and a killed process loses nothing it was told of.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type SessionKey, type SessionStore, sessionKey } from "live-session";
import { sqliteStore } from "live-session/sqlite";
import { expect, onTestFinished, test } from "vitest";
import { openLibsql, temporaryFile } from "../support/sqlite.ts";

const script = fileURLToPath(new URL("../support/sqlite-process.ts", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

interface Worker {
  readonly child: ChildProcess;
  readonly lines: Interface;
  readonly exited: Promise<unknown[]>;
  /** The next line that it says. */
  next(): Promise<string>;
}

function startWorker(...parameters: string[]): Worker {
  const child = spawn(process.execPath, ["--import", "tsx", script, ...parameters], {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout });
  const iterator = lines[Symbol.asyncIterator]();
  const next = async () => (await iterator.next()).value ?? "(it ended)";
  return { child, lines, exited: once(child, "exit"), next };
}

function file(): string {
  const { path, remove } = temporaryFile();
  onTestFinished(remove);
  return path;
}

function openStore(path: string): { store: SessionStore; database: ReturnType<typeof openLibsql> } {
  const database = openLibsql(path);
  onTestFinished(() => void database.close());
  return { store: sqliteStore({ database }), database };
}

async function create(store: SessionStore, key: SessionKey): Promise<void> {
  const commit = { mode: "create", put: { n: 0 }, delete: [], incarnation: "one", lifetime: 3_600_000 } as const;
  expect(await store.commit(key, commit)).toMatchObject({ ok: true });
}

test("three processes that add 1 to one value 150 times each make it 450", async () => {
  const path = file();
  const { store } = openStore(path);
  const key = sessionKey("shared");
  await create(store, key);
  const workers = [1, 2, 3].map(() => startWorker("increment", path, key, "150"));
  expect(await Promise.all(workers.map(({ next }) => next()))).toEqual(["ready", "ready", "ready"]);
  for (const { child } of workers) child.stdin?.write("go\n");
  expect(await Promise.all(workers.map(({ next }) => next()))).toEqual(["done", "done", "done"]);
  await Promise.all(workers.map(({ exited }) => exited));
  expect(await store.read(key)).toMatchObject({ state: "live", record: { data: { n: 450 }, version: 451 } });
});

test("four processes that start at once on a new file all work, on one schema", async () => {
  const path = file();
  const keys = [1, 2, 3, 4].map((index) => sessionKey(`start ${index}`));
  const workers = keys.map((key) => startWorker("start", path, key));
  await Promise.all(workers.map(({ next }) => next()));
  for (const { child } of workers) child.stdin?.write("go\n");
  expect(await Promise.all(workers.map(({ next }) => next()))).toEqual(["done", "done", "done", "done"]);
  await Promise.all(workers.map(({ exited }) => exited));
  const { store, database } = openStore(path);
  expect(await store.count()).toBe(4);
  expect(database.prepare("SELECT version FROM live_sessions_schema").all()).toEqual([{ version: 1 }]);
});

test.each([40, 90, 200])("killed after %i writes, a process has lost none that it was told of", async (after) => {
  const path = file();
  const prefix = sessionKey("storm");
  const { child, lines, exited } = startWorker("storm", path, prefix);
  const acknowledged: string[] = [];
  lines.on("line", (line) => {
    acknowledged.push(line);
    if (acknowledged.length === after) child.kill("SIGKILL");
  });
  expect(await exited).toEqual([null, "SIGKILL"]);
  await new Promise<void>((resolve) =>
    child.stdout?.readableEnded ? resolve() : child.stdout?.once("close", resolve),
  );

  const { store, database } = openStore(path);
  expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  expect(acknowledged.length).toBeGreaterThanOrEqual(after);
  for (const line of acknowledged) {
    const [key = "", name = "", version = "0"] = line.split(" ");
    const found = await store.read(key as SessionKey);
    if (found.state !== "live") throw new Error(`${key} is ${found.state}.`);
    const index = Number(name.slice(1));
    expect(found.record.data[name]).toEqual({ index, text: "é".repeat(index % 500) });
    expect(found.record.version).toBeGreaterThanOrEqual(Number(version));
  }
});

test.each([20, 60, 150])(
  "killed after %i rounds of binding and moving, what is listed is what the records say",
  async (after) => {
    const path = file();
    const { child, lines, exited } = startWorker("owners", path);
    let rounds = 0;
    lines.on("line", () => ++rounds === after && child.kill("SIGKILL"));
    expect(await exited).toEqual([null, "SIGKILL"]);

    const { store, database } = openStore(path);
    expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    const keys = database.prepare("SELECT key FROM live_sessions").all() as { key: SessionKey }[];
    expect(keys.length).toBeGreaterThan(0);
    const byRecord: Record<string, SessionKey[]> = { p0: [], p1: [], p2: [] };
    for (const { key } of keys) {
      const found = await store.read(key);
      if (found.state === "live" && found.record.principal) byRecord[found.record.principal]?.push(key);
    }
    for (const [principal, records] of Object.entries(byRecord)) {
      const listed: SessionKey[] = [];
      for await (const { key } of store.list({ principal })) listed.push(key);
      expect(listed.sort()).toEqual(records.sort());
    }
    expect(Object.values(byRecord).flat().length).toBeGreaterThan(0);
  },
);

test("a write waits for another connection's lock without stopping the process, and goes through", async () => {
  const path = file();
  const { store } = openStore(path);
  const { database: other } = openStore(path);
  const key = sessionKey("waits");
  await create(store, key);
  other.exec("BEGIN IMMEDIATE");
  const put = { n: 1 };
  const pending = store.commit(key, { mode: "update", put, delete: [], incarnation: "" });
  expect(pending).toBeInstanceOf(Promise);
  // The event loop turns while the lock is held; nothing is written, and reads go on.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(await store.read(key)).toMatchObject({ record: { data: { n: 0 } } });
  other.exec("COMMIT");
  expect(await pending).toMatchObject({ ok: true, version: 2 });
});

test("a lock that is never given back is an error, and changes nothing", async () => {
  const path = file();
  const { store } = openStore(path);
  const { database: other } = openStore(path);
  const key = sessionKey("waits in vain");
  await create(store, key);
  other.exec("BEGIN IMMEDIATE");
  const pending = store.commit(key, { mode: "update", put: { n: 1 }, delete: [], incarnation: "" });
  await expect(pending).rejects.toMatchObject({ code: expect.stringMatching(/^SQLITE_BUSY/) });
  other.exec("ROLLBACK");
  expect(await store.read(key)).toMatchObject({ record: { data: { n: 0 }, version: 1 } });
});
