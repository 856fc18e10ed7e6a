// What the diagnostics channels cost: a read and a put in memory, where nothing else costs much, with nobody listening and
// with one listener on every channel that does nothing.

import { createLiveSessions, type DiagnosticListeners, observe } from "live-session";
import type { Case } from "../report/results.ts";
import { compare, type Row, rateOf } from "../support/measure.ts";

const OPERATIONS = 2_000;

const names = ["commit", "read", "touch", "end", "received", "delivered", "resync", "conflict", "error"] as const;

async function* cases(): AsyncGenerator<Case> {
  const sessions = createLiveSessions<{ n: number; cart: object[] }>();
  const { id } = await sessions.create({ cart: [{ id: "kite", amount: 2 }] });
  const live = await sessions.attach(id, { activity: false });
  live.subscribe(() => {});
  let heard = 0;
  const listeners: DiagnosticListeners = Object.fromEntries(names.map((name) => [name, () => void heard++]));
  const once: Record<string, (index: number) => Promise<unknown>> = {
    read: () => sessions.read(id),
    "live.put": (index) => live.put("n", index),
  };
  for (const [operation, call] of Object.entries(once)) {
    const all = async () => {
      for (let index = 0; index < OPERATIONS; index++) await call(index);
    };
    yield await compare({
      name: operation,
      unit: "operations/s",
      better: "more",
      sides: [
        { name: "nobody listens", measure: () => rateOf(OPERATIONS, all) },
        {
          name: "a listener on each channel",
          async measure() {
            const stop = observe(sessions, listeners);
            const rate = await rateOf(OPERATIONS, all);
            stop();
            return rate;
          },
        },
      ],
      beside: { "a listener on each channel": { kind: "peer", goal: { atLeast: 1 } } },
    });
  }
  if (heard === 0) throw new Error("The listeners heard nothing.");
  await sessions.close();
}

export const row: Row = {
  group: "Puts in one process",
  title: "what the diagnostics channels cost",
  about:
    "A read and a put in memory, with nobody listening on the channels of `node:diagnostics_channel`, as in most apps, and with a " +
    "listener on each of them that does nothing: what listening costs, and not listening spares.",
  run: cases,
};
