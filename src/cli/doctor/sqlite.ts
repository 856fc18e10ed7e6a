// A SQLite file: who may read and write it, its journal, its tables. See docs/drivers/sqlite.md.

import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { SqliteDatabaseLike } from "../../engines/sqlite/engine.ts";
import { newestSchema } from "../../stores/sqlite/schema.ts";
import { atLeast, expect, type Finding, note, problem } from "./findings.ts";

/** RETURNING is newer than all else that the store uses. */
const OLDEST = "3.35";

export function examineSqlite(database: SqliteDatabaseLike, path: string, table: string): Finding[] {
  const first = (sql: string) => Object.values((database.prepare(sql).all()[0] ?? {}) as object)[0] as unknown;
  const version = String(first("SELECT sqlite_version()"));
  const journal = String(first("PRAGMA journal_mode"));
  const intact = String(first("PRAGMA quick_check(1)"));
  return [
    expect(
      atLeast(version, OLDEST),
      "version",
      `SQLite ${version}`,
      `SQLite ${OLDEST} or newer is needed: update the package.`,
    ),
    writable(path),
    secret(path),
    expect(
      intact === "ok",
      "intact",
      intact === "ok" ? "the file is intact" : `the file is damaged: ${intact}`,
      "Stop the app, and take the last backup, or the sqlite3 program's .recover.",
    ),
    expect(
      journal === "wal",
      "journal",
      `journal_mode is ${journal}`,
      "PRAGMA journal_mode = WAL. The store sets it at its start, where the file lies on a local disk.",
    ),
    tables(database, table),
  ];
}

function writable(path: string): Finding {
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(resolve(path)), constants.W_OK); // the journal lies beside it
    if ((statSync(path).mode & 0o222) !== 0)
      return expect(true, "writable", "the file and its folder can be written to", "");
  } catch {
    // Said below.
  }
  return problem(
    "writable",
    "the file or its folder cannot be written to",
    "Give the app's user the file and its folder: chown, chmod u+w.",
  );
}

function secret(path: string): Finding {
  const mode = statSync(path).mode & 0o777;
  const open = process.platform !== "win32" && (mode & 0o007) !== 0;
  const found = open
    ? `every user of this machine may open the file (mode ${mode.toString(8)})`
    : "only its owner and group may open the file";
  return open
    ? note("permissions", found, "chmod 600: it holds the sessions' data as it is.")
    : expect(true, "permissions", found, "");
}

function tables(database: SqliteDatabaseLike, table: string): Finding {
  const mend = "live-session migrate, or start the app: the store makes and updates its tables by itself.";
  const found = database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").all(`${table}_schema`);
  if (found.length === 0) return problem("table", `there is no table "${table}"`, mend);
  const [row] = database.prepare(`SELECT version FROM ${table}_schema`).all() as { version: number }[];
  const has = Number(row?.version ?? 0);
  const newest = newestSchema();
  if (has > newest)
    return problem(
      "table",
      `the tables are of version ${has}; this live-session knows ${newest}`,
      "Update live-session.",
    );
  return expect(
    has === newest,
    "table",
    `the tables are of version ${has}${has === newest ? ", the newest" : `; ${newest} is the newest`}`,
    mend,
  );
}
