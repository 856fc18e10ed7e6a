// Where the nodes of the cluster meet: ENGINE=sqlite (default), redis, postgres or nats.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { SessionBus, SessionStore } from "live-session";

export interface Engine {
  readonly store: SessionStore;
  readonly bus: SessionBus;
  /** Closes what the engine's client holds; after the sessions were closed. */
  close(): unknown;
}

/** Opens the engine and sees whether it is there. Each imports its own package, so that only one has to be installed. */
export async function openEngine(environment: NodeJS.ProcessEnv): Promise<Engine> {
  const { ENGINE: name = "sqlite" } = environment;
  const engine = Object.hasOwn(engines, name) ? engines[name] : undefined;
  if (!engine) throw new Error(`ENGINE=${name}? There are ${Object.keys(engines).join(", ")}.`);
  return engine(environment);
}

const engines: Record<string, (environment: NodeJS.ProcessEnv) => Promise<Engine>> = {
  async sqlite({ SHOP_DATA = ".data" }) {
    const { sqlite } = await import("live-session/sqlite");
    const { default: Database } = await import("libsql");
    mkdirSync(SHOP_DATA, { recursive: true });
    const database = new Database(join(SHOP_DATA, "cluster.sqlite"));
    return { ...sqlite({ database }), close: () => database.close() };
  },

  async redis({ REDIS_URL = "redis://localhost:6379" }) {
    const { redis } = await import("live-session/redis");
    const { Redis } = await import("ioredis");
    const client = new Redis(REDIS_URL, { lazyConnect: true });
    client.on("error", () => {}); // the hub tells of what fails
    await there("Redis", "REDIS_URL", REDIS_URL, async () => {
      await client.connect();
      await client.ping();
    }).catch((error) => {
      client.disconnect();
      throw error;
    });
    return { ...redis({ client }), close: () => client.disconnect() };
  },

  async postgres({ DATABASE_URL = "postgres://localhost:5432/postgres" }) {
    const { postgres } = await import("live-session/postgres");
    const { default: pg } = await import("pg");
    const client = new pg.Pool({ connectionString: DATABASE_URL, connectionTimeoutMillis: 5_000 });
    client.on("error", () => {}); // a broken idle connection: the pool makes another
    await there("PostgreSQL", "DATABASE_URL", DATABASE_URL, () => client.query("SELECT 1"));
    return { ...postgres({ client }), close: () => client.end() };
  },

  async nats({ NATS_URL = "nats://localhost:4222" }) {
    const { nats } = await import("live-session/nats");
    const { connect } = await import("@nats-io/transport-node");
    const { jetstream } = await import("@nats-io/jetstream");
    const connection = await there("NATS with JetStream", "NATS_URL", NATS_URL, async () => {
      const made = await connect({ servers: NATS_URL, maxReconnectAttempts: -1 });
      await (await jetstream(made).jetstreamManager()).getAccountInfo().catch(async (error) => {
        await made.close();
        throw error;
      });
      return made;
    });
    return { ...nats({ connection, jetstream: jetstream(connection) }), close: () => connection.close() };
  },
};

async function there<T>(what: string, variable: string, url: string, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (cause) {
    const words = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
    const { host } = new URL(url); // the rest may hold a password
    throw new Error(`There is no ${what} at ${host} (${words}). Start one, or set ${variable}.`, { cause });
  }
}
