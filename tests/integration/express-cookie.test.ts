// The session's cookie: kept beside the data, exact to the millisecond, and never a way to choose one's session id.

import { createHmac } from "node:crypto";
import type { Express } from "express";
import type { SessionOptions } from "express-session";
import { createLiveSessions, type LiveSessionsOptions, sessionKey } from "live-session";
import { expressStore } from "live-session/express";
import { describe, expect, test } from "vitest";
import {
  type Browser,
  bag,
  call,
  type Data,
  load,
  ShiftedClock,
  startApp,
  stores,
  testHub,
} from "../support/express.ts";

const MINUTE = 60_000;

function routes(app: Express): void {
  app.get("/show", (request, response) => {
    const { cookie, ...data } = bag(request);
    response.json({ data, cookie, id: request.sessionID });
  });
  app.get("/set", (request, response) => {
    Object.assign(bag(request), request.query);
    response.json({});
  });
  app.get("/redirect", (request, response) => {
    Object.assign(bag(request), request.query);
    response.redirect("/show");
  });
  app.get("/stream", (request, response) => {
    Object.assign(bag(request), request.query);
    response.write("a".repeat(70_000));
    response.write("b");
    response.end("c");
  });
}

/** A cookie as express-session signs it. */
function signed(id: string, secret = "s"): string {
  const signature = createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
  return encodeURIComponent(`s:${id}.${signature}`);
}

