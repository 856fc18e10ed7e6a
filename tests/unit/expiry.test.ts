// Promises 4 and 5: expired means unreadable at once; activity pushes the lifetime, throttled; the deadline stays.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type LiveSessionsOptions,
  localBus,
  memoryStore,
  putSession,
  type SessionKey,
  type SessionStore,
  sessionKey,
} from "live-session";
import { ManualClock } from "live-session/conformance";
import { describe, expect, test } from "vitest";
import { rejection, settle, testSessions } from "../support/sessions.ts";

interface Data {
  n: number;
}

const MINUTE = 60_000;

/** How often the store was touched so far. */
function countTouches(store: SessionStore): () => number {
  let touches = 0;
  const { touch } = store;
  store.touch = (...parameters) => {
    touches++;
    return touch(...parameters);
  };
  return () => touches;
}

test("an expired session is unreadable at once, to the millisecond, with no sweep", async () => {
  const { sessions, clock } = testSessions<Data>({ lifetime: "30m", cleanInterval: "1w", touchInterval: "30m" });
  const { id, session } = await sessions.create({ n: 1 });
  clock.advance(30 * MINUTE - 1);
  expect((await sessions.records.read((await sessions.attach(id)).key)).state).toBe("live");
  const other = await sessions.create({ n: 1 });
  clock.advance(30 * MINUTE);
  expect(await sessions.read(other.id)).toBeNull();
  expect(await rejection(sessions.attach(other.id))).toMatchObject({ code: "session_ended", reason: "expired" });
  expect(await rejection(putSession(other.session, "n", 2))).toMatchObject({
    code: "session_ended",
    reason: "expired",
  });
  expect(await sessions.records.count()).toBe(0);
  expect(session).toEqual({ n: 1 });
});

test("attached connections are told on time that their session expired", async () => {
  const { sessions, clock } = testSessions<Data>({ lifetime: "30m", checkInterval: "1w", expiryNotice: 0 });
  const live = await sessions.attach((await sessions.create({ n: 1 })).id);
  const seen: unknown[] = [];
  live.subscribe((message) => seen.push(message));
  clock.advance(30 * MINUTE - 1);
  await settle();
  expect(seen).toEqual([]);
  clock.advance(1);
  await settle();
  expect(seen).toEqual([{ type: "live_session_ended", reason: "expired" }]);
});

test.each([
  ["behind", -MINUTE],
  ["ahead", MINUTE],
])("they are told on time, too, by a node whose clock is a minute %s the store's", async (_words, skew) => {
  const clock = new ManualClock();
  const nodes = new ManualClock(clock.now() + skew);
  const store = memoryStore({ clock });
  const { sessions } = testSessions<Data>({
    store,
    clock: nodes,
    lifetime: "30m",
    checkInterval: "1w",
    expiryNotice: 0,
  });
  const live = await sessions.attach((await sessions.create({ n: 1 })).id);
  const pass = async (ms: number) => {
    clock.advance(ms);
    nodes.advance(ms);
    await settle();
  };
  await pass(MINUTE);
  await live.put("n", 2); // its expiry comes with the event of the write
  await pass(30 * MINUTE - 1);
  expect(live.status).toBe("live");
  await pass(1);
  expect(live.endReason).toBe("expired");
});

