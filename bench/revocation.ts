// "Log out everywhere": from endAll of a principal with 30 sessions to the last of 300 connections closed, on three nodes.

import { once } from "node:events";
import { engines, quantile, tabOf, withNodes } from "./support/engine-nodes.ts";

const NODES = 3;
const SESSIONS = 30;
const CONNECTIONS = 300;
const ROUNDS = 5;

export async function run(): Promise<void> {
  console.log(
    `\n  endAll of ${SESSIONS} sessions to the last of ${CONNECTIONS} sockets closed, ${NODES} nodes, ${ROUNDS} rounds`,
  );
  for (const name of Object.keys(engines)) {
    await withNodes(name, false, NODES, async (nodes) => {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const order = { do: "create", count: SESSIONS, principal: `ada ${round}` } as const;
        const ids = (await nodes[0]?.order(order)) as string[];
        const tabs = await Promise.all(
          Array.from({ length: CONNECTIONS }, (_, index) => {
            const [node, id] = [nodes[index % NODES], ids[Math.floor(index / NODES) % SESSIONS]];
            return tabOf(node as (typeof nodes)[0], id as string, `tab ${index}`);
          }),
        );
        const closed = Promise.all(tabs.map((tab) => once(tab, "close")));
        const start = performance.now();
        const ended = await nodes[0]?.order({ do: "endAll", principal: order.principal });
        if (ended !== SESSIONS) throw new Error(`${ended} sessions were ended.`);
        await closed;
        times.push(performance.now() - start);
      }
      const [low, median, high] = [0, 0.5, 1].map((part) => quantile(times, part).toFixed(0));
      console.log(`    ${name.padEnd(10)} ${median} ms   (${low} to ${high})`);
    });
  }
}
