// The clients of the Redis suites, users of their own for each test, and harnesses for the conformance suites.

import { randomBytes } from "node:crypto";
import { Cluster as Cluster6, Redis as Redis6 } from "ioredis";
import { Cluster as Cluster5, Redis as Redis5 } from "ioredis5";
import type { BusHarness, StoreHarness } from "live-session/conformance";
import { type RedisClientLike, redis, redisBus, redisStore } from "live-session/redis";
import { createClient as createClient6, createCluster as createCluster6 } from "redis";
import { createClient as createClient5, createCluster as createCluster5 } from "redis5";
import type { RedisServer } from "./servers/redis.ts";

export interface TestClient {
  readonly client: RedisClientLike;
  /** Something that only works while the client is open. */
  use(): Promise<unknown>;
  close(): void;
}

interface Login {
  readonly username?: string;
  readonly password?: string;
}

export interface ClientKind {
  readonly name: string;
  connect(servers: readonly RedisServer[], login?: Login): Promise<TestClient>;
}

const quiet = () => {};
const reconnectStrategy = () => 50;

const nodeRedis = (name: string, create: typeof createClient6): ClientKind => ({
  name,
  async connect([server], login = {}) {
    const client = create({ ...login, socket: { host: "127.0.0.1", port: server!.port, reconnectStrategy } });
    client.on("error", quiet);
    await client.connect();
    return { client, use: () => client.sendCommand(["PING"]), close: () => client.isOpen && client.destroy() };
  },
});

const nodeRedisCluster = (name: string, create: typeof createCluster6): ClientKind => ({
  name,
  async connect(servers, login = {}) {
    const rootNodes = servers.map(({ port }) => ({ socket: { host: "127.0.0.1", port } }));
    const cluster = create({ rootNodes, defaults: { ...login, socket: { reconnectStrategy } } });
    cluster.on("error", quiet);
    await cluster.connect();
    const use = () => cluster.exists(`${login.username}:a`);
    return { client: cluster, use, close: () => cluster.isOpen && cluster.destroy() };
  },
});

const ioRedis = (name: string, Redis: typeof Redis6): ClientKind => ({
  name,
  async connect([server], login = {}) {
    const client = new Redis({
      ...login,
      host: "127.0.0.1",
      port: server!.port,
      retryStrategy: () => 50,
      lazyConnect: true,
    });
    client.on("error", quiet);
    await client.connect();
    return { client, use: () => client.ping(), close: () => client.disconnect() };
  },
});

const ioRedisCluster = (name: string, Cluster: typeof Cluster6): ClientKind => ({
  name,
  async connect(servers, login = {}) {
    const nodes = servers.map(({ port }) => ({ host: "127.0.0.1", port }));
    const client = new Cluster(nodes, { redisOptions: login, lazyConnect: true });
    client.on("error", quiet);
    await client.connect();
    return { client, use: () => client.exists(`${login.username}:a`), close: () => client.disconnect() };
  },
});

/** For one server. */
export const singleClients: readonly ClientKind[] = [
  nodeRedis("node-redis 6", createClient6),
  nodeRedis("node-redis 5", createClient5 as unknown as typeof createClient6),
  ioRedis("ioredis 6", Redis6),
  ioRedis("ioredis 5", Redis5 as unknown as typeof Redis6),
];

export const clusterClients: readonly ClientKind[] = [
  nodeRedisCluster("node-redis 6", createCluster6),
  nodeRedisCluster("node-redis 5", createCluster5 as unknown as typeof createCluster6),
  ioRedisCluster("ioredis 6", Cluster6),
  ioRedisCluster("ioredis 5", Cluster5 as unknown as typeof Cluster6),
];

/** What docs/drivers/redis.md says that a user must be allowed. */
export const permissions = (prefix: string) => [
  `~${prefix}*`,
  `&${prefix}*`,
  ..."+@connection +info +cluster +eval +evalsha +time +scan +exists".split(" "),
  ..."+get +getrange +mget +set +setrange +append +pexpireat".split(" "),
  ..."+zadd +zrem +zscore +zscan +zrangebyscore".split(" "),
  ..."+publish +spublish +subscribe +unsubscribe +ssubscribe +sunsubscribe".split(" "),
];

/** A user with keys and channels of its own, whose connections can be cut, and who can be locked out. */
export async function testUser(servers: readonly RedisServer[]) {
  const username = `u${randomBytes(6).toString("hex")}`;
  const prefix = `${username}:`;
  const everywhere = (command: string, ...args: string[]) =>
    Promise.all(servers.map(({ admin }) => admin.call(command, ...args)));
  await everywhere("ACL", "SETUSER", username, "on", ">secret", ...permissions(prefix));
  return {
    prefix,
    login: { username, password: "secret" },
    /** Cuts all connections of the user. */
    cut: () => everywhere("CLIENT", "KILL", "USER", username),
    /** Cuts the connections that subscribe. */
    cutSubscribers: () => everywhere("CLIENT", "KILL", "TYPE", "pubsub", "USER", username),
    lockOut: () => everywhere("ACL", "DELUSER", username),
  };
}

export async function redisStoreHarness(
  kind: ClientKind,
  servers: readonly RedisServer[],
  how: "alone" | "publishing" = "alone",
): Promise<StoreHarness> {
  const user = await testUser(servers);
  const { prefix } = user;
  const [one, other] = await Promise.all([kind.connect(servers, user.login), kind.connect(servers, user.login)]);
  const make = (client: RedisClientLike) =>
    how === "alone" ? redisStore({ client, prefix }) : redis({ client, prefix }).store;
  const [store, peer] = [make(one.client), make(other.client)];
  return {
    store,
    peer,
    async advance(ms) {
      const start = await newestTime(servers);
      const end = start + ms;
      while ((await oldestTime(servers)) < end) await new Promise((resolve) => setTimeout(resolve, ms / 10));
    },
    useClient: one.use,
    fail: async () => void (await user.lockOut()),
    async close() {
      await Promise.all([store.close(), peer.close()]);
      one.close();
      other.close();
    },
  };
}

export async function redisBusHarness(
  kind: ClientKind,
  servers: readonly RedisServer[],
  sharded?: boolean,
): Promise<BusHarness> {
  const user = await testUser(servers);
  const { prefix } = user;
  const [one, other] = await Promise.all([kind.connect(servers, user.login), kind.connect(servers, user.login)]);
  const onError = quiet;
  const bus = redisBus({ client: one.client, prefix, sharded, onError });
  const peer = redisBus({ client: other.client, prefix, sharded, onError });
  return {
    bus,
    peer,
    useClient: one.use,
    interrupt: async () => void (await user.cutSubscribers()),
    fail: async () => void (await user.lockOut()),
    async close() {
      await Promise.all([bus.close(), peer.close()]);
      one.close();
      other.close();
    },
  };
}

async function times(servers: readonly RedisServer[]): Promise<number[]> {
  const all = await Promise.all(servers.map(({ admin }) => admin.time()));
  return all.map(([seconds, micros]) => Number(seconds) * 1000 + Math.floor(Number(micros) / 1000));
}

const newestTime = async (servers: readonly RedisServer[]) => Math.max(...(await times(servers)));
const oldestTime = async (servers: readonly RedisServer[]) => Math.min(...(await times(servers)));
