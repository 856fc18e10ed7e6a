// The promises that every request adapter keeps, run through its real framework over HTTP.

import type { LimitsOptions, LiveSessions, PrincipalLimit, SessionStore } from "live-session";
import { createLiveSessions, type EndReason, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import type { RequestBindOptions } from "live-session/express";
import { expect, onTestFinished, test } from "vitest";
import { browserSuite } from "./browser-suite.ts";
import { Browser, type Data, Gate } from "./express.ts";

/** The session of a request, in the words of no framework. */
export interface SuiteSession {
  read(): Promise<Data>;
  set(key: string, value: unknown): void;
  delete(key: string): void;
  regenerate(): Promise<void>;
  bind(principal: string, options: RequestBindOptions): void;
  /** Saves now, where the framework can; else what it does after the handler. */
  save(): Promise<void>;
  destroy(): Promise<void>;
}

/** Answers a path with JSON. */
export type SuiteRoute = (session: SuiteSession, query: URLSearchParams) => Promise<Data>;

export interface SuiteAppOptions {
  readonly sessions: LiveSessions<Data>;
  readonly routes: Readonly<Record<string, SuiteRoute>>;
  readonly rolling: boolean;
  /** The cookie's lifetime in ms; `undefined` for the hub's, and a cookie that the browser drops when it closes. */
  readonly maxAge: number | undefined;
  /** How long a session has one id, in ms; `undefined` for always. */
  readonly renewEvery: number | undefined;
  /** Takes every error that reached the framework's error handling. */
  readonly onError: (error: unknown) => void;
}

export interface HttpAdapter {
  readonly name: string;
  /** Starts the app on a port of its own; resolves to its address. It ends with the test. */
  start(options: SuiteAppOptions): Promise<string>;
  /** The session id in a browser's cookies, `""` if there is none. */
  idOf(cookies: ReadonlyMap<string, string>): string;
  /** The cookies of an id, signed by the app or by somebody else. */
  cookiesOf(id: string, honest: boolean): ReadonlyMap<string, string>;
}

export type MakeStore = (clock: ManualClock) => SessionStore;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const REQUESTS = 60;

/** A store that can be counted and taken away. */
function watched(store: SessionStore) {
  const writes: string[] = [];
  const state = {
    away: false,
    reads: 0,
    /** Fails once in each of these. */
    failures: [] as string[],
    /** Waits once in each of these. */
    held: new Map<string, Gate>(),
  };
  const watch =
    <Given extends unknown[], Result>(name: string, run: (...given: Given) => Result) =>
    (...given: Given): Result => {
      const failure = state.failures.indexOf(name);
      if (failure !== -1) state.failures.splice(failure, 1);
      if (state.away || failure !== -1) throw new Error("The engine is away.");
      if (name === "read") state.reads++;
      else writes.push(name);
      const held = state.held.get(name);
      state.held.delete(name);
      if (!held) return run.apply(store, given);
      return held.wait().then(() => run.apply(store, given)) as Result;
    };
  const inner: SessionStore = {
    ...store,
    read: watch("read", store.read),
    commit: watch("commit", store.commit),
    touch: watch("touch", store.touch),
    destroy: watch("destroy", store.destroy),
  };
  return { store: inner, writes, state };
}

export interface StartOptions {
  readonly rolling?: boolean;
  readonly maxAge?: number;
  readonly lifetime?: number;
  readonly touchInterval?: number;
  readonly maxBytes?: number;
  readonly rotationGrace?: number;
  readonly principalLimit?: PrincipalLimit;
  readonly limits?: LimitsOptions;
  readonly deadline?: number;
  readonly renewEvery?: number;
  /** Where the slow routes wait. */
  readonly gate?: Gate;
}

/** What the apps of the suite do, path by path. */
export function suiteRoutes(gate: Gate): Record<string, SuiteRoute> {
  return {
    "/read": (session) => session.read(),
    "/set": async (session, query) => {
      for (const [key, value] of query) session.set(key, value);
      return {};
    },
    "/delete": async (session, query) => {
      for (const key of query.keys()) session.delete(key);
      return {};
    },
    "/nothing": async () => ({}),
    "/slow-set": async (session, query) => {
      const data = await session.read();
      await gate.wait();
      for (const [key, value] of query) session.set(key, value);
      return data;
    },
    "/slow-read": async (session) => {
      const data = await session.read();
      await gate.wait();
      return data;
    },
    "/login": async (session) => {
      await session.regenerate();
      session.set("user", "ada");
      return {};
    },
    // As one does: the new id, whose it is, and then wait for it before the answer.
    "/login-as": async (session, query) => {
      await session.regenerate();
      session.bind(query.get("user") as string, { about: { browser: query.get("browser") }, deadline: "6h" });
      session.set("user", query.get("user"));
      await session.save();
      return {};
    },
    // Waits for what it wrote before it answers: so an answer of 200 means that it is there.
    "/save": async (session, query) => {
      for (const [key, value] of query) session.set(key, value);
      await session.save();
      return {};
    },
    "/slow-save": async (session, query) => {
      await session.read();
      await gate.wait();
      for (const [key, value] of query) session.set(key, value);
      await session.save();
      return {};
    },
    "/logout": async (session) => {
      await session.destroy();
      return {};
    },
  };
}

/** An app of one adapter on one store, to be started with options. */
export function appOf(adapter: HttpAdapter, make: MakeStore) {
  return async function start({
    rolling = false,
    maxAge,
    renewEvery,
    gate = new Gate(),
    ...options
  }: StartOptions = {}) {
    const clock = new ManualClock(Date.now());
    const { store, writes, state } = watched(make(clock));
    const errors: { code?: string; reason?: string }[] = [];
    const reported: { error: unknown; stage: string }[] = [];
    const report = (error: unknown, { stage }: { stage: string }) => void reported.push({ error, stage });
    const sessions = createLiveSessions<Data>({ store, clock, onError: report, lifetime: HOUR, ...options });
    onTestFinished(() => sessions.close());
    const routes = suiteRoutes(gate);
    const onError = (error: unknown) => void errors.push(error as { code?: string });
    const url = await adapter.start({ sessions, routes, rolling, maxAge, renewEvery, onError });
    const id = (tab: Browser) => adapter.idOf(tab.cookies);
    const record = async (tab: Browser) => {
      const found = await sessions.records.read(sessionKey(id(tab)));
      if (found.state !== "live") throw new Error(`The session is ${found.state}.`);
      return { ...found.record, left: found.record.expiresAt - found.now };
    };
    const browser = () => new Browser(url);
    return { sessions, clock, writes, state, errors, reported, gate, id, record, browser, tab: browser() };
  };
}

/** The suite for one adapter on one store. */
export function httpSuite(adapter: HttpAdapter, make: MakeStore): void {
  const start = appOf(adapter, make);
  browserSuite(start);

  test(`${REQUESTS} concurrent requests that each write another key: all are kept`, async () => {
    const { sessions, gate, tab, id } = await start({ rolling: true, gate: new Gate(REQUESTS) });
    await tab.get("/set?started=1");
    const all = Array.from({ length: REQUESTS }, (_, index) => tab.fork().get(`/slow-set?k${index}=${index}`));
    await gate.full;
    gate.open();
    await Promise.all(all);
    const data = await sessions.read(id(tab));
    expect(Object.keys(data ?? {})).toHaveLength(REQUESTS + 1);
    expect(data?.k7).toBe("7");
  });

  test("a live write between a request's load and its save survives, and what was deleted stays deleted", async () => {
    const { sessions, gate, tab, id } = await start({ rolling: true, gate: new Gate(2) });
    await tab.get("/set?kept=1&changed=old&removed=1");
    const slow = Promise.all([tab.fork().get("/slow-set?own=request"), tab.fork().get("/slow-read")]);
    await gate.full;
    const live = await sessions.attach(id(tab));
    await live.put("changed", "new");
    await live.put("added", [1]);
    await live.delete("removed");
    gate.open();
    await slow;
    expect(await sessions.read(id(tab))).toEqual({ kept: "1", changed: "new", added: [1], own: "request" });
  });

  test.each([true, false])("a read-only request writes nothing (rolling: %s)", async (rolling) => {
    const { tab, writes, record } = await start({ rolling, maxAge: HOUR });
    await tab.get("/set?n=1");
    writes.length = 0;
    expect((await tab.get("/read")).body).toEqual({ n: "1" });
    expect(writes).toEqual([]);
    expect((await record(tab)).version).toBe(1);
  });

  test("an address makes no more sessions than it may; what is there goes on, and so do visitors who need none", async () => {
    const { sessions, browser, clock, errors } = await start({
      limits: { perAddress: { sessions: { rate: 1, per: "1m", burst: 2 } } },
    });
    const here = { "x-real-ip": "2001:db8::1" };
    const [one, two, three] = [browser(), browser(), browser()];
    for (const tab of [one, two]) expect((await tab.get("/set?n=1", here)).status).toBe(200);
    const refused = await three.get("/login-as?user=ada", { "x-real-ip": "2001:db8::2" });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    for (const { code } of errors) expect(code).toBe("rate_limited"); // live-session/fetch answers it by itself
    expect(await sessions.records.count()).toBe(2);
    expect(sessions.refused.perAddress.sessions).toBeGreaterThan(0);
    expect((await three.get("/nothing", here)).status).toBe(200);
    await one.get("/set?n=2", here);
    expect((await one.get("/read", here)).body).toEqual({ n: "2" });
    expect((await browser().get("/set?n=1", { "x-real-ip": "2001:db8:0:1::1" })).status).toBe(200);
    clock.advance(MINUTE);
    expect((await browser().get("/login-as?user=ada", here)).status).toBe(200);
    expect(await sessions.records.count()).toBe(4);
  });

  test("a visitor who wrote nothing gets no record", async () => {
    const { sessions, tab } = await start();
    for (const path of ["/nothing", "/read"]) expect((await tab.get(path)).status).toBe(200);
    expect(await sessions.records.count()).toBe(0);
  });

  test("an attached handle hears what a request wrote, and of the logout", async () => {
    const { sessions, tab, id } = await start();
    await tab.get("/set?cart=kite");
    const live = await sessions.attach(id(tab));
    const heard: unknown[] = [];
    live.subscribe((message) => heard.push(message));
    await tab.get("/set?cart=string");
    await tab.get("/logout");
    expect(heard).toEqual([
      { type: "live_session_updated", session: { cart: "string" }, version: 2 },
      { type: "live_session_ended", reason: "destroyed" },
    ]);
  });

  const ends: Record<
    EndReason,
    (on: { tab: Browser; id: string; sessions: LiveSessions<Data>; clock: ManualClock }) => Promise<unknown>
  > = {
    destroyed: ({ tab }) => tab.get("/logout"),
    regenerated: ({ tab }) => tab.get("/login"),
    revoked: ({ id, sessions }) => sessions.end(id, "revoked"),
    expired: async ({ clock }) => clock.advance(24 * HOUR),
  };

  test.each(Object.keys(ends) as EndReason[])("slow requests do not revive a session that was %s", async (reason) => {
    const { sessions, clock, gate, tab, id, errors } = await start({
      rolling: true,
      gate: new Gate(2),
      rotationGrace: 0,
    });
    await tab.get("/set?user=ada");
    const old = id(tab);
    const slow = [tab.fork().get("/slow-set?late=1"), tab.fork().get("/slow-read")];
    await gate.full;
    await ends[reason]({ tab: tab.fork(), id: old, sessions, clock });
    gate.open();
    for (const { status } of await Promise.all(slow)) expect(status).toBe(200);
    expect(await sessions.records.read(sessionKey(old))).toMatchObject({ state: "ended", reason });
    expect(errors).toEqual([]);
    // The dead id is not taken up again.
    expect((await tab.get("/read")).body).toEqual({});
    await tab.get("/set?n=1");
    expect(id(tab)).not.toBe(old);
    expect(await sessions.read(id(tab))).toEqual({ n: "1" });
  });

  test("a session expires to the millisecond, after its cookie's own lifetime", async () => {
    const { sessions, clock, tab, id } = await start({ maxAge: MINUTE });
    await tab.get("/set?n=1");
    const key = sessionKey(id(tab));
    clock.advance(MINUTE - 1);
    expect((await sessions.records.read(key)).state).toBe("live");
    clock.advance(1);
    expect((await tab.get("/read")).body).toEqual({});
    expect(await sessions.records.read(key)).toMatchObject({ state: "ended", reason: "expired" });
  });

  test("without a lifetime of the cookie's, the hub's counts, to the millisecond", async () => {
    const { clock, tab, record } = await start({ lifetime: 12_345 });
    await tab.get("/set?n=1");
    expect(await record(tab)).toMatchObject({ lifetime: 12_345, left: 12_345 });
    clock.advance(12_345);
    expect((await tab.get("/read")).body).toEqual({});
  });

  test.each([true, false])("requests push the lifetime, each touchInterval at most (rolling: %s)", async (rolling) => {
    // A cookie with a date is only pushed where it is sent again.
    const maxAge = rolling ? { maxAge: HOUR } : {};
    const { clock, tab, record, writes } = await start({ rolling, ...maxAge, touchInterval: MINUTE });
    await tab.get("/set?n=1");
    clock.advance(MINUTE - 1);
    writes.length = 0;
    await tab.get("/read");
    expect(writes).toEqual([]);
    clock.advance(1);
    await tab.get("/read");
    expect(writes).toEqual(["touch"]);
    expect((await record(tab)).left).toBe(HOUR);
  });

  test("rolling sends the cookie with every response; otherwise a read-only request sends none", async () => {
    const rolling = await start({ rolling: true, maxAge: HOUR });
    await rolling.tab.get("/set?n=1");
    await rolling.tab.get("/read");
    expect(rolling.tab.setCookies[0]).toMatch(/expires=/i);
    const still = await start({ maxAge: HOUR });
    await still.tab.get("/set?n=1");
    await still.tab.get("/read");
    expect(still.tab.setCookies).toEqual([]);
  });

  test("a new id at login: the one before is worth nothing after", async () => {
    const { sessions, tab, id } = await start({ rotationGrace: 0 });
    await tab.get("/set?n=1");
    const planted = tab.fork();
    const before = id(tab);
    await tab.get("/login");
    expect(id(tab)).not.toBe(before);
    expect((await tab.get("/read")).body).toMatchObject({ user: "ada" });
    expect((await planted.get("/read")).body).toEqual({});
    expect(await sessions.records.read(sessionKey(before))).toMatchObject({ state: "ended", reason: "regenerated" });
  });

  test("for a moment after a new id, requests with the one before are told to try again, and get no cookie", async () => {
    const { sessions, clock, tab, id } = await start({ rolling: true, rotationGrace: MINUTE });
    await tab.get("/set?n=1");
    const parallel = tab.fork();
    const before = id(tab);
    await tab.get("/login");
    clock.advance(MINUTE - 1);
    for (const path of ["/read", "/set?n=2"]) {
      const late = await parallel.get(path);
      expect([late.status, late.headers.get("retry-after")]).toEqual([503, "1"]);
      expect(parallel.setCookies).toEqual([]);
    }
    expect(id(parallel)).toBe(before);
    expect((await tab.get("/read")).body).toMatchObject({ user: "ada" });
    expect(await sessions.records.count()).toBe(1);
    clock.advance(1);
    expect(await parallel.get("/read")).toMatchObject({ status: 200, body: {} });
  });

  test("a login says whose session it is, in the same commit; log out everywhere ends them all", async () => {
    const { sessions, browser, id, record, writes } = await start();
    const [phone, laptop, other] = [browser(), browser(), browser()];
    for (const tab of [phone, laptop, other]) await tab.get("/set?n=1");
    writes.length = 0;
    await phone.get("/login-as?user=ada&browser=phone");
    expect(writes.filter((write) => write === "commit").length).toBeLessThanOrEqual(2);
    await laptop.get("/login-as?user=ada&browser=laptop");
    await other.get("/login-as?user=bert&browser=phone");
    expect(await record(phone)).toMatchObject({ principal: "ada" });
    expect((await record(phone)).deadline).toBe((await record(phone)).createdAt + 6 * HOUR);
    const listed = await sessions.of("ada").list();
    expect(listed.map(({ about }) => about.browser).sort()).toEqual(["laptop", "phone"]);
    await phone.get("/set?cart=kite"); // a later request leaves it as it is
    expect(await record(phone)).toMatchObject({ principal: "ada", data: { user: "ada", cart: "kite" } });
    expect(await sessions.of("ada").endOthers(id(phone))).toBe(1);
    expect((await laptop.get("/read")).body).toEqual({});
    expect((await phone.get("/read")).body).toMatchObject({ user: "ada" });
    expect(await sessions.of("ada").endAll()).toBe(1);
    expect((await phone.get("/read")).body).toEqual({});
    expect((await other.get("/read")).body).toMatchObject({ user: "bert" });
  });

  test("a login over principalLimit is refused before it is answered, and its session is nobody's", async () => {
    const { sessions, browser, record } = await start({ principalLimit: { max: 1, whenFull: "refuse" } });
    const [phone, laptop] = [browser(), browser()];
    for (const tab of [phone, laptop]) await tab.get("/set?n=1");
    expect((await phone.get("/login-as?user=ada")).status).toBe(200);
    expect((await laptop.get("/login-as?user=ada")).status).toBe(403);
    expect(await sessions.of("ada").list()).toHaveLength(1);
    expect(await record(phone)).toMatchObject({ principal: "ada" });
  });

  test("a forged signature, garbage, and an id that nobody made are no session, and never adopted", async () => {
    const { sessions, browser, id, errors } = await start();
    const { id: real } = await sessions.create({ secret: 1 });
    const garbage = new Map([...adapter.cookiesOf(real, true)].map(([name]) => [name, "s:%E0%A4%A"]));
    const cases = [adapter.cookiesOf(real, false), garbage, adapter.cookiesOf("an-id-that-nobody-made", true)];
    for (const cookies of cases) {
      const tab = browser();
      for (const [name, value] of cookies) tab.cookies.set(name, value);
      expect((await tab.get("/read")).body).toEqual({});
      await tab.get("/set?n=1");
      expect([real, "an-id-that-nobody-made", ""]).not.toContain(id(tab));
      expect(await sessions.read(id(tab))).toEqual({ n: "1" });
    }
    expect(await sessions.read(real)).toEqual({ secret: 1 });
    expect(await sessions.read("an-id-that-nobody-made")).toBeNull();
    expect(errors).toEqual([]);
    // An honest cookie of a session that was made outside any request is.
    const tab = browser();
    for (const [name, value] of adapter.cookiesOf(real, true)) tab.cookies.set(name, value);
    expect((await tab.get("/read")).body).toEqual({ secret: 1 });
  });

  test("a store that is away at the load is an error, never an empty session", async () => {
    const { tab, state, errors } = await start();
    await tab.get("/set?n=1");
    state.away = true;
    expect((await tab.get("/read")).status).toBe(500);
    expect(errors[0]).toMatchObject({ code: "store_failed" });
    state.away = false;
    expect((await tab.fork().get("/nothing")).status).toBe(200);
  });

  test("a store that is away at the save is an error that reaches the app's error handling", async () => {
    const { tab, state, errors, gate, record } = await start({ gate: new Gate(1) });
    await tab.get("/set?n=1");
    const slow = tab.fork().get("/slow-set?late=1");
    await gate.full;
    state.away = true;
    gate.open();
    await slow;
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]).toMatchObject({ code: "store_failed" });
    state.away = false;
    expect((await record(tab)).data).toEqual({ n: "1" });
  });
}
