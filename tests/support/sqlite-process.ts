// A process of its own on a SQLite file: `node --import tsx sqlite-process.ts <task> <path> <key> <count>`. Says what it
// did on stdout, a line each, written at once: what stands there was acknowledged.

import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { createLiveSessions, type SessionKey } from "live-session";
import { sqliteStore } from "live-session/sqlite";
import { openLibsql } from "./sqlite.ts";

const [task = "", path = "", key = "", count = "0"] = process.argv.slice(2);
const sessionKey = key as SessionKey;
const say = (line: string) => void writeSync(1, `${line}\n`);
const go = new Promise<void>((resolve) => createInterface({ input: process.stdin }).once("line", () => resolve()));

/** Adds 1 to `n`, so many times, by compare-and-set. */
async function increment(): Promise<void> {
  const store = sqliteStore({ database: openLibsql(path) });
  say("ready");
  await go;
  for (let done = 0; done < Number(count); ) {
    const found = await store.read(sessionKey);
    if (found.state !== "live") throw new Error(`The session is ${found.state}.`);
    const put = { n: (found.record.data.n as number) + 1 };
    const commit = { mode: "update", put, delete: [], incarnation: "", ifVersion: found.record.version } as const;
    if ((await store.commit(sessionKey, commit)).ok) done++;
  }
  say("done");
}

/** Writes until it is killed: key after key, to several sessions, with sweeps in between. */
async function storm(): Promise<void> {
  const store = sqliteStore({ database: openLibsql(path) });
  for (let index = 0; ; index++) {
    const put = { [`k${index}`]: { index, text: "é".repeat(index % 500) } };
    const at = `${key}${index % 5}` as SessionKey;
    const commit = { mode: "upsert", put, delete: [], incarnation: `i${index}`, lifetime: 3_600_000 } as const;
    const result = await store.commit(at, commit);
    if (!result.ok) throw new Error(result.why);
    say(`${at} k${index} ${result.version}`);
    if (index % 50 === 49) await store.sweep(0);
  }
}

/** Opens the store, which makes the tables, at the same moment as others do, and writes a session of its own. */
async function start(): Promise<void> {
  const database = openLibsql(path);
  say("ready");
  await go;
  const store = sqliteStore({ database });
  const commit = { mode: "create", put: { n: 1 }, delete: [], incarnation: key, lifetime: 3_600_000 } as const;
  say((await store.commit(sessionKey, commit)).ok ? "done" : "refused");
}

/** Binds, moves and ends sessions of three principals until it is killed. */
async function owners(): Promise<void> {
  const sessions = createLiveSessions({ store: sqliteStore({ database: openLibsql(path) }), onError() {} });
  const worker = async () => {
    for (let index = 0; ; index++) {
      const { id } = await sessions.create({ text: "é".repeat(index % 500) });
      await sessions.bind(id, `p${index % 3}`, { about: { index } });
      const moved = await sessions.regenerate(id, { principal: `p${(index + 1) % 3}` });
      if (index % 2 === 0) await sessions.bind(moved, null);
      if (index % 4 === 1) await sessions.end(moved);
      if (index % 25 === 24) await sessions.of(`p${index % 3}`).endAll();
      await new Promise(setImmediate);
      say(`${index}`);
    }
  };
  await Promise.all([1, 2, 3, 4].map(worker));
}

const tasks: Record<string, () => Promise<void>> = { increment, storm, start, owners };
await tasks[task]?.();
process.exit(0);
