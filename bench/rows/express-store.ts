// What a session store costs a request, under express-session's own store API. Ours merges: it finds what the request
// changed, checks it, and tells subscribers.

import type { Case, Goal } from "../report/results.ts";
import { compare, type Row } from "../support/measure.ts";
import { storeNames } from "../support/session-stores.ts";
import type { Operation } from "../support/store-server.ts";
import { type StoreServer, withStores } from "../support/store-servers.ts";

const goals: Record<Operation, Goal | undefined> = {
  get: { atLeast: 1.5 },
  set: { atLeast: 1.2 },
  "get and set": undefined,
  "get and touch": undefined,
};

/** What is measured on how many sessions. */
const sizes: readonly (readonly [number, readonly Operation[]])[] = [
  [100_000, ["get", "set", "get and set", "get and touch"]],
  [1_000_000, ["get", "set"]],
];

const what: Record<Operation, string> = {
  get: "get",
  set: "set of a whole session",
  "get and set": "get, then set with one key changed",
  "get and touch": "get, then touch",
};

async function measure(
  servers: readonly StoreServer[],
  sessions: number,
  operations: readonly Operation[],
): Promise<Case[]> {
  await Promise.all(servers.map((server) => server.ask({ do: "fill", from: 0, to: sessions })));
  const cases: Case[] = [];
  for (const operation of operations) {
    const goal = goals[operation];
    const peer = { kind: "peer" as const, ...(goal && { goal }) };
    const sides = servers.map(({ name, ask }) => ({
      name,
      measure: () => ask<number>({ do: "rate", operation, sessions }),
    }));
    const name = `${what[operation]}, ${sessions.toLocaleString("en")} sessions`;
    const beside = { MemoryStore: peer, memorystore: peer };
    cases.push(await compare({ name, unit: "operations/s", better: "more", sides, beside }));
  }
  return cases;
}

export const row: Row = {
  group: "Memory store",
  title: "express-session's store API over 100,000 and a million sessions",
  about:
    "Sessions of about 350 bytes of JSON, 100 operations in flight, each store in a process of its own. The whole set puts " +
    "a session that was not loaded before; the middleware itself always loads first, as it does in the cases after that.",
  async *run() {
    for (const [sessions, operations] of sizes) {
      yield* await withStores(storeNames, (servers) => measure(servers, sessions, operations));
    }
  },
};
