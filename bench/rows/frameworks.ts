// Requests a second of each framework over our store, beside the same app over its usual store, in memory and in Redis.

import { adminPassword, startRedis } from "../../tests/support/servers/redis.ts";
import type { Case } from "../report/results.ts";
import { IN_FLIGHT, load, SESSIONS, startApp, withApps } from "../support/http-apps.ts";
import { caseOf, inTurns, pick, type Row } from "../support/measure.ts";

const TURN_S = 0.4;

/** The usual store of each. */
const inMemory = { fastify: "its MemoryStore", koa: "a Map", hono: "hono-sessions" };
const inRedis = { express: "connect-redis", fastify: "connect-redis", koa: "koa-redis", hono: "hono-sessions" };

const paths = { "a read": "/", "one key changed": "/add" };

async function sideBySide(framework: string, usual: string, redisUrl?: string): Promise<Case[]> {
  const apps = ["live", "usual"].map((kind) => startApp(framework, kind, redisUrl));
  return withApps(apps, async ([live, other]) => {
    const cases: Case[] = [];
    for (const [name, path] of Object.entries(paths)) {
      const sides = [
        { name: "live-session", measure: () => load(live!, [path], TURN_S) },
        { name: usual, measure: () => load(other!, [path], TURN_S) },
      ];
      const samples = await inTurns(sides, { rounds: 3 });
      cases.push(
        caseOf({
          name: `${framework}, ${redisUrl ? "Redis" : "memory"}, ${name}`,
          unit: "requests/s",
          better: "more",
          samples: pick(samples, ({ rate }) => rate),
          ours: "live-session",
          beside: { [usual]: { kind: "peer" } },
        }),
      );
    }
    return cases;
  });
}

export const row: Row = {
  group: "Beyond the goals",
  title: "each framework over its usual store",
  about:
    `${SESSIONS} sessions, ${IN_FLIGHT} requests in flight, each app in a process of its own, load by autocannon. Express in ` +
    "memory is the row `express-app`.",
  async *run() {
    for (const [framework, usual] of Object.entries(inMemory)) yield* await sideBySide(framework, usual);
    const server = await startRedis();
    try {
      const url = `redis://:${adminPassword}@127.0.0.1:${server.port}`;
      for (const [framework, usual] of Object.entries(inRedis)) yield* await sideBySide(framework, usual, url);
    } finally {
      await server.close();
    }
  },
};
