// What an idle connection costs: WebSockets in one node, each attached to a session of its own, beside as many that the ws
// package alone holds. Each side is a process of its own; the connections come from another.

import { caseOf, inTurns, pick, type Row } from "../support/measure.ts";
import { type Memory, memoryEach } from "../support/processes.ts";
import { withSockets } from "../support/sockets.ts";

const CONNECTIONS = 10_000;

function measure(kind: "raw" | "live"): Promise<Memory> {
  return withSockets(kind, CONNECTIONS, async ({ server, open }) => {
    const before = await server<Memory>({ do: "memory" });
    await open(CONNECTIONS);
    return memoryEach(before, await server<Memory>({ do: "memory" }), CONNECTIONS);
  });
}

export const row: Row = {
  group: "Sockets and nodes",
  title: "10,000 idle connections",
  about:
    "Each connection is attached to a session of its own that was there before, and has had its first view. Raw `ws` holds as " +
    "many that have had one message.",
  async *run() {
    const sides = [
      { name: "live-session", measure: () => measure("live") },
      { name: "raw ws", measure: () => measure("raw") },
    ];
    const samples = await inTurns(sides, { rounds: 2, warmUp: false });
    for (const kind of ["heap", "resident"] as const) {
      const { "live-session": live = [], "raw ws": raw = [] } = pick(samples, (each) => each[kind]);
      const name = kind === "heap" ? "heap" : "resident memory";
      const about = { unit: "bytes a connection", better: "less" } as const;
      const all = { "live-session": live, "raw ws": raw };
      yield caseOf({ ...about, name, samples: all, ours: "live-session", beside: { "raw ws": { kind: "limit" } } });
      const ours = "on top of raw ws";
      const onTop = { [ours]: live.map((value, round) => value - (raw[round] ?? Number.NaN)) };
      yield caseOf({ ...about, name: `${name}, on top`, samples: onTop, ours, goal: { atMost: 2_000 } });
    }
  },
};
