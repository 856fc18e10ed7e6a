// What a session store costs a request: 100,000 sessions of about 350 bytes under express-session's own store API.
// Ours merges: it finds what the request changed, checks it, and tells subscribers.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Request } from "express";
import type { Session, SessionData, Store } from "express-session";
import { compare } from "./support/compare.ts";
import { all, type Done, fill, idOf, makers, type StoreName, visitor } from "./support/session-stores.ts";

const SESSIONS = 100_000;
/** Operations in flight, as on a busy server; stores that wait for the next turn of the event loop share it. */
const WIDTH = 100;
const OPERATIONS = 5_000;

type Load = (error: unknown, data?: SessionData | null) => void;
type Work = (store: Store, id: string, index: number, done: Done) => void;

/** As the middleware does when a request comes in. */
function load(store: Store, id: string, then: (session: Session & SessionData) => void, done: Done): void {
  const loaded: Load = (error, data) => {
    if (error || !data) return done(error ?? new Error("The session is missing."));
    then(store.createSession({ sessionID: id, sessionStore: store } as Request, data));
  };
  store.get(id, loaded);
}

function addToCart(session: Session & SessionData, index: number): void {
  const { cart } = session as unknown as { cart: object[] };
  (session as unknown as { cart: object[] }).cart = [cart[0] ?? {}, { id: "bow", amount: index, price: 100 }];
}

const work: Record<string, Work> = {
  get: (store, id, _index, done) => store.get(id, (error, data) => done(error ?? (data ? undefined : new Error(id)))),
  "set, a whole session": (store, id, index, done) => store.set(id, visitor(index), done),
  "get and set, one key changed": (store, id, index, done) =>
    load(
      store,
      id,
      (session) => {
        addToCart(session, index);
        store.set(id, session, done);
      },
      done,
    ),
  "get and touch": (store, id, _index, done) =>
    load(store, id, (session) => (store.touch ? store.touch(id, session.touch(), done as () => void) : done()), done),
};

export async function run(): Promise<void> {
  const stores = Object.entries(makers).map(([name, make]): [string, Store] => [name, make()]);
  for (const [, store] of stores) await fill(store, SESSIONS);
  for (const [operation, once] of Object.entries(work)) {
    let turn = 0;
    const contenders = stores.map(([name, store]) => ({
      name,
      batch: () => {
        const start = turn++ * OPERATIONS;
        return all(OPERATIONS, WIDTH, (index, done) => {
          const at = (start + index * 7919) % SESSIONS; // here and there, as visitors come
          once(store, idOf(at), start + index, done);
        });
      },
    }));
    await compare({ operation, contenders, operations: OPERATIONS });
  }
  console.log("\n  heap for each of 100,000 sessions, each store in a process of its own");
  for (const name of Object.keys(makers)) console.log(`    ${name.padEnd(28)} ${heapOf(name as StoreName)} bytes`);
}

function heapOf(name: StoreName): number {
  const script = fileURLToPath(new URL("support/heap-of-store.ts", import.meta.url));
  const args = ["--expose-gc", "--import", "tsx", script, name, String(SESSIONS)];
  return Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
}
