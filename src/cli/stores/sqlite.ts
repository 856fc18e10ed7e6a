// A SQLite file, through libsql, better-sqlite3 or node:sqlite, whichever there is.

import { existsSync } from "node:fs";
import { checkDatabase, type SqliteDatabaseLike } from "../../engines/sqlite/engine.ts";
import { sqlite } from "../../sqlite.ts";
import { examineSqlite } from "../doctor/sqlite.ts";
import { CliError, exitCodes, notFound, reasonOf, usage } from "../failures.ts";
import { firstOf, missing } from "../packages.ts";
import type { Engine } from "./open.ts";

interface ClosableDatabase extends SqliteDatabaseLike {
  close(): unknown;
}
type DatabaseClass = new (path: string) => ClosableDatabase;

/**
 * @param create makes the file if there is none
 * @throws CliError `missing_package`, `no_store`, `unreachable`
 */
export async function openSqlite(path: string, table = "live_sessions", create = false): Promise<Engine> {
  if (path === "" || path === ":memory:") throw usage("--store: sqlite: and the path of a file.");
  if (!create && !existsSync(path)) throw notFound(`There is no SQLite file at this path: ${path}`, "no_store");
  const database = await openDatabase(path);
  const tables = () => database.prepare("SELECT name FROM sqlite_master WHERE name = ?").all(`${table}_schema`).length;
  return {
    kind: "sqlite",
    async sessions({ create: make = false }) {
      checkDatabase(database, table);
      if (!make && tables() === 0) {
        throw notFound(`There is no table "${table}" in this file: make it with "live-session migrate".`, "no_store");
      }
      const made = sqlite({ database, table });
      const count = database.prepare(`SELECT count(*) AS count FROM ${table} WHERE expires_at <= ?`);
      const due = async (retention: number) => (count.all(Date.now() - retention) as [{ count: number }])[0].count;
      return { ...made, due };
    },
    examine: async () => examineSqlite(database, path, table),
    async close() {
      database.close();
    },
  };
}

async function openDatabase(path: string): Promise<ClosableDatabase> {
  const Database = await databaseClass();
  try {
    const database = new Database(path);
    database.prepare("SELECT count(*) FROM sqlite_master").all(); // some open only at the first statement
    return database;
  } catch (error) {
    throw new CliError("unreachable", exitCodes.failed, `The SQLite file could not be opened: ${reasonOf(error)}`);
  }
}

async function databaseClass(): Promise<DatabaseClass> {
  const found = await firstOf(["libsql", "better-sqlite3", "node:sqlite"]);
  if (!found)
    throw missing(
      "SQLite needs a client library, and there is none here: npm install libsql (or better-sqlite3), or run Node 22.13 or newer.",
    );
  if (found.name === "node:sqlite") return (found.module as { DatabaseSync: DatabaseClass }).DatabaseSync;
  return (found.module as { default: DatabaseClass }).default;
}
