// A Redis server of a test's own, on a socket in a folder of its own.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = process.env.REDIS_SERVER_PATH ?? "redis-server";

export const hasRedis = spawnSync(program, ["--version"]).status === 0;

/** Starts one that keeps nothing; resolves when it takes connections. */
export async function startRedis(): Promise<{ readonly path: string; stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "live-session-redis-"));
  const path = join(folder, "redis.sock");
  const options = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder];
  const child = spawn(program, options, { stdio: ["ignore", "pipe", "inherit"] });
  await ready(child);
  return {
    path,
    stop() {
      child.once("exit", () => rmSync(folder, { recursive: true, force: true }));
      child.kill();
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code} before it was ready.`)));
    child.stdout?.setEncoding("utf8").on("data", (text: string) => text.includes("eady to accept") && resolve());
  });
}
