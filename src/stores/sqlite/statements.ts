// The statements of a store, by what they are for. SQLite's own words, prepared once.

import type { SqliteDatabaseLike } from "../../engines/sqlite/engine.ts";

export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(database: SqliteDatabaseLike, table: string) {
  const data = `(SELECT group_concat(name || ':' || value) FROM ${table}_values AS v WHERE v.id = s.id) AS data`;
  const live = "ended IS NULL AND expires_at > ?";
  const due = `SELECT id FROM ${table} WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?`;
  return {
    full: database.prepare(`SELECT s.*, ${data} FROM ${table} AS s WHERE key = ?`),
    head: database.prepare(`SELECT * FROM ${table} WHERE key = ?`),

    insert: database.prepare(
      `INSERT INTO ${table}
        (key, incarnation, version, created_at, expires_at, lifetime, deadline, entries, entry_bytes, principal, meta)
        VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    ),
    update: database.prepare(
      `UPDATE ${table} SET version = version + 1, expires_at = ?, lifetime = ?, deadline = ?, entries = ?, entry_bytes = ?,
        principal = ?, meta = ? WHERE id = ?`,
    ),
    valueBytes: database.prepare(`SELECT bytes FROM ${table}_values WHERE id = ? AND name = ?`),
    putValue: database.prepare(
      `INSERT INTO ${table}_values (id, name, bytes, value) VALUES (?, ?, ?, ?)
        ON CONFLICT (id, name) DO UPDATE SET bytes = excluded.bytes, value = excluded.value`,
    ),
    deleteValue: database.prepare(`DELETE FROM ${table}_values WHERE id = ? AND name = ?`),

    touch: database.prepare(`UPDATE ${table} SET expires_at = ?, lifetime = ?, meta = ? WHERE id = ?`),
    end: database.prepare(
      `UPDATE ${table} SET ended = ?, expires_at = ?, entries = 0, entry_bytes = 0, principal = NULL, meta = NULL
        WHERE id = ?`,
    ),
    deleteValues: database.prepare(`DELETE FROM ${table}_values WHERE id = ?`),

    // The keys come as one JSON array: a list of parameters has a limit.
    versions: database.prepare(
      `SELECT s.key, version, incarnation, expires_at FROM json_each(?) AS wanted JOIN ${table} AS s
        ON s.key = wanted.value WHERE ${live}`,
    ),
    page: database.prepare(`SELECT s.*, ${data} FROM ${table} AS s WHERE s.id > ? AND ${live} ORDER BY s.id LIMIT ?`),
    pageOfPrincipal: database.prepare(
      `SELECT s.*, ${data} FROM ${table} AS s WHERE principal = ? AND s.id > ? AND ${live} ORDER BY s.id LIMIT ?`,
    ),
    count: database.prepare(`SELECT count(*) AS count FROM ${table} WHERE ${live}`),

    sweepValues: database.prepare(`DELETE FROM ${table}_values WHERE id IN (${due})`),
    sweep: database.prepare(`DELETE FROM ${table} WHERE id IN (${due}) RETURNING id`),
  };
}
