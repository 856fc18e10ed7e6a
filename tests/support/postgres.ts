// What the PostgreSQL suites share: both clients, a table for each case, a server clock that stands still.

import type { PostgresClientLike } from "live-session/postgres";
import pg from "pg";
import postgresJs from "postgres";
import type { PostgresServer } from "./servers/postgres.ts";

/** A client of a test, whichever it is. */
export interface TestClient {
  readonly client: PostgresClientLike;
  query(sql: string): Promise<Record<string, unknown>[]>;
  end(): Promise<void>;
}

export interface ClientOptions {
  readonly max?: number;
  readonly database?: string;
  readonly searchPath?: string;
}

export interface ClientKind {
  readonly name: string;
  connect(server: PostgresServer, options?: ClientOptions): TestClient;
}

export const pgKind: ClientKind = {
  name: "pg",
  connect(server, { max = 8, database, searchPath } = {}) {
    const options = searchPath ? `-c search_path=${searchPath}` : undefined;
    const pool = new pg.Pool({ connectionString: server.url(database), max, options });
    return { client: pool, query: async (sql) => (await pool.query(sql)).rows, end: () => pool.end() };
  },
};

export const postgresJsKind: ClientKind = {
  name: "postgres.js",
  connect(server, { max = 8, database, searchPath } = {}) {
    const connection = searchPath ? { search_path: searchPath } : {};
    const sql = postgresJs(server.url(database), { max, connection, onnotice: () => {}, backoff: () => 0.05 });
    return {
      client: sql,
      query: async (text) => [...(await sql.unsafe(text))] as Record<string, unknown>[],
      end: () => sql.end({ timeout: 1 }),
    };
  },
};

export const clients: readonly ClientKind[] = [pgKind, postgresJsKind];

let tables = 0;

/** A name that no table and no channel had before. */
export function freshTable(): string {
  return `t${process.pid}_${++tables}`;
}

/**
 * The search path under which `clock_timestamp` is one that stands still: a function of the same name, in a schema that
 * comes first. The driver knows nothing of it.
 */
export const STILL = "still,pg_catalog,public";

export async function makeStillClock(client: TestClient): Promise<void> {
  await client.query(`CREATE SCHEMA still;
CREATE TABLE public.still_clock (ms bigint NOT NULL);
INSERT INTO public.still_clock VALUES (1700000000000);
CREATE FUNCTION still.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
  'SELECT to_timestamp(ms / 1000.0) FROM public.still_clock'`);
}

export async function advanceStillClock(client: TestClient, ms: number): Promise<void> {
  await client.query(`UPDATE public.still_clock SET ms = ms + ${Math.floor(ms)}`);
}
