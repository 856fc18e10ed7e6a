// Requests a second of an Express app with express-session, over each store that keeps sessions in the process.

import type { Case } from "../report/results.ts";
import { type App, IN_FLIGHT, load, SESSIONS, startApp, withApps } from "../support/http-apps.ts";
import { caseOf, inTurns, pick, type Row } from "../support/measure.ts";

const stores = { "live-session": "live", MemoryStore: "usual", memorystore: "memorystore" };

const mixes = {
  "read-mostly: nine reads to one write": [..."rrrrrrrrrw"],
  "write-mostly: nine writes to one read": [..."wwwwwwwwwr"],
};

async function underLoad(apps: readonly App[], name: string, mix: readonly string[]): Promise<Case> {
  const paths = mix.map((request) => (request === "r" ? "/" : "/add"));
  const sides = Object.keys(stores).map((side, index) => ({ name: side, measure: () => load(apps[index]!, paths) }));
  const samples = await inTurns(sides, { rounds: 6 });
  const peer = { kind: "peer" as const, goal: { atLeast: 1 } };
  return caseOf({
    name,
    unit: "requests/s",
    better: "more",
    samples: pick(samples, ({ rate }) => rate),
    ours: "live-session",
    beside: { MemoryStore: peer, memorystore: peer },
  });
}

export const row: Row = {
  group: "Express in memory",
  title: "an Express app with express-session",
  about:
    `${SESSIONS} sessions, ${IN_FLIGHT} requests in flight. The apps differ in their store alone, each in a process of its ` +
    "own; the load is autocannon's, from another. A read looks at the session, a write changes one key of it.",
  async *run() {
    const apps = Object.values(stores).map((kind) => startApp("express", kind));
    yield* await withApps(apps, async (started) => {
      const cases: Case[] = [];
      for (const [name, mix] of Object.entries(mixes)) cases.push(await underLoad(started, name, mix));
      return cases;
    });
  },
};
