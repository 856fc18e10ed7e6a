// How soon a process hears what another one wrote to the SQLite file that they share, and what listening costs while
// nothing happens.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import Database from "libsql";
import { createLiveSessions, type LiveSession } from "live-session";
import { sqlite } from "live-session/sqlite";
import { caseOf, inTurns, quantile, type Row } from "../support/measure.ts";
import { sharedNow, startProcess } from "../support/processes.ts";

const WRITES = 300;
const IDLE_MS = 1_000;

interface Data {
  at: number;
}

/** Microseconds of processor time a second while nothing is written. */
async function idle(): Promise<number> {
  const before = process.cpuUsage();
  await setTimeout(IDLE_MS);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / IDLE_MS;
}

/** How long after each write by another process this one heard of it, in ms. */
async function* delays(live: LiveSession<Data>, path: string) {
  const heard: number[] = [];
  let missing = 0;
  let all = () => {};
  live.subscribe((message) => {
    if (message.type !== "live_session_updated" || !message.session.at) return;
    heard.push(sharedNow() - message.session.at);
    if (--missing === 0) all();
  });
  const writer = await startProcess("sqlite-writer.ts", { arguments: [path, live.key] });
  const round = async () => {
    heard.length = 0;
    missing = WRITES;
    const done = new Promise<void>((resolve) => (all = resolve));
    await Promise.all([writer.ask(WRITES), done]);
    return { p50: quantile(heard, 0.5), p99: quantile(heard, 0.99) };
  };
  try {
    const samples = await inTurns([{ name: "live-session", measure: round }]);
    for (const part of ["p50", "p99"] as const) {
      const values = { "live-session": samples["live-session"]!.map((each) => each[part]) };
      const name = `a write to the other process having it, ${part}`;
      yield caseOf({ name, unit: "ms", better: "less", samples: values, ours: "live-session" });
    }
  } finally {
    await writer.stop();
  }
}

export const row: Row = {
  group: "Beyond the goals",
  title: "two processes on one SQLite file",
  about: `${WRITES} writes a round, one each 2 ms, by one process; and what listening costs the other while nothing happens.`,
  async *run() {
    const folder = mkdtempSync(join(tmpdir(), "live-session-bench-"));
    const path = join(folder, "sessions.sqlite");
    const database = new Database(path);
    const sessions = createLiveSessions<Data>({ ...sqlite({ database }) });
    try {
      const { id } = await sessions.create({ at: 0 });
      const live = await sessions.attach(id);
      const samples = await inTurns([{ name: "live-session", measure: idle }], { rounds: 3, warmUp: false });
      const name = "listening while nothing happens";
      yield caseOf({ name, unit: "µs of processor time a second", better: "less", samples, ours: "live-session" });
      yield* delays(live, path);
    } finally {
      await sessions.close();
      database.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
