// Requests a second of each framework over our store, beside the same app over its usual store: in memory, and in a Redis
// that the row starts. Each app is a process of its own; the requests come from autocannon in this one. "Busy" is the share of one core that
// the app's process used: far below 100 %, something else was the limit.

import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import { adminPassword, startRedis } from "../tests/support/servers/redis.ts";
import { count } from "./support/compare.ts";

const SESSIONS = 50;
const IN_FLIGHT = 32;
const ROUNDS = 3;
const TURN_S = 1;

type Kind = "live" | "usual";

interface Pair {
  readonly framework: string;
  /** The name of the store that ours stands beside. */
  readonly usual: string;
}

const inMemory: readonly Pair[] = [
  { framework: "express", usual: "MemoryStore" },
  { framework: "fastify", usual: "its MemoryStore" },
  { framework: "koa", usual: "a Map" },
  { framework: "hono", usual: "hono-sessions" },
];

const inRedis: readonly Pair[] = [
  { framework: "express", usual: "connect-redis" },
  { framework: "fastify", usual: "connect-redis" },
  { framework: "koa", usual: "koa-redis" },
  { framework: "hono", usual: "hono-sessions" },
];

interface App {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
  readonly cookies: readonly string[];
}

interface Turn {
  readonly rate: number;
  readonly busy: number;
}

export async function run(rounds = ROUNDS): Promise<void> {
  console.log(`\n  ${SESSIONS} sessions, ${IN_FLIGHT} requests in flight: median of ${rounds} (lowest to highest)`);
  for (const pair of inMemory) await sideBySide(pair, rounds);
  if (!hasRedis()) {
    console.log("\n  No Redis: there is no redis-server in PATH or REDIS_SERVER_PATH. Its lines are left out.");
    return;
  }
  const server = await startRedis();
  try {
    const url = `redis://:${adminPassword}@127.0.0.1:${server.port}`;
    for (const pair of inRedis) await sideBySide(pair, rounds, url);
  } finally {
    await server.close();
  }
}

function hasRedis(): boolean {
  return spawnSync(process.env.REDIS_SERVER_PATH ?? "redis-server", ["--version"]).status === 0;
}

async function sideBySide({ framework, usual }: Pair, rounds: number, redisUrl?: string): Promise<void> {
  const children = new Set<ChildProcess>();
  const start = (kind: Kind, name: string) => startApp(children, [framework, kind, redisUrl ?? ""], name);
  try {
    const apps = await Promise.all([start("live", "live-session"), start("usual", usual)]);
    for (const path of ["/", "/add"]) {
      const turns = apps.map((): Turn[] => []);
      for (const app of apps) await turn(app, path);
      for (let round = 0; round < rounds; round++) {
        for (const [index, app] of apps.entries()) turns[index]?.push(await turn(app, path));
      }
      console.log(`\n  ${framework}, ${redisUrl ? "Redis" : "memory"}, ${path === "/" ? "read" : "change one key"}`);
      const ours = spread(turns[0]!.map(({ rate }) => rate)).median;
      for (const [index, { name }] of apps.entries()) {
        const { median, low, high } = spread(turns[index]!.map(({ rate }) => rate));
        const busy = Math.round(100 * spread(turns[index]!.map((each) => each.busy)).median);
        const ratio = index > 0 ? `   live-session: ${(ours / median).toFixed(2)}x` : "";
        const range = `(${count(low)} to ${count(high)})`;
        console.log(`    ${name.padEnd(16)} ${count(median).padStart(8)}/s   ${range}   busy ${busy} %${ratio}`);
      }
    }
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

async function startApp(children: Set<ChildProcess>, parameters: string[], name: string): Promise<App> {
  const file = fileURLToPath(new URL("support/framework-server.ts", import.meta.url));
  const child = fork(file, parameters, { execArgv: ["--import", "tsx"] });
  children.add(child);
  const ended = once(child, "exit").then(() =>
    Promise.reject(new Error(`${parameters.join(" ")} ended at its start.`)),
  );
  ended.catch(() => {});
  const [{ port }] = (await Promise.race([once(child, "message"), ended])) as [{ port: number }];
  const cookies = await Promise.all(Array.from({ length: SESSIONS }, () => newSession(port)));
  return { name, child, port, cookies };
}

/** Makes a session and sees that it is kept: an app that loses its sessions would be fast. */
async function newSession(port: number): Promise<string> {
  const url = `http://127.0.0.1:${port}`;
  const made = await fetch(`${url}/add`);
  await made.text();
  const cookie = made.headers
    .getSetCookie()
    .map((each) => each.replace(/;.*/, ""))
    .join("; ");
  await (await fetch(`${url}/add`, { headers: { cookie } })).text();
  const seen = await (await fetch(url, { headers: { cookie } })).text();
  if (seen !== "seen 2") throw new Error(`A session was not kept: "${seen}".`);
  return cookie;
}

async function turn({ child, port, cookies }: App, path: string): Promise<Turn> {
  globalThis.gc?.();
  const before = await processorTime(child);
  const start = performance.now();
  const result = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: IN_FLIGHT,
    duration: TURN_S,
    requests: cookies.map((cookie) => ({ path, headers: { cookie } })),
  });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed.`);
  const ms = performance.now() - start;
  const busy = ((await processorTime(child)) - before) / ms;
  return { rate: (1000 * result["2xx"]) / ms, busy };
}

async function processorTime(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [{ cpu }] = (await once(child, "message")) as [{ cpu: number }];
  return cpu;
}

function spread(values: readonly number[]) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), low: at(0), high: at(sorted.length - 1) };
}
