// What the store and the bus need of a PostgreSQL client, whichever client it is.

import { LiveSessionError } from "../../core/errors.ts";
import { type PgPoolLike, pgEngine } from "./pg.ts";
import { type PostgresJsLike, postgresJsEngine } from "./postgres-js.ts";

/** The user's own client: a `Pool` of `pg` 8, or the `sql` function of `postgres` (postgres.js) 3. */
export type PostgresClientLike = PgPoolLike | PostgresJsLike;

export interface ListenHandlers {
  notify(channel: string, payload: string): void;
  /** The connection is lost, and what was notified meanwhile with it. At most once. */
  lost(): void;
}

export interface Engine {
  /** Takes text and gives the first column of each row, as text: no type parser or column transform can bend it. */
  query(query: { readonly name: string; readonly text: string }, values: readonly (string | null)[]): Promise<string[]>;
  /** Runs several statements in one transaction. */
  script(sql: string): Promise<void>;
  /** Resolves when every channel is listened to, to the function that ends it. */
  listen(channels: readonly string[], handlers: ListenHandlers): Promise<() => void>;
  /** Gives back what the engine took from the client, which stays open. Idempotent. */
  close(): Promise<void>;
}

export interface EngineOptions {
  /** Whether statements are prepared on the server. */
  readonly prepare: boolean;
}

/** @throws LiveSessionError `bad_option` if it is no client that this driver knows */
export function engineOf(client: PostgresClientLike, option: string, options: EngineOptions): Engine {
  if (typeof client === "function" && typeof client.unsafe === "function" && typeof client.listen === "function") {
    return postgresJsEngine(client, options);
  }
  if (typeof client === "object" && client !== null && typeof client.query === "function" && "totalCount" in client) {
    return pgEngine(client, options);
  }
  throw new LiveSessionError("bad_option", `${option}: must be a Pool of pg, or the sql function of postgres.js.`);
}
