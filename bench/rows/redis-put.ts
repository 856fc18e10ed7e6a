// A put on Redis, published and heard, beside what the same change costs with connect-redis (load, save), and beside a bare
// script that does as much in Redis, and whose messages are heard, too: the limit.

import { createHash } from "node:crypto";
import type { SessionData } from "express-session";
import { caseOf, inTurns, type Row, rateInFlight } from "../support/measure.ts";
import { type Data, type RedisSessions, SESSIONS, withRedis } from "../support/redis-sessions.ts";

const bare = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local version = redis.call('HINCRBY', KEYS[1], 'v', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', KEYS[1], version .. ARGV[1] .. ARGV[2])
return version`;
const bareSha = createHash("sha1").update(bare).digest("hex");

const PEER = "connect-redis get and set";
const LIMIT = "a bare script";

let n = 0;
const value = () => ({ text: "y".repeat(80), n: ++n });

function operations({ client, nodeRedis, ioRedis, peer, ids }: RedisSessions) {
  return {
    "live.put, node-redis": (index: number) => nodeRedis.handles[index]!.put("key3", value()),
    "live.put, ioredis": (index: number) => ioRedis.handles[index]!.put("key3", value()),
    [PEER]: async (index: number) => {
      const session = (await peer.get(ids[index]!)) as SessionData & Data;
      session.key3 = value();
      await peer.set(ids[index]!, session);
    },
    [LIMIT]: (index: number) =>
      client.sendCommand(["EVALSHA", bareSha, "1", `bare:${index}`, "key3", JSON.stringify(value()), "172800000"]),
  };
}

async function* measure(redis: RedisSessions) {
  await redis.client.scriptLoad(bare);
  // Redis writes to whoever hears it, and this process reads that: for the bare script's messages as for ours.
  const subscriber = redis.client.duplicate();
  await subscriber.connect();
  let heard = 0;
  const channels = Array.from({ length: SESSIONS }, (_, index) => `bare:${index}`);
  await subscriber.subscribe(channels, () => heard++);
  try {
    yield* cases(redis);
  } finally {
    subscriber.destroy();
  }
  if (heard === 0) throw new Error("Nobody heard the bare script.");
}

async function* cases(redis: RedisSessions) {
  for (const inFlight of [1, 100]) {
    const sides = Object.entries(operations(redis)).map(([name, operation]) => ({
      name,
      measure: () => rateInFlight(inFlight, 300, (index): Promise<unknown> => operation(index % SESSIONS)),
    }));
    const samples = await inTurns(sides, { rounds: 7 });
    for (const library of ["node-redis", "ioredis"]) {
      yield caseOf({
        name: `put by ${library}, ${inFlight} in flight`,
        unit: "puts/s",
        better: "more",
        samples,
        ours: `live.put, ${library}`,
        beside: {
          [PEER]: { kind: "peer", goal: { atLeast: 1.5 } },
          [LIMIT]: { kind: "limit", goal: { atLeast: 0.9 } },
        },
      });
    }
  }
}

export const row: Row = {
  group: "Redis and PostgreSQL",
  title: "a put on Redis, publish included",
  about:
    `${SESSIONS} sessions of about a kilobyte in ten keys, of which a put changes one; the node is subscribed to them and hears ` +
    "its own puts. connect-redis loads and saves the session, and publishes nothing. The bare script does HSET, HINCRBY, " +
    "PEXPIRE and PUBLISH, and a bare subscriber of this process hears it. Both of these go by node-redis.",
  run: () => withRedis(measure),
};
