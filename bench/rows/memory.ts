// What a session costs in memory, a million of them, each store in a process that holds nothing else.

import { caseOf, pick, type Row } from "../support/measure.ts";
import { type Memory, memoryEach } from "../support/processes.ts";
import { type StoreName, storeNames } from "../support/session-stores.ts";
import { withStores } from "../support/store-servers.ts";

const SESSIONS = 1_000_000;
const ROUNDS = 2;

function measure(name: StoreName): Promise<Memory> {
  return withStores([name], async ([server]) => {
    const before = await server!.ask<Memory>({ do: "memory" });
    await server!.ask({ do: "fill", from: 10, to: SESSIONS + 10 });
    return memoryEach(before, await server!.ask<Memory>({ do: "memory" }), SESSIONS);
  });
}

export const row: Row = {
  group: "Memory store",
  title: "memory a session, a million sessions",
  about:
    "A million sessions of about 350 bytes of JSON, made through express-session's store API, garbage collected: what the " +
    "process has more than before, for each. Heap counts external memory too.",
  async *run() {
    // All at once: what they take from each other is time, which does not count here.
    const rounds = (name: StoreName) => Promise.all(Array.from({ length: ROUNDS }, () => measure(name)));
    const measured = storeNames.map(async (name) => [name, await rounds(name)] as const);
    const samples = Object.fromEntries(await Promise.all(measured));
    for (const kind of ["heap", "resident"] as const) {
      const peer = { kind: "peer" as const, goal: { atMost: 0.8 } };
      yield caseOf({
        name: kind === "heap" ? "heap" : "resident memory",
        unit: "bytes a session",
        better: "less",
        samples: pick(samples, (each) => each[kind]),
        ours: "live-session",
        beside: { MemoryStore: peer, memorystore: peer },
      });
    }
  },
};
