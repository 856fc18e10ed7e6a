// How long an app waits for its sessions: import, connect, first write and read, in a fresh process each time.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { adminPassword, startRedis } from "../../tests/support/servers/redis.ts";
import { caseOf, inTurns, pick, type Row } from "../support/measure.ts";

const ROUNDS = 15;
const PEER = "connect-redis";

const run = promisify(execFile);

interface Start {
  /** From the first import to the first session read, in ms. */
  readonly inside: number;
  /** Of the whole process, in ms. */
  readonly whole: number;
}

async function start(file: string, url: string): Promise<Start> {
  const path = fileURLToPath(new URL(`../support/${file}`, import.meta.url));
  const began = performance.now();
  const { stdout } = await run(process.execPath, [path, url]);
  return { inside: Number(stdout), whole: performance.now() - began };
}

export const row: Row = {
  group: "Size and start",
  title: "import and start",
  about:
    "Fresh processes in turns, without a transpiler: import express-session, the redis client and the store, connect, write a " +
    "session and read it. The whole process is Node's own start besides.",
  async *run() {
    const server = await startRedis();
    const url = `redis://:${adminPassword}@127.0.0.1:${server.port}`;
    try {
      const sides = [
        { name: "live-session", measure: () => start("start-live.mjs", url) },
        { name: PEER, measure: () => start("start-peer.mjs", url) },
      ];
      const samples = await inTurns(sides, { rounds: ROUNDS });
      for (const part of ["inside", "whole"] as const) {
        yield caseOf({
          name: part === "inside" ? "import to first session" : "the whole process",
          unit: "ms",
          better: "less",
          samples: pick(samples, (each) => each[part]),
          ours: "live-session",
          beside: { [PEER]: { kind: "peer", ...(part === "inside" && { goal: { atMost: 1 } }) } },
        });
      }
    } finally {
      await server.close();
    }
  },
};
