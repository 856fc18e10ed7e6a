// What encryption at rest costs: a put of one key and a read of the whole session, about 350 bytes in five keys, with and
// without, in memory (where nothing else costs anything) and in a SQLite file.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { createLiveSessions, type LiveSessionsOptions, memoryStore } from "live-session";
import { encrypted } from "live-session/encrypted";
import { sqliteStore } from "live-session/sqlite";
import type { Case } from "../report/results.ts";
import { compare, type Row, rateOf } from "../support/measure.ts";

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

async function side(name: string, drivers: Drivers) {
  const sessions = createLiveSessions<Data>({ ...drivers });
  const created = await Promise.all(Array.from({ length: SESSIONS }, (_, index) => sessions.create(data(index))));
  return { name, sessions, created };
}

type Side = Awaited<ReturnType<typeof side>>;
type Operation = (side: Side, index: number) => unknown;

const operations: Record<string, Operation> = {
  read: ({ sessions, created }, index) => sessions.read(created[index % SESSIONS]!.id),
  "put of one key": ({ sessions, created }, index) => {
    const cart = Object.freeze([Object.freeze({ id: "bow", amount: index, price: 100 })]);
    return sessions.records.commit(created[index % SESSIONS]!.key, { mode: "update", put: { cart }, delete: [] });
  },
};

async function sideBySide(engine: string, sides: readonly Side[], operation: string): Promise<Case> {
  const once = operations[operation] as Operation;
  let turn = 0;
  return compare({
    name: `${operation}, ${engine}`,
    unit: "operations/s",
    better: "more",
    beside: { plain: { kind: "limit" } },
    sides: sides.map((each) => ({
      name: each.name,
      measure: () =>
        rateOf(OPERATIONS, async () => {
          const start = turn++ * OPERATIONS;
          for (let index = 0; index < OPERATIONS; index++) await once(each, start + index);
        }),
    })),
  });
}

async function* measure(folder: string): AsyncGenerator<Case> {
  const keys = [randomBytes(32)];
  const databases = ["sealed.db", "plain.db"].map((name) => new Libsql(join(folder, name)));
  const [sealed, plain] = databases.map((database) => sqliteStore({ database }));
  const engines: Record<string, readonly Side[]> = {
    memory: [
      await side("encrypted", encrypted({ store: memoryStore() }, { keys })),
      await side("plain", { store: memoryStore() }),
    ],
    SQLite: [await side("encrypted", encrypted({ store: sealed! }, { keys })), await side("plain", { store: plain! })],
  };
  for (const [engine, sides] of Object.entries(engines)) {
    for (const operation of Object.keys(operations)) yield await sideBySide(engine, sides, operation);
  }
  for (const { sessions } of Object.values(engines).flat()) await sessions.close();
  for (const database of databases) database.close();
}

export const row: Row = {
  group: "Beyond the goals",
  title: "encryption at rest",
  about:
    "A put of one key and a read of a whole session of about 350 bytes in five keys, with and without encryption, in memory " +
    "(where nothing else costs anything) and in a SQLite file.",
  async *run() {
    const folder = mkdtempSync(join(tmpdir(), "live-session-bench-"));
    try {
      yield* measure(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
