// The SQLite store: sessions in a file, shared by the processes of one machine.

import { setImmediate } from "node:timers/promises";
import type { SessionBus, SessionEvent } from "../core/bus.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { SessionKey } from "../core/ids.ts";
import { jsonBytes } from "../core/json.ts";
import type { Commit, CommitResult, LiveVersion, SessionStore } from "../core/store.ts";
import { badOption, checkDatabase, type SqliteDatabaseLike, SqliteEngine } from "../engines/sqlite/engine.ts";
import { applyCommit, TooLarge } from "./sqlite/commit.ts";
import { encode, expiry, type FullRow, type HeadRow, isLive, reasonOf, recordOf, text } from "./sqlite/rows.ts";
import { prepareSchema } from "./sqlite/schema.ts";
import { prepareStatements } from "./sqlite/statements.ts";

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
  /**
   * Carries changes to the other processes on the file: `sqliteBus` on the same database object. Each change is then
   * written together with its event. Give it to `createLiveSessions`, too, or use `sqlite()`, which does both.
   */
  readonly bus?: SqliteEvents | undefined;
  /** Default: the machine's clock, which all processes on the file share. */
  readonly clock?: Clock | undefined;
}

/** A bus whose events can be written in the store's own transactions. */
export interface SqliteEvents extends SessionBus {
  readonly database: SqliteDatabaseLike;
  append(key: SessionKey, event: SessionEvent): void;
}

/** Rows that a transaction of a sweep frees, and that a page of a list holds: a few ms, then others get their turn. */
const BATCH = 100;

/**
 * A store in a SQLite file. Makes its tables by itself. Answers at once, unless another process holds the lock.
 *
 * @throws LiveSessionError `bad_option`; `store_failed` if the tables are of a later version; what SQLite throws
 */
export function sqliteStore(options: SqliteStoreOptions): SessionStore {
  checkOptions(options);
  const { database, table = "live_sessions", synchronous = "normal", bus, clock = systemClock } = options;
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
        if (!isLive(row, now)) return { state: "ended", reason: reasonOf(row), ago: now - row.expires_at };
        return { state: "live", record: recordOf(row), now };
      }),

    commit(key, commit) {
      const encoded = encode(commit);
      return engine.run(() => {
        try {
          return engine.transaction(() => {
            const result = applyCommit(statements, key, commit, encoded, clock.now());
            if (result.ok) bus?.append(key, changedEvent(commit, result));
            return result;
          });
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
          if (touch.lifetime !== undefined)
            bus?.append(key, { type: "touched", incarnation: head.incarnation, expiresAt, now });
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
          bus?.append(key, { type: "ended", incarnation: row.incarnation, reason });
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
    publishesTo: bus,
  };
}

/** Longer changes are left out of an event: receivers read them from the same file. */
const EVENT_LIMIT = 16_000;

function changedEvent(
  commit: Commit,
  { version, incarnation, expiresAt, now }: CommitResult & { ok: true },
): SessionEvent {
  const changes = { put: commit.put, delete: commit.delete };
  const event = { type: "changed", version, incarnation, expiresAt, now } as const;
  return jsonBytes(changes) > EVENT_LIMIT ? event : { ...event, changes };
}

function checkOptions({ database, table = "live_sessions", synchronous = "normal", bus }: SqliteStoreOptions): void {
  checkDatabase(database, table);
  if (synchronous !== "normal" && synchronous !== "full") {
    throw badOption(`synchronous: ${JSON.stringify(synchronous)} is neither "normal" nor "full".`);
  }
  if (bus && bus.database !== database) throw badOption("bus: made on another database object than the store's.");
}
