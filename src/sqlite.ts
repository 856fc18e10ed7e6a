// live-session/sqlite: sessions in a SQLite file, and the bus between the processes that share it.

import { type SqliteBus, sqliteBus } from "./buses/sqlite.ts";
import type { SessionStore } from "./core/store.ts";
import { type SqliteStoreOptions, sqliteStore } from "./stores/sqlite.ts";

export { type SqliteBus, type SqliteBusOptions, sqliteBus } from "./buses/sqlite.ts";
export type { SqliteDatabaseLike, SqliteStatementLike } from "./engines/sqlite/engine.ts";
export { type SqliteStoreOptions, sqliteStore } from "./stores/sqlite.ts";

/**
 * Store and bus on one database, for several processes of one machine:
 * `createLiveSessions({ ...sqlite({ database }) })`.
 *
 * @throws as `sqliteStore` and `sqliteBus`
 */
export function sqlite(options: Omit<SqliteStoreOptions, "bus">): { store: SessionStore; bus: SqliteBus } {
  const { database, table, clock } = options;
  const bus = sqliteBus({ database, table, clock });
  return { store: sqliteStore({ ...options, bus }), bus };
}
