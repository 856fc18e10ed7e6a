// The SQLite store: sessions in a file, shared by the processes of one machine.

import { setImmediate } from "node:timers/promises";
import { type Clock, systemClock } from "../core/clock.ts";
import { LiveSessionError } from "../core/errors.ts";
import type { LiveVersion, SessionStore } from "../core/store.ts";
import { applyCommit, TooLarge } from "./sqlite/commit.ts";
import { type SqliteDatabaseLike, SqliteEngine } from "./sqlite/engine.ts";
import { encode, expiry, type FullRow, type HeadRow, isLive, reasonOf, recordOf, text } from "./sqlite/rows.ts";
import { prepareSchema } from "./sqlite/schema.ts";
import { prepareStatements } from "./sqlite/statements.ts";

export type { SqliteDatabaseLike, SqliteStatementLike } from "./sqlite/engine.ts";

export interface SqliteStoreOptions {
  /**
   * An open database of libsql, better-sqlite3 or node:sqlite. It stays yours to close. Give the store one of its own:
   * statements within a transaction that you hold open would be part of it.
   */
  readonly database: SqliteDatabaseLike;
  /** What the names of the tables begin with: letters, digits and `_`. Default `"live_sessions"`. */
  readonly table?: string | undefined;
  /**
   * `"normal"`: a commit outlives the process, but a power failure or a crash of the operating system may undo the last
   * ones. `"full"`: it outlives those, too, and every write waits for the disk. Default `"normal"`.
   */
  readonly synchronous?: "normal" | "full" | undefined;
  /** Default: the machine's clock, which all processes on the file share. */
  readonly clock?: Clock | undefined;
}

/** Rows that a transaction of a sweep frees, and that a page of a list holds: a few ms, then others get their turn. */
const BATCH = 100;

/**
 * A store in a SQLite file. Makes its tables by itself. Answers at once, unless another process holds the lock.
 *
 * @throws LiveSessionError `bad_option`; `store_failed` if the tables are of a later version; what SQLite throws
 */
export function sqliteStore(options: SqliteStoreOptions): SessionStore {
  const { database, table = "live_sessions", synchronous = "normal", clock = systemClock } = options;
  checkOptions(database, table, synchronous);
  const engine = new SqliteEngine(database);
  engine.runBlocking(() => database.exec("PRAGMA journal_mode = WAL"));
  database.exec(`PRAGMA synchronous = ${synchronous}`);
  prepareSchema(engine, table);
  const statements = prepareStatements(database, table);

  const rowsOf = (principal: string | undefined, after: number) => {
    const now = clock.now();
    if (principal === undefined) return statements.page.all(after, now, BATCH) as FullRow[];
    return statements.pageOfPrincipal.all(text(principal), after, now, BATCH) as FullRow[];
  };

  return {
    read: (key) =>
      engine.run(() => {
        const now = clock.now();
        const [row] = statements.full.all(key) as FullRow[];
        if (!row) return { state: "missing" };
        if (!isLive(row, now)) return { state: "ended", reason: reasonOf(row) };
        return { state: "live", record: recordOf(row), now };
      }),

    commit(key, commit) {
      const encoded = encode(commit);
      return engine.run(() => {
        try {
          return engine.transaction(() => applyCommit(statements, key, commit, encoded, clock.now()));
        } catch (error) {
          if (error instanceof TooLarge) return { ok: false, why: "too_large", bytes: error.bytes };
          throw error;
        }
      });
    },

    touch: (key, touch) =>
      engine.run(() =>
        engine.transaction(() => {
          const now = clock.now();
          const [head] = statements.head.all(key) as HeadRow[];
          if (!head || !isLive(head, now)) return null;
          if (touch.ifIncarnation !== undefined && touch.ifIncarnation !== head.incarnation) return null;
          const lifetime = touch.lifetime ?? head.lifetime;
          const expiresAt = expiry(now, lifetime, head.deadline);
          const meta = touch.meta === undefined ? head.meta : text(touch.meta);
          statements.touch.run(expiresAt, lifetime, meta, head.id);
          return { expiresAt, now };
        }),
      ),

    destroy: (key, reason) =>
      engine.run(() =>
        engine.transaction(() => {
          const now = clock.now();
          const [row] = statements.full.all(key) as FullRow[];
          if (!row || !isLive(row, now)) return null;
          statements.deleteValues.run(row.id);
          statements.end.run(reason, now, row.id);
          return recordOf(row);
        }),
      ),

    versions: (keys) =>
      engine.run(() => {
        const now = clock.now();
        const rows = statements.versions.all(JSON.stringify(keys), now) as HeadRow[];
        const entries = rows.map(({ key, version, incarnation, expires_at: expiresAt }) => {
          return [key, { version, incarnation, expiresAt } satisfies LiveVersion] as const;
        });
        return { now, live: new Map(entries) };
      }),

    async sweep(retention) {
      const until = clock.now() - retention;
      const batch = () =>
        engine.transaction(() => {
          statements.sweepValues.run(until, BATCH);
          return statements.sweep.all(until, BATCH).length;
        });
      for (let total = 0; ; await setImmediate()) {
        const freed = await engine.run(batch);
        total += freed;
        if (freed < BATCH) return total;
      }
    },

    async *list({ principal } = {}) {
      for (let after = 0; ; await setImmediate()) {
        const rows = await engine.run(() => rowsOf(principal, after));
        for (const row of rows) yield { key: row.key, record: recordOf(row) };
        const last = rows.at(-1);
        if (!last || rows.length < BATCH) return;
        after = last.id;
      }
    },

    count: () => engine.run(() => (statements.count.all(clock.now()) as [{ count: number }])[0].count),

    close() {},
  };
}

function checkOptions(database: SqliteDatabaseLike, table: string, synchronous: string): void {
  if (typeof database?.prepare !== "function" || typeof database.exec !== "function") {
    throw bad("database: not a database of libsql, better-sqlite3 or node:sqlite.");
  }
  if (typeof table !== "string" || !/^(?!sqlite_)[a-z_][a-z0-9_]{0,47}$/i.test(table)) {
    throw bad(`table: ${JSON.stringify(table)} is no name of up to 48 letters, digits and "_".`);
  }
  if (synchronous !== "normal" && synchronous !== "full") {
    throw bad(`synchronous: ${JSON.stringify(synchronous)} is neither "normal" nor "full".`);
  }
}

function bad(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}
