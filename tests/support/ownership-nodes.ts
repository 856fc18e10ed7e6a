// Stores in this process for the ownership model: each call takes turns of the event loop, so that calls overlap as they
// do over a network.

import { createLiveSessions, localBus, type PrincipalLimit, type SessionStore } from "live-session";
import { ManualClock } from "live-session/conformance";
import type { OwnershipNodes } from "./ownership-model.ts";

/** A store whose answers come later, by a number of turns that varies. */
export function slowed(store: SessionStore): SessionStore {
  let turn = 0;
  const later = async () => {
    turn = (turn * 7 + 3) % 11;
    for (let left = turn % 4; left > 0; left--) await new Promise(setImmediate);
  };
  const slow =
    <Given extends unknown[], Result>(run: (...given: Given) => Result) =>
    async (...given: Given): Promise<Awaited<Result>> => {
      await later();
      const result = await run.apply(store, given);
      await later();
      return result;
    };
  return {
    ...store,
    read: slow(store.read),
    commit: slow(store.commit),
    touch: slow(store.touch),
    destroy: slow(store.destroy),
    async *list(filter) {
      await later();
      const listed = [];
      for await (const each of store.list(filter)) listed.push(each);
      await later();
      yield* listed;
    },
  };
}

/** Two hubs on one store, whose time stands still but for `advance`. */
export function localNodes(
  make: (clock: ManualClock) => SessionStore,
  principalLimit?: PrincipalLimit,
): OwnershipNodes {
  const clock = new ManualClock();
  const [store, bus] = [slowed(make(clock)), localBus()];
  const nodes = [1, 2].map(() =>
    createLiveSessions<Record<string, unknown>>({ store, bus, clock, principalLimit, onError() {} }),
  );
  return {
    nodes,
    advance: (ms) => clock.advance(ms),
    close: async () => void (await Promise.all(nodes.map((node) => node.close()))),
  };
}
