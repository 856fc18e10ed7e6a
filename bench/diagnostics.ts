// What the diagnostics channels cost: a read and a put in memory, where nothing else costs anything, with nobody listening
// and with one listener on every channel that does nothing. Beside them the look at the flag alone, of which an operation
// without listeners does three at most.

import { channel } from "node:diagnostics_channel";
import { createLiveSessions, type DiagnosticListeners, observe } from "live-session";
import { compare } from "./support/compare.ts";

const OPERATIONS = 2_000;

const names = ["commit", "read", "touch", "end", "received", "delivered", "resync", "conflict", "error"] as const;

export async function run(): Promise<void> {
  const sessions = createLiveSessions<{ n: number; cart: object[] }>();
  const { id } = await sessions.create({ cart: [{ id: "kite", amount: 2 }] });
  const live = await sessions.attach(id, { activity: false });
  live.subscribe(() => {});
  let heard = 0;
  const listeners: DiagnosticListeners = Object.fromEntries(names.map((name) => [name, () => void heard++]));
  const once = {
    read: () => sessions.read(id),
    "live.put": (index: number) => live.put("n", index),
  };
  for (const [operation, call] of Object.entries(once)) {
    const all = async () => {
      for (let index = 0; index < OPERATIONS; index++) await call(index);
    };
    const listened = async () => {
      const stop = observe(sessions, listeners);
      await all();
      stop();
    };
    const contenders = [
      { name: "nobody listens", batch: all },
      { name: "one listener on each channel", batch: listened },
    ];
    await compare({ operation, contenders, operations: OPERATIONS });
  }
  if (heard === 0) throw new Error("The listeners heard nothing.");
  await flags();
  await sessions.close();
}

/** The look at the flag by itself, a million at a time. */
async function flags(): Promise<void> {
  const looked = channel("live-session:commit");
  const operations = 1_000_000;
  let listening = 0;
  const batch = async () => {
    for (let index = 0; index < operations; index++) if (looked.hasSubscribers) listening++;
  };
  await compare({ operation: "the flag", contenders: [{ name: "hasSubscribers", batch }], operations });
  if (listening > 0) throw new Error("Somebody listened.");
}
