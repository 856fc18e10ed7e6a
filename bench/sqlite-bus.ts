// How soon a process hears what another one wrote to the SQLite file that they share, and what listening costs while
// nothing happens.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "libsql";
import { createLiveSessions } from "live-session";
import { sqlite } from "live-session/sqlite";

const WRITES = 1_000;
const IDLE_MS = 5_000;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "live-session-bench-"));
  const path = join(folder, "sessions.sqlite");
  const database = new Database(path);
  const sessions = createLiveSessions<{ at: number }>({ ...sqlite({ database }) });
  let writer: ChildProcess | null = null;
  try {
    const { id, key } = await sessions.create({ at: 0 });
    const live = await sessions.attach(id);
    const before = process.cpuUsage();
    await setTimeout(IDLE_MS);
    const { user, system } = process.cpuUsage(before);
    console.log(
      `\n  idle, one session attached: ${((user + system) / (IDLE_MS / 1000)).toFixed(0)} µs of processor time a second`,
    );

    const delays: number[] = [];
    const done = new Promise<void>((resolve) => {
      live.subscribe((message) => {
        if (message.type !== "live_session_updated" || !message.session.at) return;
        delays.push(performance.timeOrigin + performance.now() - message.session.at);
        if (message.version > WRITES) resolve();
      });
    });
    writer = fork(fileURLToPath(new URL("support/sqlite-writer.ts", import.meta.url)), [path, key, String(WRITES)], {
      execArgv: ["--import", "tsx"],
    });
    await Promise.all([done, once(writer, "exit")]);
    delays.sort((one, other) => one - other);
    const at = (part: number) => (delays[Math.floor((delays.length - 1) * part)] ?? Number.NaN).toFixed(2);
    console.log(
      `  ${WRITES} puts by another process, one each 2 ms: heard after ${at(0.5)} ms (median), ${at(0.99)} ms (p99)`,
    );
  } finally {
    writer?.kill();
    await sessions.close();
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
