// The stores that express-store compares: ours and the two that keep sessions in this process too.

import session from "express-session";
import { createLiveSessions } from "live-session";
import { expressStore } from "live-session/express";
import memorystore from "memorystore";

const Memorystore = memorystore(session) as unknown as new (options: { checkPeriod: number }) => session.Store;

export const makers = {
  "live-session": () => expressStore(createLiveSessions()),
  MemoryStore: () => new session.MemoryStore(),
  memorystore: () => new Memorystore({ checkPeriod: 86_400_000 }),
} satisfies Record<string, () => session.Store>;

export type StoreName = keyof typeof makers;

/** About 350 bytes of JSON with its cookie, as a small shop keeps for a visitor. */
export function visitor(index: number): session.SessionData {
  const cookie = Object.assign(new session.Cookie(), { maxAge: 86_400_000 });
  const cart = [
    { id: `kite-${index}`, amount: 2, price: 1995 },
    { id: "string", amount: 1, price: 350 },
  ];
  const data = { user: `user-${index}`, csrf: "tPzAeLyZ2uJ1Xr7w", theme: "light", views: index, cart };
  return { cookie, ...data } as unknown as session.SessionData;
}

/** As long as express-session's own ids. */
export function idOf(index: number): string {
  return `${index}`.padStart(32, "visitor-of-the-shop-");
}

/** Puts sessions in, each made by a request that had none. */
export async function fill(store: session.Store, sessions: number): Promise<void> {
  await all(sessions, sessions, (index, done) => store.set(idOf(index), visitor(index), done));
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
