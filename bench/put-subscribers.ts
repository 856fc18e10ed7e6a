// What a change costs with so many subscribers in the process: put, commit to memory, a new frozen snapshot, and a
// call of each listener. Beside it a plain EventEmitter handing on the same object: no store, no check, no snapshot.

import { EventEmitter } from "node:events";
import { createLiveSessions } from "live-session";
import { compare, count } from "./support/compare.ts";

const AUDIENCES = [0, 1, 10, 1000];

export async function run(): Promise<void> {
  for (const subscribers of AUDIENCES) {
    const operations = subscribers === 1000 ? 200 : 2_000;
    const sessions = createLiveSessions<{ n: number; cart: object[] }>();
    const { id } = await sessions.create({ cart: [{ id: "kite", amount: 2 }] });
    const live = await sessions.attach(id);
    let delivered = 0;
    for (let index = 0; index < subscribers; index++) live.subscribe(() => void delivered++);

    const emitter = new EventEmitter().setMaxListeners(0);
    for (let index = 0; index < subscribers; index++) emitter.on("change", () => void delivered++);

    const contenders = [
      {
        name: "live.put",
        async batch() {
          for (let n = 0; n < operations; n++) await live.put("n", n);
        },
      },
      {
        name: "EventEmitter.emit",
        async batch() {
          for (let n = 0; n < operations; n++) {
            emitter.emit("change", { n });
            await null; // whoever writes waits, there as here
          }
        },
      },
    ];
    const [puts] = await compare({ operation: `${subscribers} subscribers`, contenders, operations, rounds: 5 });
    if (puts && subscribers > 0) console.log(`    deliveries by live.put: ${count(puts.median * subscribers)}/s`);
    await sessions.close();
  }
}
