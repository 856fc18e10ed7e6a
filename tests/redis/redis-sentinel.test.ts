// Sentinel: the master is killed, a replica takes its place, sessions and connections go on.

import { Redis as Redis6 } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { createLiveSessions } from "live-session";
import { type RedisClientLike, redis } from "live-session/redis";
import { createSentinel } from "redis";
import { createSentinel as createSentinel5 } from "redis5";
import { describe, expect, onTestFinished, test } from "vitest";
import { adminPassword, startRedis, startSentinel, until } from "../support/servers/redis.ts";

const password = adminPassword;

const ioRedis = async (Redis: typeof Redis6, port: number) => {
  const sentinels = [{ host: "127.0.0.1", port }];
  const client = new Redis({ sentinels, name: "main", password, retryStrategy: () => 50, lazyConnect: true });
  client.on("error", () => {});
  await client.connect();
  return { client: client as RedisClientLike, close: () => client.disconnect() };
};

const nodeRedis = async (create: typeof createSentinel, port: number) => {
  const client = create({
    name: "main",
    sentinelRootNodes: [{ host: "127.0.0.1", port }],
    nodeClientOptions: { password },
    scanInterval: 200,
  });
  client.on("error", () => {});
  await client.connect();
  return { client: client as RedisClientLike, close: () => void client.destroy() };
};

const clients = [
  { name: "ioredis 6", connect: (port: number) => ioRedis(Redis6, port) },
  { name: "ioredis 5", connect: (port: number) => ioRedis(Redis5 as unknown as typeof Redis6, port) },
  { name: "node-redis 6", connect: (port: number) => nodeRedis(createSentinel, port) },
];

describe.each(clients)("with $name", ({ connect }) => {
  test("after a failover, what the replica had is there, writes go on, and handles are live and in step", async () => {
    const master = await startRedis();
    onTestFinished(() => master.close());
    const replica = await startRedis(
      "--replicaof",
      "127.0.0.1",
      String(master.port),
      "--repl-diskless-sync-delay",
      "0",
    );
    onTestFinished(() => replica.close());
    const linked = async () => /master_link_status:up/.test(await replica.admin.info("replication"));
    await until(linked, "the replica to follow");
    const sentinel = await startSentinel(master);
    onTestFinished(() => sentinel.close());
    const knows = async () => ((await sentinel.admin.call("SENTINEL", "REPLICAS", "main")) as unknown[]).length === 1;
    await until(knows, "the sentinel to know the replica");
    const [one, other] = await Promise.all([connect(sentinel.port), connect(sentinel.port)]);
    const nodes = [one, other].map(({ client }) => {
      return createLiveSessions<{ n: number }>({ ...redis({ client }), onError: () => {} });
    });
    onTestFinished(async () => {
      await Promise.all(nodes.map((node) => node.close()));
      one.close();
      other.close();
    });
    const { id } = await nodes[0]!.create({ n: 1 });
    const lives = await Promise.all(nodes.map((node) => node.attach(id)));
    await lives[0]!.put("n", 2);
    await until(async () => (await replica.admin.keys("*")).length === 1);
    await master.admin.call("WAIT", "1", "5000");
    const stale = lives.map((live) => {
      return new Promise<void>((resolve) => live.subscribe(() => live.status === "stale" && resolve()));
    });
    await master.stop("SIGKILL");
    await Promise.all(stale);
    await until(async () => {
      const put = lives[0]!.put("n", 3);
      return put.then(
        () => true,
        () => false,
      );
    }, "the new master to take writes");
    await until(
      () => lives.every(({ status, data }) => status === "live" && data.n === 3),
      "both handles to be in step",
    );
    await lives[1]!.put("n", 4);
    await until(() => lives[0]!.data.n === 4, "the event");
    expect((await replica.admin.role())[0]).toBe("master");
  });
});

test("node-redis 5's sentinel client is refused: it cannot be duplicated, so there is nothing to subscribe by", () => {
  const client = createSentinel5({ name: "main", sentinelRootNodes: [{ host: "127.0.0.1", port: 1 }] });
  expect(() => redis({ client: client as unknown as RedisClientLike })).toThrow(/^client: /);
});
