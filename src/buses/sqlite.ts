// The SQLite bus: events between the processes that share a file, without any server.

import { type FSWatcher, watch } from "node:fs";
import type { SessionBus, SessionEvent } from "../core/bus.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { SessionKey } from "../core/ids.ts";
import { type ListenerEntry, tellListeners } from "../core/listeners.ts";
import { badOption, checkDatabase, type SqliteDatabaseLike, SqliteEngine } from "../engines/sqlite/engine.ts";
import { EventLog } from "../engines/sqlite/event-log.ts";

export interface SqliteBusOptions {
  /** The database of the store: the same file, and best the same object. It stays yours to close. */
  readonly database: SqliteDatabaseLike;
  /** What the names of the tables begin with. Default `"live_sessions"`. */
  readonly table?: string | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

/** A bus that a store on the same database can write to within its own transactions. */
export interface SqliteBus extends SessionBus {
  /** For `sqliteStore`: writes an event in the transaction that is under way on `database`. */
  append(key: SessionKey, event: SessionEvent): void;
  readonly database: SqliteDatabaseLike;
}

/** The file is looked at this often even if nobody says that it changed, for file systems that do not tell. */
const LOOK_EVERY_MS = 1_000;

/**
 * A bus through a table of the database. Whoever listens is told by the operating system when the file's write-ahead log
 * changes, so that listening costs nothing while nothing happens.
 *
 * @throws LiveSessionError `bad_option` for a database that is not in a file; what SQLite throws
 */
export function sqliteBus(options: SqliteBusOptions): SqliteBus {
  const { database, table = "live_sessions", clock = systemClock } = options;
  checkDatabase(database, table);
  const engine = new SqliteEngine(database);
  engine.runBlocking(() => database.exec("PRAGMA journal_mode = WAL"));
  const log = engine.runBlocking(() => new EventLog(engine, table, clock));
  const file = fileOf(database);
  const listeners = new Map<SessionKey, Set<ListenerEntry>>();
  const statusListeners = new Set<(status: "up" | "down") => void>();
  let seen = 0;
  let watcher: FSWatcher | null = null;
  let looking = false;
  let away = false;
  let cancelLook = () => {};

  const setAway = (is: boolean) => {
    if (away === is) return;
    away = is;
    for (const listener of [...statusListeners]) listener(is ? "down" : "up");
  };

  /** Hands out what is new. A gap: more events passed than are kept, so that everything may have been missed. */
  function look(): void {
    looking = false;
    if (!watcher) return;
    try {
      for (let rows = log.after(seen); rows.length > 0; rows = log.after(seen)) {
        if (rows[0]?.seq !== seen + 1) setAway(true);
        for (const row of rows) {
          seen = row.seq;
          const set = listeners.get(row.key);
          if (set) tellListeners(set, row.key, JSON.parse(row.event));
        }
      }
      setAway(false);
    } catch {
      setAway(true); // each look tries again
    }
  }

  /** Once for all writes of a moment. */
  function lookSoon(): void {
    if (looking) return;
    looking = true;
    setImmediate(look);
  }

  function lookEvery(): void {
    cancelLook = systemClock.after(LOOK_EVERY_MS, () => {
      lookSoon();
      lookEvery();
    });
  }

  /** Before the newest event is asked for, so that none comes in between unnoticed. */
  function start(): void {
    watcher = watch(`${file}-wal`, { persistent: false }, lookSoon);
    watcher.on("error", () => setAway(true)); // the next look tells whether it matters
    lookEvery();
  }

  function stop(): void {
    cancelLook();
    watcher?.close();
    watcher = null;
  }

  return {
    database,
    append: (key, event) => log.append(key, event),

    publish: (key, event) => engine.run(() => engine.transaction(() => log.append(key, event))),

    subscribe: (key, listener) =>
      engine.run(() => {
        if (!watcher) start();
        const last = log.last(); // also tells whether the table can be read at all
        if (listeners.size === 0) seen = last;
        const entry = { call: listener };
        const set = listeners.get(key);
        if (set) set.add(entry);
        else listeners.set(key, new Set([entry]));
        return () => {
          const current = listeners.get(key);
          if (!current?.delete(entry) || current.size > 0) return;
          listeners.delete(key);
          if (listeners.size === 0) stop();
        };
      }),

    onStatus(listener) {
      statusListeners.add(listener);
      return () => void statusListeners.delete(listener);
    },

    close() {
      listeners.clear();
      stop();
    },
  };
}

function fileOf(database: SqliteDatabaseLike): string {
  const [main] = database.prepare("PRAGMA database_list").all() as { file?: string | null }[];
  if (main?.file) return main.file;
  throw badOption("database: only one in a file can be shared by processes.");
}
