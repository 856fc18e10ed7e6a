// The stores under express-session that keep sessions in the process: ours and the two that users have.

import session from "express-session";
import { createLiveSessions, memoryStore } from "live-session";
import { expressStore } from "live-session/express";
import memorystore from "memorystore";

interface MemorystoreStore extends session.Store {
  prune(): void;
}

const Memorystore = memorystore(session) as unknown as new (options: { checkPeriod: number }) => MemorystoreStore;

export interface Contender {
  readonly store: session.Store;
  /** Frees what expired; left out where there is no such thing. */
  readonly sweep?: () => unknown;
}

/** Nothing is swept unless a row says so. */
export const makers = {
  "live-session": () => {
    const store = memoryStore();
    const sessions = createLiveSessions({ store, cleanInterval: "1d" });
    return { store: expressStore(sessions), sweep: () => store.sweep(0) };
  },
  MemoryStore: () => ({ store: new session.MemoryStore() }),
  memorystore: () => {
    const store = new Memorystore({ checkPeriod: 86_400_000 });
    return { store, sweep: () => store.prune() };
  },
} satisfies Record<string, () => Contender>;

export type StoreName = keyof typeof makers;

export const storeNames = Object.keys(makers) as StoreName[];

/** About 350 bytes of JSON with its cookie, as a small shop keeps for a visitor. */
export function visitor(index: number, maxAge = 86_400_000): session.SessionData {
  const cookie = Object.assign(new session.Cookie(), { maxAge });
  const cart = [
    { id: `kite-${index}`, amount: 2, price: 1995 },
    { id: "string", amount: 1, price: 350 },
    { id: "tail", amount: 3, price: 275 },
  ];
  const data = {
    user: `user-${index}`,
    csrf: "tPzAeLyZ2uJ1Xr7w",
    theme: "light",
    views: index,
    lastPage: "/kites?page=2&sort=price",
    cart,
  };
  return { cookie, ...data } as unknown as session.SessionData;
}

/** As long as express-session's own ids. */
export function idOf(index: number): string {
  return `${index}`.padStart(32, "visitor-of-the-shop-");
}

/** Puts the sessions from one number up to another in, each made by a request that had none. */
export async function fill(store: session.Store, from: number, to: number, maxAge?: number): Promise<void> {
  const create = (index: number, done: Done) => store.set(idOf(from + index), visitor(from + index, maxAge), done);
  await all(to - from, 1_000, create);
}

export type Done = (error?: unknown) => void;

/** Runs so many operations with callbacks, at most `width` of them at a time. */
export function all(operations: number, width: number, operation: (index: number, done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let started = 0;
    let finished = 0;
    const done: Done = (error) => {
      if (error) return reject(error);
      if (++finished === operations) resolve();
      else if (started < operations) operation(started++, done);
    };
    for (let lane = Math.min(width, operations); lane > 0; lane--) operation(started++, done);
  });
}
