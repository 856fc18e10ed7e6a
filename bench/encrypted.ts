// What encryption at rest costs: a put of one key and a read of the whole session, about 350 bytes in five keys, with and
// without, in memory (where nothing else costs anything) and in a SQLite file.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { createLiveSessions, type LiveSessions, type LiveSessionsOptions, memoryStore } from "live-session";
import { encrypted } from "live-session/encrypted";
import { sqliteStore } from "live-session/sqlite";
import { compare } from "./support/compare.ts";

const SESSIONS = 1_000;
const OPERATIONS = 2_000;

type Data = Record<string, unknown>;
type Drivers = Pick<LiveSessionsOptions<Data>, "store" | "bus">;

const data = (index: number): Data => ({
  user: { id: index, name: "Ada Lovelace", roles: ["customer"] },
  cart: [{ id: "kite", amount: 1, price: 2_000, note: "x".repeat(80) }],
  theme: "dark",
  locale: "en",
  seen: Array.from({ length: 20 }, (_, at) => index + at),
});

async function contender(name: string, drivers: Drivers) {
  const sessions = createLiveSessions<Data>({ ...drivers });
  const created = await Promise.all(Array.from({ length: SESSIONS }, (_, index) => sessions.create(data(index))));
  return { name, sessions, created };
}

type Side = Awaited<ReturnType<typeof contender>>;

async function sideBySide(engine: string, sides: readonly Side[]): Promise<void> {
  const batches: Record<string, (side: Side, index: number) => unknown> = {
    read: ({ sessions, created }, index) => sessions.read(created[index % SESSIONS]!.id),
    "put of one key": ({ sessions, created }, index) => put(sessions, created[index % SESSIONS]!.key, index),
  };
  for (const [operation, once] of Object.entries(batches)) {
    let turn = 0;
    const contenders = sides.map((side) => ({
      name: side.name,
      batch: async () => {
        const start = turn++ * OPERATIONS;
        for (let index = 0; index < OPERATIONS; index++) await once(side, start + index);
      },
    }));
    await compare({ operation: `${engine}: ${operation}`, contenders, operations: OPERATIONS });
  }
}

function put(sessions: LiveSessions<Data>, key: Side["created"][0]["key"], index: number): unknown {
  const cart = Object.freeze([Object.freeze({ id: "bow", amount: index, price: 100 })]);
  return sessions.records.commit(key, { mode: "update", put: { cart }, delete: [] });
}

export async function run(): Promise<void> {
  const keys = [randomBytes(32)];
  const folder = mkdtempSync(join(tmpdir(), "live-session-bench-"));
  const databases = ["sealed.db", "plain.db"].map((name) => new Libsql(join(folder, name)));
  const [sealed, plain] = databases.map((database) => sqliteStore({ database }));
  const engines: Record<string, readonly Side[]> = {
    memory: [
      await contender("encrypted", encrypted({ store: memoryStore() }, { keys })),
      await contender("plain", { store: memoryStore() }),
    ],
    SQLite: [
      await contender("encrypted", encrypted({ store: sealed! }, { keys })),
      await contender("plain", { store: plain! }),
    ],
  };
  for (const [engine, sides] of Object.entries(engines)) await sideBySide(engine, sides);
  for (const { sessions } of Object.values(engines).flat()) await sessions.close();
  for (const database of databases) database.close();
  rmSync(folder, { recursive: true, force: true });
}
