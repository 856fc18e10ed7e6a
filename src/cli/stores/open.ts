// From `--store` to a store and a bus.

import type { SessionBus } from "../../core/bus.ts";
import type { SessionStore } from "../../core/store.ts";
import type { Finding } from "../doctor/findings.ts";
import { usage } from "../failures.ts";
import { openNats } from "./nats.ts";
import { openPostgres } from "./postgres.ts";
import { openRedis } from "./redis.ts";
import { openSqlite } from "./sqlite.ts";

/** Options of every command that opens a store. Those of another engine are refused. */
export interface StoreOptions {
  readonly store?: string | undefined;
  readonly prefix?: string | undefined;
  readonly table?: string | undefined;
  readonly schema?: string | undefined;
  readonly bucket?: string | undefined;
}

/** An engine that was reached. */
export interface Engine {
  readonly kind: "redis" | "postgres" | "nats" | "sqlite";
  /**
   * The sessions in it. Makes nothing: where there are no tables they are not found.
   *
   * @param create makes what is missing, as an app would at its start
   */
  sessions(options: SessionsOptions): Promise<Sessions>;
  /** What is wrong with how it is set up. Changes nothing. */
  examine(): Promise<readonly Finding[]>;
  close(): Promise<void>;
}

export interface SessionsOptions {
  /** How long ends are remembered, in ms: the app's `endedRetention`. */
  readonly retention: number;
  readonly create?: boolean | undefined;
  /** PostgreSQL: how the table is made. */
  readonly unlogged?: boolean | undefined;
}

export interface Sessions {
  readonly store: SessionStore;
  readonly bus: SessionBus;
  /** How many sessions a sweep would free; missing where the engine cannot tell. */
  readonly due?: ((retention: number) => Promise<number>) | undefined;
}

/** Which option names the place within each engine. */
const places: Record<Engine["kind"], readonly (keyof StoreOptions)[]> = {
  redis: ["prefix"],
  postgres: ["table", "schema"],
  nats: ["bucket"],
  sqlite: ["table"],
};

/** @throws CliError `bad_usage` */
export function storeAddress({ store = process.env.LIVE_SESSION_STORE }: StoreOptions): string {
  if (store) return store;
  throw usage(
    "Which store? Say it with --store or in LIVE_SESSION_STORE: redis://, rediss://, postgres://, nats:// or sqlite:path.",
  );
}

/** @throws CliError `bad_usage` */
export function kindOf(address: string): Engine["kind"] {
  const scheme = /^([a-z]+):/.exec(address)?.[1];
  if (scheme === "redis" || scheme === "rediss") return "redis";
  if (scheme === "postgres" || scheme === "postgresql") return "postgres";
  if (scheme === "nats" || scheme === "tls") return "nats";
  if (scheme === "sqlite") return "sqlite";
  throw usage("--store: a URL that begins with redis://, rediss://, postgres://, nats:// or sqlite:");
}

/**
 * Reaches the engine that the options name.
 *
 * @param create whether a SQLite file may be made
 * @throws CliError `bad_usage`, `missing_package`, `unreachable`, `no_store`
 */
export async function openEngine(options: StoreOptions, { create = false } = {}): Promise<Engine> {
  const address = storeAddress(options);
  const kind = kindOf(address);
  for (const name of ["prefix", "table", "schema", "bucket"] as const) {
    if (options[name] !== undefined && !places[kind].includes(name)) throw usage(`--${name} means nothing to ${kind}.`);
  }
  if ((kind === "redis" || kind === "nats") && !URL.canParse(address)) throw usage("--store: this is not a URL.");
  return closingAll(await reach(kind, address, options, create));
}

function reach(kind: Engine["kind"], address: string, options: StoreOptions, create: boolean): Promise<Engine> {
  switch (kind) {
    case "redis":
      return openRedis(address, options.prefix);
    case "postgres":
      return openPostgres(address, options);
    case "nats":
      return openNats(address, options.bucket);
    case "sqlite":
      return openSqlite(address.slice("sqlite:".length).replace(/^\/\/(?=\/)/, ""), options.table, create);
  }
}

/** Stores and buses may hold connections of their own, which would keep the process from ending. */
function closingAll(engine: Engine): Engine {
  const opened: Sessions[] = [];
  return {
    ...engine,
    async sessions(options) {
      const sessions = await engine.sessions(options);
      opened.push(sessions);
      return sessions;
    },
    async close() {
      for (const { store, bus } of opened) {
        await bus.close();
        await store.close();
      }
      await engine.close();
    },
  };
}

/** Opens, works, and closes whatever happens. */
export async function withEngine<T>(
  options: StoreOptions,
  work: (engine: Engine) => Promise<T>,
  how: { readonly create?: boolean } = {},
): Promise<T> {
  const engine = await openEngine(options, how);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}
