// How soon a browser's socket on one node shows what another node put: on each engine, and beside a bare Redis publish that a
// subscriber sends on by a bare WebSocket.

import { once } from "node:events";
import { WebSocket } from "ws";
import { type EngineNode, engines, tabOf, withNodes } from "../support/engine-nodes.ts";
import { caseOf, inTurns, pick, quantile, type Row, type Samples } from "../support/measure.ts";
import { sharedNow } from "../support/processes.ts";

const PUTS = 200;
const EVERY_MS = 4;
const BARE = "a bare publish to a bare ws";

interface Delay {
  readonly p50: number;
  readonly p99: number;
}

/** A round of puts on one node, as the other node's socket sees them. */
type Round = () => Promise<Delay>;

async function rounds([one, two]: readonly EngineNode[], bare: boolean): Promise<Round> {
  const [id = ""] = bare ? [] : await one!.ask<string[]>({ do: "create", count: 1, principal: "ada" });
  const socket = bare ? new WebSocket(`ws://127.0.0.1:${two!.port}`) : await tabOf(two!, id, "tab");
  if (bare) await once(socket, "open");
  const delays: number[] = [];
  socket.on("message", (data) => {
    const now = sharedNow();
    const message = JSON.parse(String(data));
    delays.push(now - (bare ? message.at : message.view.at));
  });
  return async () => {
    delays.length = 0;
    await one!.ask({ do: "puts", id, count: PUTS, every: EVERY_MS });
    return { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) };
  };
}

/** On Redis both sides run at once, and take turns; on the other engines there is no limit to run beside. */
function measure(engine: string): Promise<Samples<Delay>> {
  return withNodes(engine, { nodes: 2 }, async (nodes) => {
    const ours = { name: "live-session", measure: await rounds(nodes, false) };
    if (engine !== "redis") return inTurns([ours], { rounds: 3 });
    return withNodes(engine, { nodes: 2, bare: true }, async (bareNodes) =>
      inTurns([ours, { name: BARE, measure: await rounds(bareNodes, true) }]),
    );
  });
}

export const row: Row = {
  group: "Sockets and nodes",
  title: "a put on node A to a browser's socket on node B",
  about:
    `${PUTS} puts a round, one each ${EVERY_MS} ms, from just before the put to the message at a client of node B. The limit, ` +
    "on a Redis of its own: a publish by one process, and another that hands each message to `ws`.",
  async *run() {
    for (const engine of ["redis", ...Object.keys(engines).filter((name) => name !== "redis")]) {
      const delays = await measure(engine);
      for (const part of ["p50", "p99"] as const) {
        const goal = { atMost: part === "p50" ? 1.3 : 1.5 };
        yield caseOf({
          name: `${part} on ${engine}`,
          unit: "ms",
          better: "less",
          samples: pick(delays, (each) => each[part]),
          ours: "live-session",
          beside: delays[BARE] ? { [BARE]: { kind: "limit", goal } } : {},
        });
      }
    }
  },
};
