// The tables, made and brought up to date by the store itself.

import { LiveSessionError } from "../../core/errors.ts";
import { checkTable, type SqliteEngine } from "../../engines/sqlite/engine.ts";

/** What leads from one version of the schema to the next. Append only: files out there are at any of them. */
const migrations: readonly ((table: string) => string)[] = [
  // A session is a small row, so that pushing its expiry is cheap whatever it holds; each of its keys is a row of its
  // own, so that writing one costs nothing for the others. `name`, `value`, `meta` and `principal` are JSON texts, which
  // hold any character. `expires_at` is the time of the end once there is one. The values are no WITHOUT ROWID table: in
  // one of those a row over a quarter of a page spills, and reading 50 kB took three times as long.
  (table) => `
    CREATE TABLE ${table} (
      id INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,
      incarnation TEXT NOT NULL,
      version INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      lifetime INTEGER NOT NULL,
      deadline INTEGER,
      ended TEXT,
      entries INTEGER NOT NULL,
      entry_bytes INTEGER NOT NULL,
      principal TEXT,
      meta TEXT
    );
    CREATE INDEX ${table}_expiry ON ${table} (expires_at);
    CREATE INDEX ${table}_principal ON ${table} (principal) WHERE principal IS NOT NULL;
    CREATE TABLE ${table}_values (
      id INTEGER NOT NULL,
      name TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (id, name)
    );
  `,
];

/**
 * Makes the tables, or brings them up to date. Processes that start at once wait for each other.
 *
 * @throws LiveSessionError `store_failed` if the tables are of a later version of live-session
 */
export function prepareSchema(engine: SqliteEngine, table: string): void {
  if (versionOf(engine, table) === migrations.length) return;
  engine.runBlocking(() =>
    engine.transaction(() => {
      // Looked at again, under the lock: another process may have been here.
      const version = versionOf(engine, table);
      if (version === 0) engine.database.exec(`CREATE TABLE ${table}_schema (version INTEGER NOT NULL)`);
      for (const migration of migrations.slice(version)) engine.database.exec(migration(table));
      engine.database.exec(`DELETE FROM ${table}_schema`);
      engine.database.exec(`INSERT INTO ${table}_schema VALUES (${migrations.length})`);
    }),
  );
}

/** The version of the newest tables. */
export function newestSchema(): number {
  return migrations.length;
}

/**
 * The SQL that makes the newest tables in a file that has none.
 *
 * @throws LiveSessionError `bad_option`
 */
export function sqliteSchema(table = "live_sessions"): string {
  checkTable(table);
  const steps = migrations.map((migration) => migration(table).replace(/^ {4}/gm, "").trim());
  return [
    "BEGIN IMMEDIATE;",
    `CREATE TABLE ${table}_schema (version INTEGER NOT NULL);`,
    ...steps,
    `INSERT INTO ${table}_schema VALUES (${migrations.length});`,
    "COMMIT;\n",
  ].join("\n");
}

/** 0: there are no tables yet. */
function versionOf({ database }: SqliteEngine, table: string): number {
  const name = `${table}_schema`;
  if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").all(name).length === 0) return 0;
  const [row] = database.prepare(`SELECT version FROM ${name}`).all() as { version: number }[];
  const version = Number(row?.version ?? 0);
  if (version > migrations.length) {
    const known = `This version of live-session knows schemas up to ${migrations.length}`;
    const message = `The SQLite table ${name} says version ${version}. ${known}: it needs an update.`;
    throw new LiveSessionError("store_failed", message);
  }
  return version;
}
