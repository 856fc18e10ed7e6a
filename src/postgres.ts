// live-session/postgres: sessions in PostgreSQL, and a bus over its LISTEN and NOTIFY.

import { type PostgresBusOptions, postgresBus } from "./buses/postgres.ts";
import type { SessionBus } from "./core/bus.ts";
import type { SessionStore } from "./core/store.ts";
import { type PostgresStoreOptions, postgresStore } from "./stores/postgres.ts";

export type PostgresOptions = Omit<PostgresStoreOptions, "bus"> & PostgresBusOptions;

/**
 * A store and a bus on one database, to spread into `createLiveSessions`. The store publishes its writes in the same
 * transaction. The channel is named after the table, unless it is given.
 *
 * @throws LiveSessionError `bad_option`
 */
export function postgres(options: PostgresOptions): { store: SessionStore; bus: SessionBus } {
  const bus = postgresBus({ ...options, channel: options.channel ?? options.table });
  return { store: postgresStore({ ...options, bus }), bus };
}

export { type PostgresBusOptions, postgresBus } from "./buses/postgres.ts";
export type { PostgresClientLike } from "./engines/postgres/engine.ts";
export { type PostgresTableOptions, postgresSchema } from "./engines/postgres/schema.ts";
export { type PostgresStoreOptions, postgresStore } from "./stores/postgres.ts";