describe.each(stores)("on the $name store", ({ make }) => {
  const start = async (options: Partial<SessionOptions> = {}, hub: LiveSessionsOptions<Data> = {}) => {
    const { sessions, clock } = testHub({ make, touchInterval: 0, ...hub });
    const app = await startApp(sessions, { routes, ...options });
    const record = async (id: string) => {
      const found = await sessions.records.read(sessionKey(id));
      if (found.state !== "live") throw new Error(`The session is ${found.state}.`);
      return found.record;
    };
    return { ...app, sessions, clock, record, tab: app.browser() };
  };
  const withCookie = (tab: Browser, value: string) => tab.cookies.set("connect.sid", value);

  test("a session made outside express gets the app's cookie when express loads it", async () => {
    const { tab, sessions, record } = await start({ cookie: { maxAge: 5 * MINUTE, path: "/", sameSite: "lax" } });
    const { id } = await sessions.create({ n: 1 });
    withCookie(tab, signed(id));
    const { body } = await tab.get("/show");
    expect(body).toMatchObject({ data: { n: 1 }, id, cookie: { originalMaxAge: 5 * MINUTE, sameSite: "lax" } });
    expect(await record(id)).toMatchObject({
      version: 1, // the cookie is no data
      lifetime: 5 * MINUTE,
      meta: { cookie: { originalMaxAge: 5 * MINUTE, sameSite: "lax" } },
    });
  });

  test("it gets one by load too, where there is no request", async () => {
    const { sessions, store } = await start({ cookie: () => ({ maxAge: MINUTE }) });
    const { id } = await sessions.create({ n: 1 });
    const session = await call<Data | undefined>((done) => store.load(id, done as never));
    expect(session).toMatchObject({ n: 1, cookie: { path: "/" } });
  });

  test("one that was set without a cookie comes back as it was set, and is an error, as with any store", async () => {
    const { tab, store, sessions, errors } = await start();
    await call((done) => store.set("plain", { n: 1 } as never, done));
    expect(await call<unknown>((done) => store.get("plain", done as never))).toEqual({ n: 1 });
    withCookie(tab, signed("plain"));
    expect((await tab.get("/show")).status).toBe(500);
    expect(errors[0]?.message).toMatch(/Cannot read prop/);
    await tab.get("/set?n=2");
    expect(await sessions.read("plain")).toEqual({ n: 1 });
  });

  test("the cookie never shows in live data, whatever changes it", async () => {
    const { tab, sessions } = await start({ cookie: { maxAge: MINUTE }, rolling: true });
    await tab.get("/set?n=1");
    const live = await sessions.attach(tab.id);
    const heard: unknown[] = [];
    live.subscribe((message) => heard.push(message));
    await tab.get("/show");
    await tab.get("/set?n=2");
    expect(heard).toEqual([{ type: "live_session_updated", session: { n: "2" }, version: 2 }]);
    expect(live.data).toEqual({ n: "2" });
    expect(await sessions.read(tab.id)).toEqual({ n: "2" });
  });

  test("priority, partitioned, domain, path, httpOnly and sameSite survive the store", async () => {
    const cookie = { priority: "high", partitioned: true, domain: "shop.test", path: "/", httpOnly: false } as const;
    const { tab, record } = await start({ cookie: { ...cookie, sameSite: "strict" } });
    await tab.get("/set?n=1");
    expect(tab.setCookies[0]).toMatch(/Priority=High/);
    expect(tab.setCookies[0]).toMatch(/Partitioned/);
    expect((await record(tab.id)).meta).toEqual({
      cookie: { ...cookie, sameSite: "strict", originalMaxAge: null, expires: null },
    });
    expect((await tab.get("/show")).body.cookie).toMatchObject({ ...cookie, sameSite: "strict" });
  });

  test("touch keeps a changed cookie, writes no data, and never creates", async () => {
    const { store, sessions, record } = await start();
    const { id } = await sessions.create({ n: 1 });
    const session = await load(store, id);
    session.cookie.maxAge = 7_000;
    session.cookie.path = "/shop";
    bag({ session }).n = 2;
    await call((done) => store.touch(id, session, done));
    const kept = { version: 1, data: { n: 1 }, lifetime: 7_000, meta: { cookie: { path: "/shop" } } };
    expect(await record(id)).toMatchObject(kept);
    await call((done) => store.touch("nobody", session, done));
    expect(await sessions.records.count()).toBe(1);
  });

  test("expiry is exact to the millisecond, with no sweep", async () => {
    const clock = new ShiftedClock();
    let now = 1_800_000_000_000;
    clock.now = () => now;
    const sessions = createLiveSessions<Data>({ store: make(clock), clock, touchInterval: "1h", onError() {} });
    const store = expressStore(sessions);
    const cookie = { path: "/", originalMaxAge: 1_234 };
    await call((done) => store.set("id", { cookie, n: 1 } as never, done));
    now += 1_233;
    expect(await call((done) => store.get("id", done as never))).toMatchObject({ n: 1 });
    now += 1;
    expect(await call((done) => store.get("id", done as never))).toBeNull();
    await sessions.close();
  });

  test("an idle lifetime is pushed with the precision of the session's own lifetime, not of the hub's", async () => {
    const { tab, record, clock } = await start({ cookie: { maxAge: MINUTE } }, { touchInterval: undefined });
    await tab.get("/set?n=1");
    const { expiresAt } = await record(tab.id);
    clock.advance(MINUTE / 1000);
    await tab.get("/show");
    expect((await record(tab.id)).expiresAt).toBeGreaterThanOrEqual(expiresAt + MINUTE / 1000);
  });

  test.each<[string, (id: string) => string]>([
    ["unsigned", (id) => id],
    ["unsigned, with the mark of a signed one", (id) => encodeURIComponent(`s:${id}`)],
    ["signed with another secret", (id) => signed(id, "guess")],
    ["with an empty signature", (id) => encodeURIComponent(`s:${id}.`)],
    ["with the signature of another id", (id) => signed(`${id}x`).replace(`${id}x`, id)],
    ["malformed", () => "s%3A%E0%A4%A"],
  ])("a planted cookie that is %s gives no session away, and is not adopted", async (_what, plant) => {
    const { tab, sessions } = await start();
    const { id } = await sessions.create({ secret: "of another" });
    withCookie(tab, plant(id));
    const { body } = await tab.get("/show");
    expect(body.data).toEqual({});
    await tab.get("/set?n=1");
    expect(tab.id).not.toBe(id);
    expect(await sessions.read(id)).toEqual({ secret: "of another" });
  });

  test("a planted id that nobody's session has is not adopted, even with a valid signature", async () => {
    const { tab, sessions } = await start();
    withCookie(tab, signed("chosen-by-the-attacker"));
    await tab.get("/set?n=1");
    expect(tab.id).not.toBe("chosen-by-the-attacker");
    expect(await sessions.read("chosen-by-the-attacker")).toBeNull();
  });

  test("what a response wrote is there for the next request: after a redirect, and after a stream", async () => {
    const { tab, url } = await start();
    await tab.get("/set?n=1");
    const cookie = `connect.sid=${tab.cookies.get("connect.sid")}`;
    const redirect = await fetch(`${url}/redirect?m=2`, { headers: { cookie }, redirect: "manual" });
    await redirect.text();
    expect((await tab.get("/show")).body.data).toEqual({ n: "1", m: "2" });
    const { body } = await tab.get("/stream?s=3");
    expect(String(body.text)).toHaveLength(70_002);
    expect((await tab.get("/show")).body.data).toEqual({ n: "1", m: "2", s: "3" });
  });

  test("two middlewares on one store: each makes its own cookies, and both see the session", async () => {
    const { sessions } = testHub({ make });
    const store = expressStore(sessions);
    const shop = await startApp(sessions, { routes, store, cookie: { maxAge: MINUTE } });
    const admin = await startApp(sessions, { routes, store, cookie: { maxAge: 2 * MINUTE } });
    const tab = shop.browser();
    await tab.get("/set?n=1");
    const other = admin.browser();
    for (const [name, value] of tab.cookies) other.cookies.set(name, value);
    expect((await other.get("/show")).body).toMatchObject({ data: { n: "1" }, id: tab.id });
    await other.get("/set?m=2");
    expect((await tab.get("/show")).body.data).toEqual({ n: "1", m: "2" });
  });
});
