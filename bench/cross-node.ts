// How soon a browser's socket on one node shows what another node put: on each engine, and beside a bare Redis publish that a
// subscriber sends on by a bare WebSocket.

import { once } from "node:events";
import { WebSocket } from "ws";
import { engines, quantile, tabOf, withNodes } from "./support/engine-nodes.ts";

const PUTS = 500;
const EVERY_MS = 4;

export async function run(): Promise<void> {
  console.log(`\n  a put on node A to the socket of node B, ${PUTS} puts, one each ${EVERY_MS} ms`);
  let limit: { p50: number; p99: number } | undefined;
  for (const bare of [true, false]) {
    for (const name of bare ? ["redis"] : Object.keys(engines)) {
      await withNodes(name, bare, 2, async ([one, two]) => {
        if (!one || !two) return;
        let id = "";
        let socket: WebSocket;
        if (bare) {
          socket = new WebSocket(`ws://127.0.0.1:${two.port}`);
          await once(socket, "open");
        } else {
          [id = ""] = (await one.order({ do: "create", count: 1, principal: "ada" })) as string[];
          socket = await tabOf(two, id, "tab");
        }
        const times: number[] = [];
        socket.on("message", (data) => {
          const now = performance.timeOrigin + performance.now();
          const message = JSON.parse(String(data));
          times.push(now - (bare ? message.at : message.view.at));
        });
        await one.order({ do: "puts", id, count: 50, every: EVERY_MS });
        times.length = 0;
        await one.order({ do: "puts", id, count: PUTS, every: EVERY_MS });
        const p50 = quantile(times, 0.5);
        const p99 = quantile(times, 0.99);
        if (bare) limit = { p50, p99 };
        const ratio =
          !bare && name === "redis" && limit
            ? `   ${(p50 / limit.p50).toFixed(2)}x, ${(p99 / limit.p99).toFixed(2)}x`
            : "";
        const label = bare ? "bare publish to ws" : `live-session on ${name}`;
        console.log(
          `    ${label.padEnd(26)} p50 ${p50.toFixed(2)} ms   p99 ${p99.toFixed(2)} ms   ${times.length} seen${ratio}`,
        );
      });
    }
  }
}
