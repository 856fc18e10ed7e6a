// The table of events: written in the same transaction as the change, read by every process that listens.

import type { SessionEvent } from "../../core/bus.ts";
import type { Clock } from "../../core/clock.ts";
import type { SessionKey } from "../../core/ids.ts";
import type { SqliteEngine, SqliteStatementLike } from "./engine.ts";

export interface EventRow {
  /** Grows by 1 with each event, in the order of the commits: SQLite has one writer at a time. */
  readonly seq: number;
  readonly key: SessionKey;
  readonly event: string;
}

/** Events that a read takes at a time. */
const BATCH = 500;
/** How many appends go by between two prunings. */
const PRUNE_EVERY = 1_000;
/** A process that was away for longer than this finds a gap, and reads its sessions anew. */
const KEPT_MS = 60_000;

export class EventLog {
  readonly #append: SqliteStatementLike;
  readonly #after: SqliteStatementLike;
  readonly #last: SqliteStatementLike;
  readonly #prune: SqliteStatementLike;
  readonly #clock: Clock;
  #appended = 0;

  constructor({ database }: SqliteEngine, table: string, clock: Clock) {
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${table}_events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, key TEXT NOT NULL, event TEXT NOT NULL)`,
    );
    this.#append = database.prepare(`INSERT INTO ${table}_events (at, key, event) VALUES (?, ?, ?)`);
    this.#after = database.prepare(
      `SELECT seq, key, event FROM ${table}_events WHERE seq > ? ORDER BY seq LIMIT ${BATCH}`,
    );
    const counted = `SELECT seq FROM sqlite_sequence WHERE name = '${table}_events'`;
    this.#last = database.prepare(`SELECT coalesce(max(seq), (${counted}), 0) AS seq FROM ${table}_events`);
    // The first of a table whose rows stand in the order of their times: nothing else is looked at.
    this.#prune = database.prepare(
      `DELETE FROM ${table}_events WHERE seq <= (SELECT max(seq) FROM (
        SELECT seq, at FROM ${table}_events ORDER BY seq LIMIT ${4 * PRUNE_EVERY}) WHERE at < ?)`,
    );
    this.#clock = clock;
  }

  /** Within a transaction, or as one of its own. */
  append(key: SessionKey, event: SessionEvent): void {
    const now = this.#clock.now();
    this.#append.run(now, key, JSON.stringify(event));
    if (++this.#appended % PRUNE_EVERY === 0) this.#prune.run(now - KEPT_MS);
  }

  /** The number of the newest event. */
  last(): number {
    const [row] = this.#last.all() as [{ seq: number }];
    return row.seq;
  }

  /** The events after that number, the oldest first; as many as a batch holds. */
  after(seq: number): EventRow[] {
    return this.#after.all(seq) as EventRow[];
  }
}
