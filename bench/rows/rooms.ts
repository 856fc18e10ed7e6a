// 100,000 sessions with one connection each, of which a random one is changed, beside Socket.IO's rooms.

import { compare, type Row } from "../support/measure.ts";
import { type BenchProcess, startProcess } from "../support/processes.ts";

const SESSIONS = 100_000;
const CHANGES = 20_000;

const kinds = { "live.put": "live", "io.to(room).emit": "rooms" };

export const row: Row = {
  group: "Sockets and nodes",
  title: "100,000 sessions with one connection each, random puts",
  about:
    "Each side in a process of its own, with its whole WebSocket code down to the TCP socket, which is a stub that counts: " +
    "100,000 real connections do not fit one machine. Ours commits the put and sends the view; Socket.IO emits the same " +
    "view to the session's room, and stores nothing.",
  async *run() {
    const processes: BenchProcess[] = [];
    try {
      const start = (kind: string) => startProcess("rooms-server.ts", { arguments: [kind, `${SESSIONS}`] });
      const started = await Promise.allSettled(Object.values(kinds).map(start));
      for (const each of started) if (each.status === "fulfilled") processes.push(each.value);
      for (const each of started) if (each.status === "rejected") throw each.reason;
      yield await compare({
        name: "a change to its connection",
        unit: "changes/s",
        better: "more",
        sides: Object.keys(kinds).map((name, index) => ({ name, measure: () => processes[index]!.ask(CHANGES) })),
        beside: { "io.to(room).emit": { kind: "peer", goal: { atLeast: 2 } } },
        rounds: 7,
      });
    } finally {
      await Promise.all(processes.map((each) => each.stop()));
    }
  },
};
