// Promise 7: an engine that does not answer is an error to the caller in good time, and nothing is lost for subscribers.

import { localBus, memoryStore, type SessionBus } from "live-session";
import { ManualClock } from "live-session/conformance";
import { expect, test } from "vitest";
import { rejection, settle, testSessions } from "../support/sessions.ts";

interface Data {
  n: number;
}

/** A memory store whose every answer waits while `hold` is set, until `release`. */
function slowStore(clock: ManualClock) {
  const store = memoryStore({ clock });
  const waiting: (() => void)[] = [];
  const slow = { hold: false, release: () => void waiting.splice(0).forEach((answer) => void answer()) };
  const gate = async () => {
    if (slow.hold) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const { read, commit, touch, destroy, versions } = store;
  Object.assign(store, {
    read: (...given: Parameters<typeof read>) => gate().then(() => read(...given)),
    commit: (...given: Parameters<typeof commit>) => gate().then(() => commit(...given)),
    touch: (...given: Parameters<typeof touch>) => gate().then(() => touch(...given)),
    destroy: (...given: Parameters<typeof destroy>) => gate().then(() => destroy(...given)),
    versions: (...given: Parameters<typeof versions>) => gate().then(() => versions(...given)),
  });
  return { store, slow };
}

test("a store that does not answer fails each call after the time-out, by name", async () => {
  const clock = new ManualClock();
  const { store, slow } = slowStore(clock);
  const { sessions } = testSessions<Data>({ store, clock, timeout: "2s" });
  const { id } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  slow.hold = true;
  const calls = [
    sessions.read(id),
    sessions.create({ n: 2 }),
    sessions.end(id),
    live.put("n", 2),
    live.update("n", (n = 0) => n + 1),
    sessions.regenerate(id),
  ].map(rejection);
  await settle();
  clock.advance(1999);
  let settled = 0;
  for (const call of calls) void call.then(() => settled++);
  await settle();
  expect(settled).toBe(0);
  clock.advance(1);
  for (const error of await Promise.all(calls)) {
    expect(error).toMatchObject({ code: "store_failed", message: expect.stringContaining("2000 ms") });
  }
});

test("a write that the store finished after the time-out reaches every subscriber all the same", async () => {
  const clock = new ManualClock();
  const { store, slow } = slowStore(clock);
  const bus = localBus();
  const { sessions } = testSessions<Data>({ store, bus, clock });
  const { sessions: elsewhere } = testSessions<Data>({ store, bus, clock });
  const { id } = await sessions.create({ n: 1 });
  const [live, other] = [await sessions.attach(id), await elsewhere.attach(id)];
  slow.hold = true;
  const write = rejection(live.put("n", 2));
  await settle();
  clock.advance(5000);
  expect(await write).toMatchObject({ code: "store_failed" });
  slow.hold = false;
  slow.release();
  await settle();
  expect(live.data).toEqual({ n: 2 });
  expect(other.data).toEqual({ n: 2 });
});

test("a check that the store does not answer makes connections stale, until it answers again", async () => {
  const clock = new ManualClock();
  const { store, slow } = slowStore(clock);
  const { sessions } = testSessions<Data>({ store, clock, checkInterval: "30s" });
  const live = await sessions.attach((await sessions.create({ n: 1 })).id);
  slow.hold = true;
  clock.advance(30_000);
  await settle();
  clock.advance(5_000);
  await settle();
  expect(live.status).toBe("stale");
  slow.hold = false;
  slow.release();
  clock.advance(1_000);
  await settle();
  expect(live.status).toBe("live");
});

test("a bus that does not answer fails the attach, and a subscription that comes late is given back", async () => {
  const clock = new ManualClock();
  const inner = localBus();
  let subscribed = () => {};
  let given = 0;
  const bus: SessionBus = {
    ...inner,
    async subscribe(key, listener) {
      await new Promise<void>((resolve) => (subscribed = resolve));
      const unsubscribe = await inner.subscribe(key, listener);
      given++;
      return () => {
        given--;
        unsubscribe();
      };
    },
  };
  const { sessions } = testSessions<Data>({ bus, clock, timeout: 300 });
  const { id } = await sessions.create({ n: 1 });
  const attached = rejection(sessions.attach(id));
  await settle();
  clock.advance(300);
  expect(await attached).toMatchObject({ code: "bus_failed" });
  subscribed();
  await settle();
  expect(given).toBe(0);
  const again = sessions.attach(id);
  await settle();
  subscribed();
  expect((await again).data).toEqual({ n: 1 });
  expect(given).toBe(1);
});
