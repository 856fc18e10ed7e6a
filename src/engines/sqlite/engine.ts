// The user's database object: what the three packages have in common, and how locks of other processes are waited for.

import { setTimeout } from "node:timers/promises";
import { LiveSessionError } from "../../core/errors.ts";
import type { MaybePromise } from "../../core/store.ts";

export type SqliteValue = string | number | null;

/** A prepared statement of libsql, better-sqlite3 or node:sqlite. */
export interface SqliteStatementLike {
  run(...parameters: SqliteValue[]): unknown;
  all(...parameters: SqliteValue[]): unknown[];
}

/** A database of libsql, better-sqlite3 or node:sqlite. */
export interface SqliteDatabaseLike {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatementLike;
  /** libsql, better-sqlite3. */
  readonly open?: unknown;
  /** node:sqlite. */
  readonly isOpen?: unknown;
}

/** How long SQLite itself may wait for a lock, which blocks the whole process: a few writes of another one. */
const BLOCKING_WAIT_MS = 20;

/** How long a call waits for a lock altogether before it fails. */
const LONGEST_WAIT_MS = 5_000;

/** Runs statements, one transaction at a time, and waits for other processes without stopping this one. */
export class SqliteEngine {
  readonly database: SqliteDatabaseLike;
  readonly #begin: SqliteStatementLike;
  readonly #commit: SqliteStatementLike;
  readonly #rollback: SqliteStatementLike;

  constructor(database: SqliteDatabaseLike) {
    this.database = database;
    database.exec(`PRAGMA busy_timeout = ${BLOCKING_WAIT_MS}`);
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
  }

  /**
   * Does the work at once. Only if another process holds the lock for longer than SQLite waits, the work is tried again,
   * as a whole, until its time is up; then SQLite's own error is thrown.
   */
  run<T>(work: () => T): MaybePromise<T> {
    try {
      return this.#now(work);
    } catch (error) {
      if (!isBusy(error)) throw error;
      return this.#again(work);
    }
  }

  /** libsql's statements go on writing after their database was closed. */
  #now<T>(work: () => T): T {
    if (this.database.open === false || this.database.isOpen === false)
      throw new Error("The SQLite database is closed.");
    return work();
  }

  async #again<T>(work: () => T): Promise<T> {
    const end = performance.now() + LONGEST_WAIT_MS;
    for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
      await setTimeout(wait * (0.5 + Math.random()));
      try {
        return this.#now(work);
      } catch (error) {
        if (!isBusy(error) || performance.now() > end) throw error;
      }
    }
  }

  /** The work in one transaction that takes the write lock first: what it reads is what it changes. */
  transaction<T>(work: () => T): T {
    this.#begin.run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      try {
        this.#rollback.run();
      } catch {
        // SQLite has rolled back by itself; the first error tells more.
      }
      throw error;
    }
  }

  /** As run, with the process blocked meanwhile: for the start, before anything is served. */
  runBlocking<T>(work: () => T): T {
    const end = performance.now() + LONGEST_WAIT_MS;
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || performance.now() > end) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + Math.random() * 10);
      }
    }
  }
}

/** SQLITE_BUSY and its kin: as a name (libsql, better-sqlite3) or as a number (node:sqlite). */
function isBusy(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  if (typeof errcode === "number") return (errcode & 0xff) === 5;
  return typeof code === "string" && code.startsWith("SQLITE_BUSY");
}

/** @throws LiveSessionError `bad_option` */
export function checkDatabase(database: SqliteDatabaseLike, table: string): void {
  if (typeof database?.prepare !== "function" || typeof database.exec !== "function") {
    throw badOption("database: not a database of libsql, better-sqlite3 or node:sqlite.");
  }
  checkTable(table);
}

/** @throws LiveSessionError `bad_option` */
export function checkTable(table: string): void {
  if (typeof table !== "string" || !/^(?!sqlite_)[a-z_][a-z0-9_]{0,47}$/i.test(table)) {
    throw badOption(`table: ${JSON.stringify(table)} is no name of up to 48 letters, digits and "_".`);
  }
}

export function badOption(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}
