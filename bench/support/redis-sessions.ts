// A Redis with the same sessions in our store, by both client libraries, and in connect-redis.

import { RedisStore } from "connect-redis";
import type { SessionData } from "express-session";
import { Redis } from "ioredis";
import { createLiveSessions, type LiveSession, type LiveSessions } from "live-session";
import { redis } from "live-session/redis";
import { createClient } from "redis";
import { adminPassword, startRedis } from "../../tests/support/servers/redis.ts";

export const SESSIONS = 100;

export type Data = Record<string, unknown>;

export interface Hub {
  readonly sessions: LiveSessions<Data>;
  /** One handle on each session. */
  readonly handles: readonly LiveSession<Data>[];
}

export interface RedisSessions {
  readonly client: ReturnType<typeof nodeRedisClient>;
  readonly nodeRedis: Hub;
  readonly ioRedis: Hub;
  readonly peer: RedisStore;
  /** Of the sessions in `peer`. */
  readonly ids: readonly string[];
}

/** About a kilobyte in ten keys, of which a put changes one. */
function sessionData(): Data {
  return Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`key${index}`, { text: "x".repeat(80), index }]));
}

function nodeRedisClient(port: number) {
  return createClient({ password: adminPassword, socket: { host: "127.0.0.1", port } });
}

export async function* withRedis<T>(measure: (redis: RedisSessions) => AsyncIterable<T>): AsyncGenerator<T> {
  const server = await startRedis();
  const client = nodeRedisClient(server.port);
  const other = new Redis(server.port, "127.0.0.1", { password: adminPassword });
  await client.connect();
  const [nodeRedis, ioRedis] = [await hub(client), await hub(other)];
  try {
    const peer = new RedisStore({ client, ttl: 172_800 });
    const cookie = { originalMaxAge: 172_800_000 } as SessionData["cookie"];
    const ids = Array.from({ length: SESSIONS }, (_, index) => `session${index}`);
    for (const id of ids) await peer.set(id, { cookie, ...sessionData() } as SessionData);
    yield* measure({ client, nodeRedis, ioRedis, peer, ids });
  } finally {
    await nodeRedis.sessions.close();
    await ioRedis.sessions.close();
    client.destroy();
    other.disconnect();
    await server.close();
  }
}

async function hub(client: Parameters<typeof redis>[0]["client"]): Promise<Hub> {
  const sessions = createLiveSessions<Data>({ ...redis({ client }) });
  const created = await Promise.all(Array.from({ length: SESSIONS }, () => sessions.create(sessionData())));
  return { sessions, handles: await Promise.all(created.map(({ id }) => sessions.attach(id))) };
}
