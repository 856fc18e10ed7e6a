// The machine and the versions that figures are of.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { isDeepStrictEqual } from "node:util";
import type { Machine } from "./results.ts";

const packages = [
  "autocannon",
  "connect-pg-simple",
  "connect-redis",
  "express",
  "express-session",
  "fastify",
  "hono",
  "hono-sessions",
  "ioredis",
  "koa",
  "koa-redis",
  "memorystore",
  "pg",
  "react",
  "redis",
  "socket.io",
  "ws",
];

export function machine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
    node: process.versions.node,
    versions: {
      ...Object.fromEntries(packages.map((name) => [name, installed(name)])),
      Redis: serverVersion("REDIS_SERVER_PATH", /v=(\S+)/),
      PostgreSQL: serverVersion("POSTGRES_PATH", /\) (\S+)/),
      NATS: serverVersion("NATS_SERVER_PATH", /v(\d\S*)/),
    },
  };
}

/** Load and date may differ: figures of two such runs can stand in one table. */
export function sameMachine(one: Machine, other: Machine): boolean {
  return isDeepStrictEqual(one, other);
}

function installed(name: string): string {
  const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}

/** The variables name the programs: scripts/bench.mjs sets them to those that it finds. */
function serverVersion(variable: string, pattern: RegExp): string {
  const path = process.env[variable];
  if (!path) return "not here";
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return pattern.exec(stdout)?.[1] ?? "unknown";
}
