// Starts nodes on each engine that is here, and connects to them.

import { type ChildProcess, fork } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { startNats } from "../../tests/support/servers/nats.ts";
import { startPostgres } from "../../tests/support/servers/postgres.ts";
import { adminPassword, startRedis } from "../../tests/support/servers/redis.ts";
import type { Order } from "./engine-node.ts";

const secret = "a secret of the benchmark";

export interface EngineNode {
  readonly port: number;
  order(order: Order): Promise<unknown>;
}

export interface RunningEngine {
  readonly environment: Record<string, string>;
  stop(): Promise<unknown>;
}

/** How each engine is started, as the environment of a node; throws where its server is not here. */
export const engines: Record<string, () => Promise<RunningEngine>> = {
  async sqlite() {
    const folder = mkdtempSync(join(tmpdir(), "live-session-bench-"));
    const stop = async () => rmSync(folder, { recursive: true, force: true });
    return { environment: { ENGINE: "sqlite", SHOP_DATA: folder }, stop };
  },
  async redis() {
    const server = await startRedis();
    const url = `redis://:${adminPassword}@127.0.0.1:${server.port}`;
    return { environment: { ENGINE: "redis", REDIS_URL: url }, stop: () => server.close() };
  },
  async postgres() {
    const server = await startPostgres();
    return { environment: { ENGINE: "postgres", DATABASE_URL: server.url() }, stop: () => server.remove() };
  },
  async nats() {
    const server = await startNats();
    return { environment: { ENGINE: "nats", NATS_URL: `nats://${server.servers}` }, stop: () => server.remove() };
  },
};

/** Runs with so many nodes on an engine, and ends them; says so where its server is not here. */
export async function withNodes(
  name: string,
  bare: boolean,
  count: number,
  run: (nodes: readonly EngineNode[]) => Promise<void>,
): Promise<void> {
  let engine: RunningEngine;
  try {
    engine = await (engines[name] as () => Promise<RunningEngine>)();
  } catch (error) {
    return console.log(`    ${name.padEnd(10)} left out: ${error instanceof Error ? error.message : error}`);
  }
  const children: ChildProcess[] = [];
  try {
    const nodes: EngineNode[] = [];
    for (let index = 0; index < count; index++) {
      nodes.push(await startNode({ ...engine.environment, ...(bare && { BARE: "1" }) }, children));
    }
    await run(nodes);
  } finally {
    await Promise.all(children.map(ended));
    await engine.stop();
  }
}

async function startNode(environment: Record<string, string>, children: ChildProcess[]): Promise<EngineNode> {
  const file = fileURLToPath(new URL("engine-node.ts", import.meta.url));
  const child = fork(file, [], { execArgv: ["--import", "tsx"], env: { ...process.env, ...environment } });
  children.push(child);
  const exited = once(child, "exit").then(([code]) => Promise.reject(new Error(`A node ended with ${code}.`)));
  exited.catch(() => {});
  const [{ port }] = (await Promise.race([once(child, "message"), exited])) as [{ port: number }];
  return {
    port,
    async order(order) {
      child.send(order);
      const [{ done }] = (await Promise.race([once(child, "message"), exited])) as [{ done: unknown }];
      return done;
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** A browser's socket that has said hello and has its first view. */
export async function tabOf(node: EngineNode, id: string, name: string): Promise<WebSocket> {
  const signature = createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
  const cookie = `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`;
  const socket = new WebSocket(`ws://127.0.0.1:${node.port}/live`, { headers: { cookie } });
  await once(socket, "open");
  socket.send(JSON.stringify({ t: "hello", v: 1, client: name }));
  await new Promise<void>((resolve) => {
    socket.on("message", function first(data) {
      if (JSON.parse(String(data)).t !== "view") return;
      socket.off("message", first);
      resolve();
    });
  });
  return socket;
}

/** The value below which this part of the sorted values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, two) => one - two);
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? Number.NaN;
}