describe("a session that is about to expire", () => {
  async function attached(options: Pick<LiveSessionsOptions<Data>, "expiryNotice"> = {}) {
    const clock = new ManualClock();
    const store = memoryStore({ clock });
    const common = { store, clock, lifetime: "30m", checkInterval: "1w", touchInterval: 0, ...options } as const;
    const { sessions } = testSessions<Data>(common);
    const { sessions: elsewhere } = testSessions<Data>(common);
    const { id } = await sessions.create({ n: 1 });
    const live = await sessions.attach(id);
    const seen: unknown[] = [];
    live.subscribe((message) => seen.push(message));
    const pass = async (ms: number) => {
      clock.advance(ms);
      await settle();
    };
    return { id, live, seen, pass, elsewhere, start: clock.now() };
  }

  test("is told to those attached, expiryNotice before", async () => {
    const { seen, pass, start } = await attached();
    await pass(29 * MINUTE - 1);
    expect(seen).toEqual([]);
    await pass(1);
    expect(seen).toEqual([{ type: "live_session_expiring", expiresAt: start + 30 * MINUTE, left: MINUTE }]);
    await pass(MINUTE);
    expect(seen[1]).toEqual({ type: "live_session_ended", reason: "expired" });
  });

  test("and lives on when something happens in it: that is told, and the next time, too", async () => {
    const { live, seen, pass, start } = await attached({ expiryNotice: "5m" });
    await pass(26 * MINUTE);
    live.get("n");
    await settle();
    expect(seen).toEqual([
      { type: "live_session_expiring", expiresAt: start + 30 * MINUTE, left: 4 * MINUTE },
      { type: "live_session_extended", expiresAt: start + 56 * MINUTE },
    ]);
    await pass(24 * MINUTE);
    expect(seen).toHaveLength(2);
    await pass(MINUTE);
    expect(seen[2]).toEqual({ type: "live_session_expiring", expiresAt: start + 56 * MINUTE, left: 5 * MINUTE });
  });

  test("is not said to be where another node pushed it, of which this one heard nothing", async () => {
    const { id, seen, pass, elsewhere, live } = await attached();
    await pass(20 * MINUTE);
    await elsewhere.read(id);
    await pass(10 * MINUTE);
    expect(seen).toEqual([]);
    await pass(19 * MINUTE);
    expect(seen).toMatchObject([{ type: "live_session_expiring" }]);
    expect(live.status).toBe("live");
  });

  test.each([{ expiryNotice: 0 }, { expiryNotice: "20m" }] as const)("is not told with %o", async (options) => {
    const { seen, pass } = await attached(options);
    await pass(30 * MINUTE - 1);
    expect(seen).toEqual([]);
  });
});

test("writes push the lifetime forward, and so do reads; looking at the snapshot does not", async () => {
  const { sessions, clock } = testSessions<Data>({ lifetime: "30m", touchInterval: 0 });
  const live = await sessions.attach((await sessions.create({ n: 1 })).id);
  clock.advance(20 * MINUTE);
  await live.put("n", 2);
  clock.advance(20 * MINUTE);
  expect(live.get("n")).toBe(2);
  await settle();
  clock.advance(20 * MINUTE);
  expect(live.data).toEqual({ n: 2 });
  await settle();
  clock.advance(10 * MINUTE);
  await settle();
  expect(live.endReason).toBe("expired");
});

test("a push by another node, of which this one hears nothing, is found before the end is declared", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const { sessions } = testSessions<Data>({ store, clock, lifetime: "30m", checkInterval: "1w" });
  const { sessions: elsewhere } = testSessions<Data>({ store, clock, lifetime: "30m", checkInterval: "1w" });
  const { id } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  clock.advance(20 * MINUTE);
  await elsewhere.read(id);
  clock.advance(10 * MINUTE);
  await settle();
  expect(live.status).toBe("live");
  clock.advance(20 * MINUTE);
  await settle();
  expect(live.endReason).toBe("expired");
});

test("reads touch the store at most once each touchInterval", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const touches = countTouches(store);
  const { sessions } = testSessions<Data>({ store, clock, lifetime: "30m", touchInterval: "1m" });
  const { id } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  for (let second = 0; second < 300; second++) {
    clock.advance(1000);
    live.get("n");
    await sessions.read(id);
    await settle();
  }
  expect(touches()).toBe(5);
});

test("the deadline is never pushed", async () => {
  const { sessions, clock } = testSessions<Data>({ lifetime: "30m", deadline: "1h", touchInterval: 0 });
  const { id } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  for (let minute = 0; minute < 59; minute++) {
    clock.advance(MINUTE);
    await live.put("n", minute);
  }
  const next = await live.regenerate();
  const moved = await sessions.attach(next);
  await moved.put("n", 60);
  clock.advance(MINUTE - 1);
  await settle();
  expect(moved.status).toBe("live");
  clock.advance(1);
  await settle();
  expect(moved.endReason).toBe("expired");
  expect(await sessions.read(next)).toBeNull();
});

test("the sweep runs by itself, frees what is over, and looks at nothing else", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const freed: number[] = [];
  const { sweep } = store;
  store.sweep = (retention) => {
    const count = sweep(retention) as number;
    freed.push(count);
    return count;
  };
  const { sessions } = testSessions<Data>({ store, clock, lifetime: "30m", cleanInterval: "5m", endedRetention: 0 });
  for (let n = 0; n < 100; n++) await sessions.create({ n });
  clock.advance(10 * MINUTE);
  await settle();
  const { id } = await sessions.create({ n: 100 });
  await sessions.end((await sessions.create({ n: 101 })).id);
  for (let minute = 0; minute < 25; minute++) {
    clock.advance(MINUTE);
    await settle();
  }
  expect(freed.reduce((sum, count) => sum + count, 0)).toBe(101);
  expect(await sessions.read(id)).toEqual({ n: 100 });
});

