import { channel } from "node:diagnostics_channel";
import {
  createLiveSessions,
  type DiagnosticListeners,
  type Diagnostics,
  localBus,
  memoryStore,
  observe,
  type SessionStore,
} from "live-session";
import { expect, onTestFinished, test, vi } from "vitest";
import { ChaosBus } from "../support/chaos-bus.ts";
import { rejection, settle, testSessions } from "../support/sessions.ts";

const names: readonly (keyof Diagnostics)[] = [
  "commit",
  "read",
  "touch",
  "end",
  "received",
  "delivered",
  "resync",
  "conflict",
  "error",
];

/** Everything that these live sessions tell, each message with its channel's name, without what differs in each run. */
function heardOf(sessions: Parameters<typeof observe>[0], only = names) {
  const heard: Record<string, unknown>[] = [];
  const raw: object[] = [];
  const listener = (name: string) => (message: object) => {
    raw.push(message);
    const { sessions: _hub, duration, ...facts } = message as { sessions: object; duration?: number };
    heard.push({ on: name, ...facts, ...(duration !== undefined && { timed: duration >= 0 }) });
  };
  const listeners = Object.fromEntries(only.map((name) => [name, listener(name)])) as DiagnosticListeners;
  const stop = observe(sessions, listeners);
  onTestFinished(stop);
  return { heard, raw, stop, take: () => heard.splice(0) };
}

const timed = { timed: true, error: null };

test("commits, reads, touches and ends are told with their outcome", async () => {
  const { sessions, clock } = testSessions<{ n: number }>({ lifetime: "30m" });
  const { take } = heardOf(sessions, ["commit", "read", "touch", "end"]);
  const { id, key } = await sessions.create({ n: 1 });
  const created = { on: "commit", key, mode: "create", outcome: "ok", version: 1, ...timed };
  expect(take()).toEqual([created]);
  const live = await sessions.attach(id, { activity: false });
  await live.put("n", 2);
  clock.advance(60_000);
  await sessions.read(id);
  expect(take()).toEqual([
    { on: "read", key, outcome: "live", ...timed },
    { on: "commit", key, mode: "update", outcome: "ok", version: 2, ...timed },
    { on: "read", key, outcome: "live", ...timed },
    { on: "touch", key, outcome: "ok", ...timed },
  ]);
  await sessions.end(id, "revoked");
  await sessions.end(id);
  await sessions.read(id);
  await sessions.records.commit(key, { mode: "upsert", put: {}, delete: [] });
  expect(await sessions.records.touch(key, "another")).toBe(false);
  expect(take()).toEqual([
    { on: "end", key, reason: "revoked", outcome: "ok", ...timed },
    { on: "end", key, reason: "destroyed", outcome: "missing", ...timed },
    { on: "read", key, outcome: "ended", ...timed },
    { on: "commit", key, mode: "upsert", outcome: "ended", version: null, ...timed },
    { on: "touch", key, outcome: "missing", ...timed },
  ]);
});

test("a commit that came too late is a conflict, told for each attempt", async () => {
  const { sessions } = testSessions<{ n: number }>();
  const { id, key } = await sessions.create({ n: 0 });
  const { take } = heardOf(sessions, ["conflict", "commit"]);
  const late = { mode: "update", put: {}, delete: [], ifVersion: 7 } as const;
  await sessions.records.commit(key, late);
  expect(take()).toEqual([
    { on: "commit", key, mode: "update", outcome: "conflict", version: null, ...timed },
    { on: "conflict", key },
  ]);
  await (await sessions.attach(id)).update("n", (n = 0) => n + 1);
  expect(take()).toMatchObject([{ on: "commit", outcome: "ok" }]);
});

test("what came over the bus and what handles were told is told, on each node by itself", async () => {
  const parts = { store: memoryStore(), bus: localBus() };
  const [one, two] = [createLiveSessions<{ n: number }>(parts), createLiveSessions<{ n: number }>(parts)];
  const { id, key } = await one.create();
  const handles = [await two.attach(id), await two.attach(id)];
  const [left, right] = [heardOf(one), heardOf(two)];
  await (await one.attach(id)).put("n", 1);
  await settle();
  expect(right.take()).toEqual([
    { on: "received", key, type: "changed" },
    { on: "delivered", key, type: "live_session_updated", handles: 2, reason: null, timed: true },
  ]);
  expect(left.take().map(({ on }) => on)).toEqual(["read", "commit", "delivered", "received"]);
  await handles[0]?.end("revoked");
  await settle();
  expect(left.take()).toEqual([
    { on: "received", key, type: "ended" },
    { on: "delivered", key, type: "live_session_ended", handles: 1, reason: "revoked", timed: true },
  ]);
});

