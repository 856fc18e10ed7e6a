// Requests of express-session taken apart into the store's steps, to be done in any order against an end of the session.

import fc from "fast-check";
import type { EndReason, SessionStore } from "live-session";
import type { ExpressStore } from "live-session/express";
import { bag, call, load } from "./express.ts";

const HOUR = 3_600_000;

/** A store whose every step waits its turn, before it is done and before its answer comes; `watch` sees what it did. */
export function stepwise(
  store: SessionStore,
  turn: (step: string) => Promise<void>,
  watch: () => Promise<void>,
): SessionStore {
  const slow =
    <Given extends unknown[], Result>(step: string, run: (...given: Given) => Result | Promise<Result>) =>
    async (...given: Given) => {
      await turn(step);
      const result = await run.apply(store, given);
      await watch();
      await turn(`${step} answers`);
      return result;
    };
  return {
    ...store,
    read: slow("read", store.read),
    commit: slow("commit", store.commit),
    touch: slow("touch", store.touch),
    destroy: slow("destroy", store.destroy),
  };
}

export const deeds = {
  save: async (store, id, key) => {
    const session = await load(store, id);
    bag({ session })[key] = true;
    await call((done) => session.save(done));
  },
  "save twice": async (store, id, key) => {
    const session = await load(store, id);
    bag({ session })[key] = 1;
    const first = call((done) => session.save(done));
    bag({ session })[key] = 2;
    await Promise.allSettled([first, call((done) => session.save(done))]);
  },
  touch: async (store, id) => {
    const session = await load(store, id);
    session.touch();
    await call((done) => store.touch(id, session, done));
  },
  lengthen: async (store, id) => {
    const session = await load(store, id);
    session.cookie.maxAge = HOUR;
    await call((done) => store.touch(id, session, done));
  },
  read: async (store, id) => void (await load(store, id)),
} satisfies Record<string, (store: ExpressStore, id: string, key: string) => Promise<void>>;

type Deed = keyof typeof deeds;
export const someDeeds = fc.array(fc.constantFrom(...(Object.keys(deeds) as Deed[])), { minLength: 1, maxLength: 4 });
export const reasons = fc.constantFrom<EndReason>("destroyed", "regenerated", "revoked", "expired");
