// A put on Redis, published and heard, beside what the same change costs with connect-redis (load, save), and beside a bare
// script that does as much in Redis: the limit. And a read beside connect-redis's. Rounds take turns; the median counts.

import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import { RedisStore } from "connect-redis";
import type { SessionData } from "express-session";
import { Redis } from "ioredis";
import { createLiveSessions, type LiveSession } from "live-session";
import { redis as redisDriver } from "live-session/redis";
import { createClient } from "redis";
import { adminPassword as password, startRedis } from "../tests/support/servers/redis.ts";

const SESSIONS = 100;
const ROUNDS = 7;
const ROUND_MS = 400;

type Data = Record<string, unknown>;

const bare = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local version = redis.call('HINCRBY', KEYS[1], 'v', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', KEYS[1], version .. ARGV[1] .. ARGV[2])
return version`;
const bareSha = createHash("sha1").update(bare).digest("hex");

/** About a kilobyte in ten keys, of which a put changes one. */
function sessionData(): Data {
  return Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`key${index}`, { text: "x".repeat(80), index }]));
}

/** Operations a second with so many in flight. */
async function rate(inFlight: number, operation: (index: number) => Promise<unknown>): Promise<number> {
  const end = performance.now() + ROUND_MS;
  let done = 0;
  const start = performance.now();
  const workers = Array.from({ length: inFlight }, async (_, worker) => {
    for (let round = 0; performance.now() < end; round++) {
      await operation((worker + round * inFlight) % SESSIONS);
      done++;
    }
  });
  await Promise.all(workers);
  return (done / (performance.now() - start)) * 1000;
}

export async function run(print: (line: string) => void = console.log): Promise<void> {
  const server = await startRedis();
  const nodeRedis = createClient({ password, socket: { host: "127.0.0.1", port: server.port } });
  const ioRedis = new Redis(server.port, "127.0.0.1", { password });
  await nodeRedis.connect();
  const hubs = [nodeRedis, ioRedis].map((client) => createLiveSessions<Data>({ ...redisDriver({ client }) }));
  try {
    await nodeRedis.scriptLoad(bare);
    const peer = new RedisStore({ client: nodeRedis, ttl: 172_800 });
    const cookie = { originalMaxAge: 172_800_000 } as SessionData["cookie"];
    const ids = Array.from({ length: SESSIONS }, (_, index) => `session${index}`);
    const [viaNodeRedis, viaIoRedis] = await Promise.all(hubs.map((hub) => attached(hub)));
    for (const id of ids) await peer.set(id, { cookie, ...sessionData() } as SessionData);
    let n = 0;
    const value = () => ({ text: "y".repeat(80), n: ++n });
    const operations: Record<string, (index: number) => Promise<unknown>> = {
      "put, node-redis": (index) => (viaNodeRedis as LiveSession<Data>[])[index]!.put("key3", value()),
      "put, ioredis": (index) => (viaIoRedis as LiveSession<Data>[])[index]!.put("key3", value()),
      "connect-redis get + set": async (index) => {
        const session = (await peer.get(ids[index]!)) as SessionData & Data;
        session.key3 = value();
        await peer.set(ids[index]!, session);
      },
      "bare script, node-redis": (index) =>
        nodeRedis.sendCommand(["EVALSHA", bareSha, "1", `bare:${index}`, "key3", JSON.stringify(value()), "172800000"]),
      "read, node-redis": async (index) => hubs[0]!.records.read((viaNodeRedis as LiveSession<Data>[])[index]!.key),
      "read, ioredis": async (index) => hubs[1]!.records.read((viaIoRedis as LiveSession<Data>[])[index]!.key),
      "connect-redis get": (index) => peer.get(ids[index]!) as Promise<unknown>,
    };
    for (const inFlight of [1, 100]) {
      const rates = await inTurns(operations, inFlight);
      print(`${inFlight} in flight`);
      for (const [operation, perSecond] of Object.entries(rates)) {
        const against =
          /^read/.test(operation) || operation === "connect-redis get"
            ? "connect-redis get"
            : "connect-redis get + set";
        const ratio = perSecond / rates[against]!;
        const times = `${ratio.toFixed(2)} × ${against}`;
        print(`  ${operation.padEnd(26)} ${String(Math.round(perSecond)).padStart(7)}/s   ${times}`);
      }
      print(
        `  put, of the bare script    ${(rates["put, node-redis"]! / rates["bare script, node-redis"]!).toFixed(2)}`,
      );
    }
  } finally {
    await Promise.all(hubs.map((hub) => hub.close()));
    nodeRedis.destroy();
    ioRedis.disconnect();
    await server.close();
  }
}

async function attached(hub: ReturnType<typeof createLiveSessions<Data>>): Promise<LiveSession<Data>[]> {
  const created = await Promise.all(Array.from({ length: SESSIONS }, () => hub.create(sessionData())));
  return Promise.all(created.map(({ id }) => hub.attach(id)));
}

async function inTurns(operations: Record<string, (index: number) => Promise<unknown>>, inFlight: number) {
  const all: Record<string, number[]> = {};
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [operation, act] of Object.entries(operations)) {
      globalThis.gc?.();
      const measured = await rate(inFlight, act);
      if (round > 0) all[operation] = [...(all[operation] ?? []), measured]; // the first one warms up
    }
  }
  return Object.fromEntries(
    Object.entries(all).map(([operation, rates]) => [operation, rates.sort((a, b) => a - b)[ROUNDS >> 1] as number]),
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await run();
