// A process that holds nothing but one store under express-session's API: each has its own heap and collector, as in an app.
// argv: the name of the store.

import type { Request } from "express";
import type { Session, SessionData, Store } from "express-session";
import { rateOf } from "./measure.ts";
import { memory, obey } from "./processes.ts";
import { all, type Contender, type Done, fill, idOf, makers, type StoreName, visitor } from "./session-stores.ts";

export type StoreOrder =
  /** Sessions from one number up to another, which live for so many ms (default: a day). */
  | { readonly do: "fill"; readonly from: number; readonly to: number; readonly maxAge?: number }
  | { readonly do: "memory" }
  /** Answers with operations a second, on that many sessions. */
  | { readonly do: "rate"; readonly operation: Operation; readonly sessions: number }
  /** Answers with ms, and the sessions that are left. */
  | { readonly do: "sweep" };

type Load = (error: unknown, data?: SessionData | null) => void;

/** Operations in flight, as on a busy server; stores that wait for the next turn of the event loop share it. */
const WIDTH = 100;
const BATCH = 5_000;

const { store, sweep }: Contender = makers[process.argv[2] as StoreName]();

/** As the middleware does when a request comes in. */
function load(id: string, then: (session: Session & SessionData) => void, done: Done): void {
  const loaded: Load = (error, data) => {
    if (error || !data) return done(error ?? new Error("The session is missing."));
    then(store.createSession({ sessionID: id, sessionStore: store } as Request, data));
  };
  store.get(id, loaded);
}

function addToCart(session: Session & SessionData, index: number): void {
  const shop = session as unknown as { cart: object[] };
  shop.cart = [shop.cart[0] ?? {}, { id: "bow", amount: index, price: 100 }];
}

const operations = {
  get: (id: string, _index: number, done: Done) =>
    store.get(id, (error, data) => done(error ?? (data ? undefined : new Error("The session is missing.")))),
  set: (id: string, index: number, done: Done) => store.set(id, visitor(index), done),
  "get and set": (id: string, index: number, done: Done) =>
    load(
      id,
      (session) => {
        addToCart(session, index);
        store.set(id, session, done);
      },
      done,
    ),
  "get and touch": (id: string, _index: number, done: Done) =>
    load(id, (session) => (store.touch ? store.touch(id, session.touch(), done as () => void) : done()), done),
};

export type Operation = keyof typeof operations;

let turn = 0;

function rate(operation: Operation, sessions: number): Promise<number> {
  const once = operations[operation];
  return rateOf(BATCH, () => {
    const start = turn++ * BATCH;
    return all(BATCH, WIDTH, (index, done) => {
      const at = (start + index * 7919) % sessions; // here and there, as visitors come
      once(idOf(at), start + index, done);
    });
  });
}

async function timedSweep(): Promise<{ ms: number; left: number }> {
  const start = performance.now();
  await sweep?.();
  const ms = performance.now() - start;
  const { length } = store as Required<Pick<Store, "length">>;
  const left = await new Promise<number>((resolve, reject) =>
    length.call(store, (error: unknown, count?: number) => (error ? reject(error) : resolve(count ?? 0))),
  );
  return { ms, left };
}

await fill(store, 0, 10); // code and caches
obey(null, (order: StoreOrder) => {
  if (order.do === "fill") return fill(store, order.from, order.to, order.maxAge);
  if (order.do === "memory") return memory();
  if (order.do === "rate") return rate(order.operation, order.sessions);
  globalThis.gc?.();
  return timedSweep();
});
