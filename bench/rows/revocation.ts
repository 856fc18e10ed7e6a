// "Log out everywhere": from endAll of a principal with 30 sessions to the last of 300 connections closed, on three nodes.

import { once } from "node:events";
import { type EngineNode, engines, tabOf, withNodes } from "../support/engine-nodes.ts";
import { caseOf, inTurns, type Row } from "../support/measure.ts";

const NODES = 3;
const SESSIONS = 30;
const CONNECTIONS = 300;

let turn = 0;

async function revoke(nodes: readonly EngineNode[]): Promise<number> {
  const principal = `ada ${turn++}`;
  const ids = await nodes[0]!.ask<string[]>({ do: "create", count: SESSIONS, principal });
  const tabs = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, index) =>
      tabOf(nodes[index % NODES]!, ids[Math.floor(index / NODES) % SESSIONS]!, `tab ${index}`),
    ),
  );
  const closed = Promise.all(tabs.map((tab) => once(tab, "close")));
  const start = performance.now();
  const ended = await nodes[0]!.ask<number>({ do: "endAll", principal });
  if (ended !== SESSIONS) throw new Error(`${ended} sessions were ended.`);
  await closed;
  return performance.now() - start;
}

export const row: Row = {
  group: "Beyond the goals",
  title: "log out everywhere",
  about: `From \`endAll\` of ${SESSIONS} sessions to the last of ${CONNECTIONS} sockets closed, on ${NODES} nodes.`,
  async *run() {
    for (const engine of Object.keys(engines)) {
      const measure = () =>
        withNodes(engine, { nodes: NODES }, (nodes) =>
          inTurns([{ name: "live-session", measure: () => revoke(nodes) }]),
        );
      yield caseOf({ name: engine, unit: "ms", better: "less", samples: await measure(), ours: "live-session" });
    }
  },
};
