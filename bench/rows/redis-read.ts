// A read of a session on Redis, beside connect-redis's.

import { caseOf, inTurns, type Row, rateInFlight } from "../support/measure.ts";
import { type Hub, type RedisSessions, SESSIONS, withRedis } from "../support/redis-sessions.ts";

const PEER = "connect-redis get";

const read = ({ sessions, handles }: Hub, index: number) => sessions.records.read(handles[index % SESSIONS]!.key);

async function* measure({ nodeRedis, ioRedis, peer, ids }: RedisSessions) {
  const operations: Record<string, (index: number) => Promise<unknown>> = {
    "read, node-redis": async (index) => read(nodeRedis, index),
    "read, ioredis": async (index) => read(ioRedis, index),
    [PEER]: (index) => peer.get(ids[index % SESSIONS]!),
  };
  for (const inFlight of [1, 100]) {
    const sides = Object.entries(operations).map(([name, operation]) => ({
      name,
      measure: () => rateInFlight(inFlight, 300, operation),
    }));
    const samples = await inTurns(sides, { rounds: 7 });
    for (const library of ["node-redis", "ioredis"]) {
      yield caseOf({
        name: `read by ${library}, ${inFlight} in flight`,
        unit: "reads/s",
        better: "more",
        samples,
        ours: `read, ${library}`,
        beside: { [PEER]: { kind: "peer", goal: { atLeast: 1 } } },
      });
    }
  }
}

export const row: Row = {
  group: "Redis and PostgreSQL",
  title: "a read on Redis",
  about:
    `${SESSIONS} sessions of about a kilobyte in ten keys, read from the server each time, one after the other and 100 at ` +
    "once. connect-redis goes by node-redis.",
  run: () => withRedis(measure),
};
