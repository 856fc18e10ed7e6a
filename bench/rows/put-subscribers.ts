// What a change costs with so many subscribers in the process: put, commit to memory, a new frozen snapshot, and a call of
// each listener. Beside it a plain EventEmitter handing on the same object: no store, no check, no snapshot.

import { EventEmitter } from "node:events";
import { createLiveSessions } from "live-session";
import type { Case } from "../report/results.ts";
import { compare, type Row, rateOf } from "../support/measure.ts";

/** Subscribers, and the puts a second that are the goal. Phoenix on two cores: 176k, 128k and 56k with 0, 1 and 10. */
const audiences = [
  [0, 600_000],
  [1, 500_000],
  [10, 200_000],
  [1_000, 5_000],
] as const;

async function put(subscribers: number, goal: number): Promise<Case> {
  const operations = subscribers === 1_000 ? 200 : 2_000;
  const sessions = createLiveSessions<{ n: number; cart: object[] }>();
  const { id } = await sessions.create({ cart: [{ id: "kite", amount: 2 }] });
  const live = await sessions.attach(id);
  let delivered = 0;
  for (let index = 0; index < subscribers; index++) live.subscribe(() => void delivered++);
  const emitter = new EventEmitter().setMaxListeners(0);
  for (let index = 0; index < subscribers; index++) emitter.on("change", () => void delivered++);
  const puts = async () => {
    for (let n = 0; n < operations; n++) await live.put("n", n);
  };
  const emits = async () => {
    for (let n = 0; n < operations; n++) {
      emitter.emit("change", { n });
      await null; // whoever writes waits, there as here
    }
  };
  const each = subscribers === 1_000 ? subscribers : 1;
  const measured = await compare({
    name: `${subscribers.toLocaleString("en")} subscribers`,
    unit: each > 1 ? "deliveries/s" : "puts/s",
    better: "more",
    sides: [
      { name: "live.put", measure: async () => each * (await rateOf(operations, puts)) },
      { name: "EventEmitter.emit", measure: async () => each * (await rateOf(operations, emits)) },
    ],
    beside: { "EventEmitter.emit": { kind: "limit" } },
    goal: { atLeast: each * goal },
  });
  await sessions.close();
  return measured;
}

export const row: Row = {
  group: "Puts in one process",
  title: "put with 0, 1, 10 and 1,000 subscribers in the process",
  about:
    "`await live.put(key, value)`, one after the other: checked, committed to memory, and told to each subscriber as a new " +
    "frozen snapshot. The limit is Node's EventEmitter handing the same object to as many listeners.",
  async *run() {
    for (const [subscribers, goal] of audiences) yield await put(subscribers, goal);
  },
};