test("reading anew is told with its cause", async () => {
  const bus = new ChaosBus();
  const store = memoryStore();
  const one = createLiveSessions<{ n: number }>({ store, bus: bus.endpoint() });
  const { sessions: two, clock } = testSessions<{ n: number }>({ store, bus: bus.endpoint() });
  const { id, key } = await one.create();
  bus.deliverAll();
  const live = await two.attach(id);
  const { take } = heardOf(two, ["resync"]);
  await (await one.attach(id)).put("n", 1);
  bus.drop(0);
  await (await one.attach(id)).put("n", 2);
  bus.deliverAll();
  await live.synced();
  await settle();
  expect(take()).toEqual([{ on: "resync", key, cause: "gap", outcome: "ok", ...timed }]);
  await (await one.attach(id)).put("n", 3);
  bus.drop(0);
  await two.check();
  await settle();
  expect(take()).toEqual([{ on: "resync", key, cause: "check", outcome: "ok", ...timed }]);
  clock.advance(3 * 24 * 3_600_000);
  await settle();
  expect(take()).toMatchObject([{ cause: "expiry" }]);
});

/** A store that can be made to fail. */
function failing(): SessionStore & { broken: boolean } {
  const store = memoryStore();
  const failingStore = {
    ...store,
    broken: false,
    read: (key: Parameters<SessionStore["read"]>[0]) => {
      if (failingStore.broken) throw new TypeError("the engine is gone");
      return store.read(key);
    },
  };
  return failingStore;
}

test("a failure is told once, whether its caller heard of it, onError, or both", async () => {
  const bus = new ChaosBus();
  const store = failing();
  const { sessions, errors } = testSessions<{ n: number }>({ store, bus: bus.endpoint() });
  const { id, key } = await sessions.create();
  const live = await sessions.attach(id);
  const { take } = heardOf(sessions, ["read", "resync", "error"]);
  store.broken = true;
  expect((await rejection(sessions.read(id))).code).toBe("store_failed");
  expect(take()).toEqual([
    { on: "read", key, outcome: "failed", timed: true, error: "store_failed" },
    { on: "error", key, stage: "read", error: "store_failed" },
  ]);
  expect(await live.reach(9)).toBe(false);
  expect(errors.map(({ context }) => context.stage)).toEqual(["resync"]);
  expect(take()).toEqual([
    { on: "read", key, outcome: "failed", timed: true, error: "store_failed" },
    { on: "error", key, stage: "read", error: "store_failed" },
    { on: "resync", key, cause: "connection", outcome: "failed", timed: true, error: "store_failed" },
  ]);
  live.subscribe(() => {
    throw new RangeError("of a listener");
  });
  store.broken = false;
  await live.put("n", 1);
  await settle();
  expect(take()).toContainEqual({ on: "error", key, stage: "listener", error: "RangeError" });
});

test("a bus that cannot subscribe is told as a failure", async () => {
  const bus = new ChaosBus();
  bus.beforeSubscribe = () => Promise.reject(new Error("no link"));
  const { sessions } = testSessions({ bus: bus.endpoint() });
  const { id, key } = await sessions.create();
  const { take } = heardOf(sessions, ["error"]);
  expect((await rejection(sessions.attach(id))).code).toBe("bus_failed");
  expect(take()).toEqual([{ on: "error", key, stage: "subscribe", error: "bus_failed" }]);
});

test("messages name sessions by their key: no id and no data is in them", async () => {
  const { sessions } = testSessions<{ card: string; about: string }>();
  const { raw } = heardOf(sessions);
  const { id } = await sessions.create({ card: "4111-secret" });
  const live = await sessions.attach(id);
  await live.put("about", "ada-secret");
  await live.update("card", () => "4222-secret");
  await live.regenerate({ principal: "ada-secret", about: { agent: "agent-secret" } });
  await settle();
  expect(raw.length).toBeGreaterThan(8);
  for (const message of raw) {
    const { sessions: _hub, ...facts } = message as { sessions: object };
    const text = JSON.stringify(facts);
    expect(text).not.toContain(id);
    expect(text).not.toContain("secret");
  }
});

