// Real Redis servers, each in a folder and on a port of its own, ended by process id.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";
import { freePort } from "../example-process.ts";

export interface RedisServer {
  readonly port: number;
  /** A client of an administrator, which reconnects when the server is back. */
  readonly admin: Redis;
  /** Ends the process; resolves when it is gone. Its data stays. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after `stop`. */
  start(): Promise<void>;
  /** Suspends the process, and lets it go on. */
  suspend(): void;
  resume(): void;
  /** Ends it and removes what it wrote. */
  close(): Promise<void>;
}

const program = process.env.REDIS_SERVER_PATH ?? "redis-server";

/** Whether there is one on this machine, for suites that can do without. */
export function hasRedis(): boolean {
  return spawnSync(program, ["--version"]).status === 0;
}

export const adminPassword = "administrator";

export async function startRedis(...options: string[]): Promise<RedisServer> {
  // Clients whose user is gone must not go on as the default user, whom Redis lets do everything.
  const passwords = ["--requirepass", adminPassword, "--masterauth", adminPassword];
  return launch(() => ["--save", "", ...passwords, ...options], adminPassword);
}

/** A sentinel that watches a master called "main", and is enough to replace it. */
export async function startSentinel(master: RedisServer): Promise<RedisServer> {
  return launch((folder) => {
    const file = join(folder, "sentinel.conf");
    const lines = [
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      `sentinel auth-pass main ${adminPassword}`,
      "sentinel down-after-milliseconds main 500",
      "sentinel failover-timeout main 5000",
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    return [file, "--sentinel"];
  });
}

async function launch(options: (folder: string) => string[], password?: string): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "live-session-redis-"));
  const [first = "", ...rest] = options(folder);
  const parameters = [first, ...rest, "--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  let child: ChildProcess;

  async function start(): Promise<void> {
    child = spawn(program, parameters, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const last: string[] = [];
    await new Promise<void>((resolve, reject) => {
      lines.on("line", (line) => {
        last.push(line);
        if (/Ready to accept connections|\+monitor master|Sentinel ID is/.test(line)) resolve();
      });
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`Redis ended at its start:\n${last.join("\n")}`)));
    });
    last.length = 0;
    lines.removeAllListeners("line").on("line", () => {});
  }

  async function stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  await start();
  const admin = new Redis(port, "127.0.0.1", {
    ...(password && { password }),
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
  });
  admin.on("error", () => {});
  return {
    port,
    admin,
    start,
    stop,
    suspend: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    async close() {
      admin.disconnect();
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Three masters that share the slots. */
export async function startCluster(): Promise<RedisServer[]> {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () => {
      const busPort = String(await freePort());
      return startRedis("--cluster-enabled", "yes", "--cluster-port", busPort, "--cluster-node-timeout", "2000");
    }),
  );
  const [first] = nodes as [RedisServer];
  const shares = [
    [0, 5460],
    [5461, 10_922],
    [10_923, 16_383],
  ] as const;
  await Promise.all(nodes.map(({ admin }, index) => admin.call("CLUSTER", "ADDSLOTSRANGE", ...shares[index]!)));
  await Promise.all(nodes.map(({ admin }, index) => admin.call("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1))));
  for (const node of nodes.slice(1)) {
    const port = /cluster-port\n(\d+)/.exec(
      ((await node.admin.call("CONFIG", "GET", "cluster-port")) as string[]).join("\n"),
    );
    await first.admin.call("CLUSTER", "MEET", "127.0.0.1", String(node.port), port![1]!);
  }
  for (const { admin } of nodes) await until(async () => (await knownNodes(admin)) === "ok 3");
  return nodes;
}

async function knownNodes(admin: Redis): Promise<string> {
  const info = String(await admin.call("CLUSTER", "INFO"));
  return `${/cluster_state:(\w+)/.exec(info)?.[1]} ${/cluster_known_nodes:(\d+)/.exec(info)?.[1]}`;
}

/** Asks again and again; for what no event tells. */
export async function until(holds: () => Promise<boolean> | boolean, what = "it"): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited too long for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
