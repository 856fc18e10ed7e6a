// Redis, through node-redis or ioredis, whichever the project has.

import { knownClient, type RedisClientLike, send } from "../../engines/redis/clients.ts";
import { redis } from "../../redis.ts";
import { examineRedis } from "../doctor/redis.ts";
import { CliError, exitCodes, reasonOf } from "../failures.ts";
import { needed } from "../packages.ts";
import type { Engine } from "./open.ts";

/** What is used of `redis`. */
interface NodeRedisPackage {
  createClient(options: object): RedisClientLike & NodeRedisConnection;
}
interface NodeRedisConnection {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
}

/** What is used of `ioredis`. */
interface IoRedisPackage {
  readonly Redis: new (url: string, options: object) => RedisClientLike & IoRedisConnection;
}
interface IoRedisConnection {
  on(event: "error", listener: (error: Error) => void): unknown;
  connect(): Promise<unknown>;
  disconnect(): void;
}

const CONNECT_MS = 5_000;

/** @throws CliError `missing_package`, `unreachable` */
export async function openRedis(url: string, prefix?: string): Promise<Engine> {
  const { name, module } = await needed("Redis", ["redis", "ioredis"]);
  const opened = name === "redis" ? await nodeRedis(module, url) : await ioRedis(module, url);
  const { client, close } = opened;
  const known = knownClient(client);
  const ask = (...args: string[]) => send(known, undefined, args);
  return {
    kind: "redis",
    async sessions({ retention }) {
      return redis({ client, prefix, endedRetention: retention });
    },
    examine: () => examineRedis(ask, url),
    async close() {
      close();
    },
  };
}

async function nodeRedis(module: unknown, url: string) {
  const { createClient } = module as NodeRedisPackage;
  let connected = false;
  const reconnectStrategy = (tries: number, cause: Error) => (connected ? Math.min(tries * 50, 2_000) : cause);
  const client = createClient({ url, socket: { connectTimeout: CONNECT_MS, reconnectStrategy } });
  client.on("error", () => {}); // it comes with the call that fails, too
  try {
    await client.connect();
  } catch (error) {
    throw unreachable("Redis", error);
  }
  connected = true;
  return { client, close: () => client.destroy() };
}

async function ioRedis(module: unknown, url: string) {
  const { Redis } = module as IoRedisPackage;
  let connected = false;
  let last: Error | undefined;
  const retryStrategy = (tries: number) => (connected ? Math.min(tries * 50, 2_000) : null);
  const client = new Redis(url, { lazyConnect: true, connectTimeout: CONNECT_MS, retryStrategy });
  client.on("error", (error) => {
    last = error;
  });
  try {
    await client.connect();
  } catch (error) {
    throw unreachable("Redis", last ?? error); // the first one says why, its own only that it is closed
  }
  connected = true;
  return { client, close: () => client.disconnect() };
}

export function unreachable(engine: string, error: unknown): CliError {
  return new CliError("unreachable", exitCodes.failed, `${engine} could not be reached: ${reasonOf(error)}`);
}
