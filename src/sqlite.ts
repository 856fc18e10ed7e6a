// live-session/sqlite: sessions in a SQLite file.

export {
  type SqliteDatabaseLike,
  type SqliteStatementLike,
  type SqliteStoreOptions,
  sqliteStore,
} from "./stores/sqlite.ts";
