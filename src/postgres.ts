// live-session/postgres: sessions in PostgreSQL, and a bus over its LISTEN and NOTIFY.

import { type PostgresBusOptions, postgresBus } from "./buses/postgres.ts";
import type { SessionBus } from "./core/bus.ts";
import type { SessionStore } from "./core/store.ts";
import { type PostgresStoreOptions, postgresStore } from "./stores/postgres.ts";

export interface PostgresOptions extends Omit<PostgresStoreOptions, "bus">, PostgresBusOptions {
  /**
   * `"with-write"`: in the same transaction, so that an event goes out if and only if its write is kept. `"after-write"`:
   * by the hub, in a statement of its own; then writes of many nodes share a flush to disk, which NOTIFY keeps them from.
   * Default `"with-write"`; see "Costs" in docs/drivers/postgres.md.
   */
  readonly events?: "with-write" | "after-write" | undefined;
}

/**
 * A store and a bus on one database, to spread into `createLiveSessions`. The channel is named after the table, unless it
 * is given.
 *
 * @throws LiveSessionError `bad_option`
 */
export function postgres(options: PostgresOptions): { store: SessionStore; bus: SessionBus } {
  const bus = postgresBus({ ...options, channel: options.channel ?? options.table });
  const apart = options.events === "after-write";
  return { store: postgresStore({ ...options, bus: apart ? undefined : bus }), bus };
}

export { type PostgresBusOptions, postgresBus } from "./buses/postgres.ts";
export type { PostgresClientLike } from "./engines/postgres/engine.ts";
export { type PostgresTableOptions, postgresSchema } from "./engines/postgres/schema.ts";
export { type PostgresStoreOptions, postgresStore } from "./stores/postgres.ts";