test("where nobody listens nothing is timed", async () => {
  const { sessions } = testSessions<{ n: number }>();
  const { id } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  live.subscribe(() => {});
  const timer = vi.spyOn(performance, "now");
  onTestFinished(() => timer.mockRestore());
  const use = async () => {
    await sessions.read(id);
    await live.put("n", 2);
    await live.reach(99);
    await sessions.records.touch(live.key, live.incarnation);
  };
  await use();
  expect(timer).not.toHaveBeenCalled();
  const { stop } = heardOf(sessions);
  await use();
  expect(timer).toHaveBeenCalled(); // so that the spy is known to see it
  timer.mockClear();
  stop();
  await use();
  await live.end();
  expect(timer).not.toHaveBeenCalled();
});

test("the channels are those of Node, under the names that the docs say", async () => {
  const { sessions } = testSessions<{ n: number }>();
  const heard: unknown[] = [];
  const listener = (message: unknown) => void heard.push(message);
  channel("live-session:commit").subscribe(listener);
  onTestFinished(() => void channel("live-session:commit").unsubscribe(listener));
  const { key } = await sessions.create();
  expect(heard).toEqual([expect.objectContaining({ sessions, key, outcome: "ok" })]);
});

test("other live sessions of the process are left out, and nothing is heard after stop", async () => {
  const [mine, theirs] = [testSessions(), testSessions()];
  const { heard, stop } = heardOf(mine.sessions);
  await theirs.sessions.create();
  expect(heard).toEqual([]);
  stop();
  await mine.sessions.create();
  expect(heard).toEqual([]);
});

test("an observer that throws is told of in onError, and keeps nothing from happening", async () => {
  const { sessions, errors } = testSessions<{ n: number }>();
  const broken = () => {
    throw new Error("of an observer");
  };
  onTestFinished(observe(sessions, { commit: broken, error: broken }));
  const { session } = await sessions.create({ n: 1 });
  expect(session.n).toBe(1);
  expect(errors.map(({ context }) => context.stage)).toEqual(["observer"]);
});

test("what a node has attached is counted by transport, and no more once it is detached or over", async () => {
  const { sessions, clock } = testSessions();
  const [one, two] = [await sessions.create(), await sessions.create()];
  const handles = [
    await sessions.attach(one.id, { transport: "ws" }),
    await sessions.attach(one.id, { transport: "ws" }),
    await sessions.attach(one.id),
    await sessions.attach(two.id, { transport: "sse" }),
  ];
  expect(sessions.attached()).toEqual({ sessions: 2, stale: 0, connections: { ws: 2, sse: 1 } });
  const ws = { transport: "ws", since: clock.now() };
  expect(sessions.connections(one.key)).toEqual([ws, ws]);
  handles[0]?.detach();
  expect(sessions.attached().connections).toEqual({ ws: 1, sse: 1 });
  await handles[3]?.end();
  expect(sessions.attached()).toEqual({ sessions: 1, stale: 0, connections: { ws: 1 } });
  expect(sessions.connections(two.key)).toEqual([]);
});

test("a session that is only about to be attached is not counted", async () => {
  const bus = new ChaosBus();
  let subscribed = () => {};
  bus.beforeSubscribe = () => new Promise((resolve) => (subscribed = resolve));
  const { sessions } = testSessions({ bus: bus.endpoint() });
  const { id } = await sessions.create();
  const attaching = sessions.attach(id);
  await settle();
  expect(sessions.attached().sessions).toBe(0);
  subscribed();
  await attaching;
  expect(sessions.attached().sessions).toBe(1);
});

test("sessions that may be out of step are counted as stale", async () => {
  const bus = new ChaosBus();
  const { sessions } = testSessions({ bus: bus.endpoint() });
  await sessions.attach((await sessions.create()).id);
  bus.status("down");
  expect(sessions.attached()).toMatchObject({ sessions: 1, stale: 1 });
});