test("a sweep that fails is reported, and the next one runs", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  let sweeps = 0;
  store.sweep = () => {
    sweeps++;
    throw new Error("disk full");
  };
  const { errors } = testSessions<Data>({ store, clock });
  for (let minute = 0; minute < 2; minute++) {
    clock.advance(MINUTE);
    await settle();
  }
  expect(sweeps).toBe(2);
  expect(errors[0]).toMatchObject({ error: { message: "disk full" }, context: { stage: "sweep" } });
});

test("a read within a deadline that nothing can push is not a write", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const touches = countTouches(store);
  const { sessions } = testSessions<Data>({ store, clock, lifetime: "2d", deadline: "12h", touchInterval: 0 });
  const { id } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  for (let read = 0; read < 10; read++) {
    clock.advance(MINUTE);
    live.get("n");
    await sessions.read(id);
    await settle();
  }
  expect(touches()).toBe(0);
});

test("reads while a push is under way do not push again", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  let touches = 0;
  const { touch } = store;
  store.touch = async (...parameters) => {
    touches++;
    await settle();
    return touch(...parameters);
  };
  const { sessions } = testSessions<Data>({ store, clock, lifetime: "30m", touchInterval: 0 });
  const live = await sessions.attach((await sessions.create({ n: 1 })).id);
  await settle();
  touches = 0;
  clock.advance(MINUTE);
  for (let read = 0; read < 100; read++) live.get("n");
  expect(touches).toBe(1);
});

test("a lifetime that was changed is what activity pushes by, on every node", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const bus = localBus();
  const { sessions } = testSessions<Data>({ store, bus, clock, lifetime: "1h", checkInterval: "52w" });
  const { sessions: elsewhere } = testSessions<Data>({ store, bus, clock, lifetime: "1h", checkInterval: "52w" });
  const { id, key } = await sessions.create({ n: 1 });
  const live = await elsewhere.attach(id);
  const found = await sessions.records.read(key);
  if (found.state !== "live") throw new Error("It is gone.");
  const DAY = 24 * 60 * MINUTE;
  await sessions.records.touch(key, found.record.incarnation, { lifetime: 30 * DAY });
  clock.advance(29 * DAY);
  await settle();
  live.get("n"); // activity on the day before the last
  await settle();
  clock.advance(2 * DAY);
  await settle();
  expect(live.status).toBe("live");
});

test("what expired holds no data any more after the next sweep, and is remembered as expired", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const { sessions } = testSessions<Data>({
    store,
    clock,
    lifetime: "30m",
    cleanInterval: "1m",
    endedRetention: "10m",
  });
  const { key } = await sessions.create({ n: 1 });
  const held = new WeakRef(await dataOf(store, key));
  await collected();
  expect(held.deref() !== undefined).toBe(true);
  clock.advance(32 * MINUTE);
  await settle();
  clock.advance(MINUTE); // the next sweep
  await collected();
  expect(held.deref() === undefined).toBe(true); // not the object itself, which a failed assertion would hold
  expect(await store.read(key)).toMatchObject({ state: "ended", reason: "expired" });
  expect(await store.sweep(0)).toBe(1);
  expect(await store.read(key)).toEqual({ state: "missing" });
});

/** The object that the memory store itself holds. */
async function dataOf(store: SessionStore, key: SessionKey): Promise<object> {
  const found = await store.read(key);
  if (found.state !== "live") throw new Error("It is gone.");
  return found.record.data;
}

/** Collects what nobody holds any more; a WeakRef holds its object until the turn is over. */
async function collected(): Promise<void> {
  setFlagsFromString("--expose_gc");
  const collect = runInNewContext("gc") as () => void;
  await settle();
  collect();
}

test("the deadline is not pushed by the time that moving to a new id takes", async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const { sessions } = testSessions<Data>({ store, clock, lifetime: "30m", deadline: "1h" });
  let { id, key } = await sessions.create({ n: 1 });
  const deadline = await deadlineOf(store, key);
  const { read } = store;
  for (let round = 0; round < 5; round++) {
    store.read = (each) => {
      const found = read(each);
      clock.advance(30);
      return found;
    };
    id = await sessions.regenerate(id);
    store.read = read;
    key = sessionKey(id);
    expect(await deadlineOf(store, key)).toBeLessThanOrEqual(deadline);
  }
});

async function deadlineOf(store: SessionStore, key: SessionKey): Promise<number> {
  const found = await store.read(key);
  if (found.state !== "live") throw new Error("It is gone.");
  return found.record.deadline as number;
}
