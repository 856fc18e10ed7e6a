// How a process opens each engine: by the client libraries that users have, with time-outs that suit a run of seconds.
// Each loads its own packages, so that a node's process starts with no more than it needs.

import type { SessionBus, SessionStore } from "live-session";
import type { PostgresClientLike } from "live-session/postgres";
import type { RedisClientLike } from "live-session/redis";
import type { TestDatabase } from "../sqlite.ts";

export const engineNames = ["sqlite", "redis", "postgres", "nats"] as const;
export type EngineName = (typeof engineNames)[number];

/** Where a process finds the sessions of a run. */
export interface Place {
  readonly engine: EngineName;
  /** Picks one of the engine's client libraries: the next one for the next number. */
  readonly client: number;
  /** The engine's port, or that of the link which leads to it. */
  readonly port: number;
  /** A prefix, table, bucket or file of the run's own. */
  readonly name: string;
  readonly password: string;
}

export interface Driver {
  readonly store: SessionStore;
  readonly bus: SessionBus;
  /** Closes what the engine's client holds; after store and bus. */
  close(): unknown;
}

type Open = (place: Place) => Promise<Driver>;

const ignore = () => {};

const drivers: Record<EngineName, Record<string, Open>> = {
  redis: {
    async "node-redis"({ port, name, password }) {
      const { createClient } = await import("redis");
      const socket = { host: "127.0.0.1", port, reconnectStrategy: () => 50, connectTimeout: 1_000 };
      const client = createClient({ password, socket });
      client.on("error", ignore);
      await client.connect();
      return redisDriver(client, name, () => client.isOpen && client.destroy());
    },
    async ioredis({ port, name, password }) {
      const { Redis } = await import("ioredis");
      const client = new Redis({ host: "127.0.0.1", port, password, retryStrategy: () => 50, connectTimeout: 1_000 });
      client.on("error", ignore);
      return redisDriver(client, name, () => client.disconnect());
    },
  },

  postgres: {
    async pg({ port, name }) {
      const { default: pg } = await import("pg");
      const pool = new pg.Pool({ connectionString: url(port), max: 8, connectionTimeoutMillis: 2_500 });
      pool.on("error", ignore);
      return postgresDriver(pool, name, () => pool.end());
    },
    async "postgres.js"({ port, name }) {
      const { default: postgresJs } = await import("postgres");
      const sql = postgresJs(url(port), {
        max: 8,
        connect_timeout: 3,
        backoff: () => 0.05,
        onnotice: ignore,
        fetch_types: false, // as the docs say: asking for them, a connection that breaks ends the process
      });
      return postgresDriver(sql, name, () => sql.end({ timeout: 0 }));
    },
  },

  nats: {
    async nats({ port, name }) {
      const { connect } = await import("@nats-io/transport-node");
      const { jetstream } = await import("@nats-io/jetstream");
      const { nats } = await import("live-session/nats");
      const connection = await connect({
        servers: `127.0.0.1:${port}`,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
        waitOnFirstConnect: true,
        timeout: 1_500,
      });
      const driver = nats({ connection, jetstream: jetstream(connection), bucket: name });
      return { ...driver, close: () => connection.close() };
    },
  },

  sqlite: {
    async libsql({ name }) {
      const { default: Libsql } = await import("libsql");
      return sqliteDriver(new Libsql(name));
    },
    ...(await nodeSqlite()),
  },
};

async function redisDriver(client: RedisClientLike, name: string, close: () => unknown): Promise<Driver> {
  const { redis } = await import("live-session/redis");
  return { ...redis({ client, prefix: `${name}:` }), close };
}

/** A heartbeat finds a connection that fell silent. */
async function postgresDriver(client: PostgresClientLike, name: string, close: () => unknown): Promise<Driver> {
  const { postgres } = await import("live-session/postgres");
  return { ...postgres({ client, table: name, heartbeat: 500, timeout: 2_500 }), close };
}

async function sqliteDriver(database: TestDatabase): Promise<Driver> {
  const { sqlite } = await import("live-session/sqlite");
  return { ...sqlite({ database }), close: () => database.close() };
}

function url(port: number): string {
  return `postgres://test@127.0.0.1:${port}/postgres`;
}

/** Where this Node has it. */
async function nodeSqlite(): Promise<Record<string, Open>> {
  const module: string = "node:sqlite";
  const found = await import(module).catch(() => null);
  if (!found) return {};
  const { DatabaseSync }: { DatabaseSync: new (path: string) => TestDatabase } = found;
  return {
    async "node:sqlite"({ name }) {
      return sqliteDriver(new DatabaseSync(name));
    },
  };
}

/** The name of the client library that this number picks. */
export function clientOf(engine: EngineName, client: number): string {
  const names = Object.keys(drivers[engine]);
  return names[client % names.length] as string;
}

export function openDriver(place: Place): Promise<Driver> {
  return (drivers[place.engine][clientOf(place.engine, place.client)] as Open)(place);
}
