// Starts nodes on each engine that is here, and connects to them.

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { startNats } from "../../tests/support/servers/nats.ts";
import { startPostgres } from "../../tests/support/servers/postgres.ts";
import { adminPassword, startRedis } from "../../tests/support/servers/redis.ts";
import { cookieOf } from "./cookies.ts";
import type { Order } from "./engine-node.ts";
import { type BenchProcess, startProcess } from "./processes.ts";

export interface EngineNode {
  readonly port: number;
  ask<Answer = void>(order: Order): Promise<Answer>;
}

interface RunningEngine {
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

/** Runs with so many nodes on an engine, or so many bare ones, and ends them. */
export async function withNodes<T>(
  engineName: string,
  { nodes: count, bare = false }: { readonly nodes: number; readonly bare?: boolean },
  run: (nodes: readonly EngineNode[]) => Promise<T>,
): Promise<T> {
  const engine = await (engines[engineName] as () => Promise<RunningEngine>)();
  const nodes: (EngineNode & BenchProcess)[] = [];
  try {
    while (nodes.length < count) {
      const environment = { ...engine.environment, ...(bare && { BARE: "1" }) };
      const node = await startProcess<number>("engine-node.ts", { environment });
      nodes.push({ ...node, port: node.ready });
    }
    return await run(nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await engine.stop();
  }
}

/** A browser's socket that has said hello and has its first view. */
export async function tabOf(node: EngineNode, id: string, name: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${node.port}/live`, { headers: { cookie: cookieOf(id) } });
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
