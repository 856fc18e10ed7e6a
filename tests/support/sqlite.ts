// SQLite files for tests, in a folder of their own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { ManualClock, type StoreHarness } from "live-session/conformance";
import { type SqliteDatabaseLike, sqliteStore } from "live-session/sqlite";

export interface TestDatabase extends SqliteDatabaseLike {
  close(): unknown;
}

/** A path for a database file, and the function that removes it with everything beside it. */
export function temporaryFile(): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "live-session-sqlite-"));
  return { path: join(folder, "sessions.db"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function openLibsql(path: string): TestDatabase {
  return new Libsql(path);
}

/** Two stores for the conformance suite: each with a connection of its own to one file, or with one in memory. */
export function sqliteHarness(open: (path: string) => TestDatabase, where: "file" | "memory"): StoreHarness {
  const clock = new ManualClock();
  const { path, remove } = where === "file" ? temporaryFile() : { path: ":memory:", remove() {} };
  const database = open(path);
  const other = where === "file" ? open(path) : database;
  const close = (each: TestDatabase) => {
    if (opened.delete(each)) each.close();
  };
  const opened = new Set([database, other]);
  return {
    store: sqliteStore({ database, clock }),
    peer: sqliteStore({ database: other, clock }),
    advance: (ms) => clock.advance(ms),
    useClient: () => database.prepare("SELECT count(*) FROM live_sessions").all(),
    fail() {
      if (where === "memory") close(database);
      else other.exec("DROP TABLE live_sessions");
    },
    close() {
      close(database);
      close(other);
      remove();
    },
  };
}
