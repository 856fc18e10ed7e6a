// Promise 7 over HTTP: a store that is away is an error to the request, never an empty session, and comes back by itself.

import { once } from "node:events";
import type { Express } from "express";
import { LiveSessionError, type LiveSessionsOptions, type SessionStore, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { expressStore } from "live-session/express";
import { describe, expect, test } from "vitest";
import { bag, call, type Data, load, startApp, stores, testHub } from "../support/express.ts";

/** A store that fails while `away` is set; `queries` counts what it was asked. */
function unreliable(store: SessionStore) {
  const state = { away: false, failures: Number.POSITIVE_INFINITY, queries: 0 };
  const guard =
    <Given extends unknown[], Result>(run: (...given: Given) => Result) =>
    (...given: Given): Result => {
      state.queries++;
      if (state.away && state.failures-- > 0) throw new Error("connection refused");
      return run(...given);
    };
  const { read, commit, touch, destroy, count } = store;
  const guarded: SessionStore = {
    ...store,
    read: guard(read.bind(store)),
    commit: guard(commit.bind(store)),
    touch: guard(touch.bind(store)),
    destroy: guard(destroy.bind(store)),
    count: guard(count.bind(store)),
  };
  return { store: guarded, state };
}

function routes(app: Express): void {
  app.get(
    "/show",
    (request, response) => void response.json({ session: request.session ? { ...bag(request) } : null }),
  );
  app.get("/set", (request, response) => {
    Object.assign(bag(request), request.query);
    response.json({});
  });
}

describe.each(stores)("on the $name store", ({ make }) => {
  const start = async (hub: LiveSessionsOptions<Data> = {}) => {
    const manual = new ManualClock();
    const made = { state: { away: false, failures: Number.POSITIVE_INFINITY, queries: 0 } };
    const { sessions, reported } = testHub({
      ...hub,
      make: (clock) => {
        const { store, state } = unreliable(make(clock));
        made.state = state;
        return store;
      },
      // The machine's time, with timers that only the test moves.
      clock: { now: Date.now, after: (ms, run) => manual.after(ms, run) },
    });
    const app = await startApp(sessions, { routes });
    const tab = app.browser();
    await tab.get("/set?n=1");
    return { ...app, sessions, reported, manual, state: made.state, tab };
  };

  test("a read that fails is an error through next, with its code and cause; the session is not replaced", async () => {
    const { tab, state, errors, sessions } = await start();
    const { id } = tab;
    state.away = true;
    state.failures = 1;
    const { status, body } = await tab.get("/show");
    expect([status, body.code]).toEqual([500, "store_failed"]);
    expect(errors[0]).toBeInstanceOf(LiveSessionError);
    expect(errors[0]).toMatchObject({ cause: { message: "connection refused" } });
    expect(tab.setCookies).toEqual([]);
    state.away = false;
    expect((await tab.get("/show")).body).toMatchObject({ session: { n: "1" } });
    expect(tab.id).toBe(id);
    expect(await sessions.read(id)).toEqual({ n: "1" });
  });

  test("one lost query does not take the sessions from other requests", async () => {
    const { tab, state, store } = await start();
    const heard: string[] = [];
    store.on("disconnect", () => heard.push("disconnect"));
    state.away = true;
    state.failures = 1;
    await tab.get("/show");
    expect((await tab.get("/show")).body).toMatchObject({ session: { n: "1" } });
    expect(heard).toEqual([]);
  });

  test("while the store is away requests run without a session, until a probe finds it back", async () => {
    const { tab, state, store, manual } = await start();
    const disconnected = once(store, "disconnect");
    state.away = true;
    expect((await tab.get("/show")).status).toBe(500);
    await disconnected;
    expect((await tab.get("/show")).body).toEqual({ session: null });
    expect(tab.setCookies).toEqual([]);
    const before = state.queries;
    manual.advance(100); // still away
    expect(state.queries).toBe(before + 1);
    expect((await tab.get("/show")).body).toEqual({ session: null });
    state.away = false;
    const connected = once(store, "connect");
    manual.advance(200);
    await connected;
    expect((await tab.get("/show")).body).toMatchObject({ session: { n: "1" } });
  });

  test("a listener of disconnect that throws is reported, and does not stop the probing", async () => {
    const { tab, state, store, manual, reported } = await start();
    const broken = new Error("in a listener");
    const threw = new Promise<void>((resolve) =>
      store.on("disconnect", () => {
        resolve();
        throw broken;
      }),
    );
    state.away = true;
    await tab.get("/show");
    await threw;
    state.away = false;
    const connected = once(store, "connect");
    manual.advance(100);
    await connected;
    expect(reported.map(({ error }) => error)).toContain(broken);
    expect((await tab.get("/show")).status).toBe(200);
  });

  test("save, destroy and regenerate hand a failure to their callbacks; nothing is half done", async () => {
    const { sessions, state, store } = await start();
    const { id } = await sessions.create({ n: 1 });
    const session = await load(store, id);
    store.generate = () => expect.unreachable("the failed end must not give the request a new session");
    state.away = true;
    const failed = { code: "store_failed" };
    bag({ session }).n = 2;
    await expect(call((done) => session.save(done))).rejects.toMatchObject(failed);
    await expect(call((done) => session.touch().regenerate(done))).rejects.toMatchObject(failed);
    expect((session as unknown as { req: { session: unknown } }).req.session).toBe(session);
    await expect(call((done) => session.destroy(done))).rejects.toMatchObject(failed);
    await expect(call((done) => store.length(done as never))).rejects.toMatchObject(failed);
    state.away = false;
    expect(await sessions.read(id)).toEqual({ n: 1 });
    bag({ session }).n = 3; // the failed save left the base as it was
    await call((done) => session.save(done));
    expect(await sessions.read(id)).toEqual({ n: 3 });
  });

  test("a failure that no callback waits for goes to onError", async () => {
    const { sessions, state, store, reported } = await start();
    const { id } = await sessions.create({});
    const session = await load(store, id);
    state.away = true;
    session.destroy(undefined as never);
    await expect.poll(() => reported.map(({ error }) => (error as { code?: string }).code)).toContain("store_failed");
  });

  test("what a callback throws is an uncaught exception, as from any callback, and it is called once", async () => {
    const { sessions } = testHub({ make });
    const store = expressStore(sessions);
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    try {
      const thrown = new Error("in the callback");
      let calls = 0;
      const caught = once(process, "uncaughtException");
      store.get("unknown", () => {
        calls++;
        throw thrown;
      });
      expect((await caught)[0]).toBe(thrown);
      expect(calls).toBe(1);
    } finally {
      for (const listener of others) process.on("uncaughtException", listener);
    }
  });

  const schema: LiveSessionsOptions<Data>["schema"] = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        const { n } = value as Data;
        return n === undefined || n === "1"
          ? { value: value as Data }
          : { issues: [{ message: "not 1", path: ["n"] }] };
      },
    },
  };
  let deep: unknown = 1;
  for (let level = 0; level < 80; level++) deep = [deep];

  test.each<[string, LiveSessionsOptions<Data>, Data, string]>([
    ["too large", { maxBytes: 50 }, { long: "x".repeat(60) }, "too_large"],
    ["against the schema", { schema }, { n: "2" }, "invalid_data"],
    ["nested too deeply", {}, { deep }, "not_json"],
    ["with a nested __proto__", {}, { a: JSON.parse('{"__proto__":{"admin":true}}') }, "not_json"],
    ["with an empty key", {}, { "": 1 }, "bad_key"],
    ["with a key called constructor", {}, { constructor: 1 }, "bad_key"],
  ])("data %s is an error through next, and changes nothing", async (_what, options, data, code) => {
    const { sessions } = testHub({ make, ...options });
    const { browser, errors } = await startApp(sessions, {
      routes(app) {
        app.get("/ok", (request, response) => {
          bag(request).n = "1";
          response.json({});
        });
        app.get("/bad", (request, response) => {
          bag(request).other = true; // part of the same write: goes with it or not at all
          for (const [key, value] of Object.entries(data)) bag(request)[key] = value;
          response.json({});
        });
      },
    });
    const tab = browser();
    await tab.get("/ok");
    const key = sessionKey(tab.id);
    const before = await sessions.records.read(key);
    await tab.get("/bad");
    expect(errors).toMatchObject([{ code }]);
    expect(await sessions.records.read(key)).toMatchObject({
      record: { data: { n: "1" }, version: (before as { record: { version: number } }).record.version },
    });
  });
});
