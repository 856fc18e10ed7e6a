// Every option and session method of express-session keeps its meaning with this store.

import type { Express } from "express";
import type { SessionOptions } from "express-session";
import { type LiveSessionsOptions, sessionKey } from "live-session";
import { describe, expect, test } from "vitest";
import { type Browser, bag, call, type Data, startApp, stores, testHub } from "../support/express.ts";

const MINUTE = 60_000;

function routes(app: Express): void {
  app.get("/nothing", (_request, response) => void response.json({}));
  app.get("/show", (request, response) => {
    const { cookie, ...data } = bag(request);
    response.json({ ...data, cookie, maxAge: request.session.cookie.maxAge, id: request.sessionID });
  });
  app.get("/set", (request, response) => {
    Object.assign(bag(request), request.query);
    response.json({});
  });
  app.get("/age/:ms", (request, response) => {
    request.session.cookie.maxAge = Number(request.params.ms);
    response.json({});
  });
  app.get("/browser-session", (request, response) => {
    request.session.cookie.expires = null;
    response.json({});
  });
  app.get("/unset", (request, response) => {
    bag(request).lost = true;
    (request as { session: unknown }).session = null;
    response.json({});
  });
  app.get("/destroy", (request, response) => request.session.destroy(() => response.json({})));
  app.get("/regenerate", (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error);
      bag(request).fresh = true;
      response.json({});
    });
  });
  app.get("/reload", (request, response, next) => {
    bag(request).dropped = true;
    request.session.reload((error) => {
      if (error) return next(error);
      bag(request).after = true;
      response.json({ dropped: bag(request).dropped ?? null });
    });
  });
  app.get("/save-thrice", async (request, response) => {
    const own = bag(request);
    const save = () => call((done) => request.session.save(done));
    own.a = 1;
    await save();
    Object.assign(own, { a: 2, b: 1 });
    await save();
    own.a = 1; // back to what the first save wrote
    delete own.b;
    await save();
    response.json({});
  });
}

describe.each(stores)("on the $name store", ({ make }) => {
  const start = async (options: Partial<SessionOptions> = {}, hub: LiveSessionsOptions<Data> = {}) => {
    const { sessions, clock } = testHub({ make, touchInterval: 0, ...hub });
    const app = await startApp(sessions, { routes, ...options });
    const record = async (tab: Browser) => {
      const found = await sessions.records.read(sessionKey(tab.id));
      if (found.state !== "live") throw new Error(`The session is ${found.state}.`);
      return { ...found.record, left: found.record.expiresAt - found.now };
    };
    const count = () => sessions.records.count();
    return { ...app, sessions, clock, record, count, tab: app.browser() };
  };

  test.each([
    [true, 1],
    [false, 0],
  ])("saveUninitialized: %s stores %i session for a request that wrote nothing", async (saveUninitialized, stored) => {
    const { tab, count } = await start({ saveUninitialized });
    await tab.get("/nothing");
    expect(tab.setCookies).toHaveLength(stored);
    expect(await count()).toBe(stored);
  });

  test.each([true, false])("resave: %s keeps the session, and writes no data where nothing changed", async (resave) => {
    const { tab, record } = await start({ resave });
    await tab.get("/set?n=1");
    await tab.get("/nothing");
    expect(await record(tab)).toMatchObject({ data: { n: "1" }, version: 1 });
  });

  test("rolling: sends the cookie and pushes the expiry with every response", async () => {
    const { tab, record, clock } = await start({ rolling: true, cookie: { maxAge: MINUTE } });
    await tab.get("/set?n=1");
    clock.advance(MINUTE / 2);
    await tab.get("/nothing");
    expect(tab.setCookies[0]).toMatch(/Expires=/);
    expect((await record(tab)).left).toBeGreaterThan(MINUTE - 5_000);
  });

  test("not rolling: no cookie with a response that changed nothing, but the expiry is pushed", async () => {
    const { tab, record, clock } = await start({ cookie: { maxAge: MINUTE } });
    await tab.get("/set?n=1");
    clock.advance(MINUTE / 2);
    await tab.get("/nothing");
    expect(tab.setCookies).toEqual([]);
    expect((await record(tab)).left).toBeGreaterThan(MINUTE - 5_000);
  });

  test("unset: keep leaves the session as it was, destroy ends it", async () => {
    const keep = await start({ unset: "keep" });
    await keep.tab.get("/set?n=1");
    await keep.tab.get("/unset");
    expect((await keep.record(keep.tab)).data).toEqual({ n: "1" });
    const destroy = await start({ unset: "destroy" });
    await destroy.tab.get("/set?n=1");
    await destroy.tab.get("/unset");
    expect(await destroy.count()).toBe(0);
  });

  test("genid makes the ids", async () => {
    let next = 0;
    const { tab, sessions } = await start({ genid: () => `id-${next++}` });
    await tab.get("/set?n=1");
    expect(tab.id).toBe("id-0");
    await tab.get("/regenerate");
    expect(tab.id).toBe("id-1");
    expect(await sessions.read("id-1")).toEqual({ fresh: true });
    expect(await sessions.read("id-0")).toBeNull();
  });

  test("cookie as a function sets each request's cookie", async () => {
    const { tab, record } = await start({ cookie: (request) => ({ maxAge: Number(request.query.age) }) });
    await tab.get("/set?age=5000");
    expect(await record(tab)).toMatchObject({ lifetime: 5000, meta: { cookie: { originalMaxAge: 5000 } } });
  });

  test("cookie.maxAge and cookie.expires are the lifetime, to the millisecond", async () => {
    const byAge = await start({ cookie: { maxAge: 12_345 } });
    await byAge.tab.get("/set?n=1");
    // The middleware's setter reads the clock twice, and may lose a millisecond.
    expect((await byAge.record(byAge.tab)).lifetime).toBeGreaterThanOrEqual(12_340);
    expect((await byAge.record(byAge.tab)).lifetime).toBeLessThanOrEqual(12_345);
    byAge.clock.advance(12_346);
    expect((await byAge.tab.get("/show")).body.n).toBeUndefined();

    const byDate = await start({ cookie: () => ({ expires: new Date(Date.now() + 54_321) }) });
    await byDate.tab.get("/set?n=1");
    expect((await byDate.record(byDate.tab)).lifetime).toBeGreaterThan(54_000);
    expect((await byDate.record(byDate.tab)).lifetime).toBeLessThanOrEqual(54_321);
  });

  test("a cookie of the browser session lives as long as the hub's lifetime", async () => {
    const { tab, record } = await start({}, { lifetime: "3h" });
    await tab.get("/set?n=1");
    expect(tab.setCookies[0]).not.toMatch(/Expires/);
    expect(await record(tab)).toMatchObject({ lifetime: 180 * MINUTE, meta: { cookie: { expires: null } } });
    expect((await tab.get("/show")).body.cookie).toMatchObject({ expires: null, originalMaxAge: null });
  });

  test("a changed cookie.maxAge is kept without any change of data, and back to a browser session too", async () => {
    const { tab, record } = await start({ cookie: { maxAge: MINUTE } }, { lifetime: "3h" });
    await tab.get("/set?n=1");
    await tab.get("/age/7000");
    expect(await record(tab)).toMatchObject({ version: 1, lifetime: 7000, meta: { cookie: { originalMaxAge: 7000 } } });
    expect((await tab.get("/show")).body.maxAge).toBeLessThanOrEqual(7000);
    await tab.get("/browser-session");
    expect(await record(tab)).toMatchObject({ version: 1, lifetime: 180 * MINUTE });
    expect((await tab.get("/show")).body.maxAge).toBeNull();
  });

  test("a maxAge of zero or less ends the session as expired", async () => {
    const { tab, sessions } = await start();
    await tab.get("/set?n=1");
    const key = sessionKey(tab.id);
    await tab.get("/age/-1");
    expect(await sessions.records.read(key)).toMatchObject({ state: "ended", reason: "expired" });
  });

  test("the lifetime does not wear off over many requests", async () => {
    const { tab, record } = await start({ cookie: { maxAge: MINUTE }, rolling: true });
    await tab.get("/set?n=1");
    const { lifetime } = await record(tab);
    for (let index = 0; index < 50; index++) await tab.get(`/set?n=${index}`);
    expect(await record(tab)).toMatchObject({ lifetime, meta: { cookie: { originalMaxAge: lifetime } } });
  });

  test("touches within touchInterval do not reach the store", async () => {
    const { tab, record, clock } = await start({ cookie: { maxAge: 10 * MINUTE } }, { touchInterval: "1m" });
    await tab.get("/set?n=1");
    const { expiresAt } = await record(tab);
    clock.advance(MINUTE / 2);
    await tab.get("/nothing");
    expect((await record(tab)).expiresAt).toBe(expiresAt);
    clock.advance(MINUTE / 2);
    await tab.get("/nothing");
    expect((await record(tab)).expiresAt).toBeGreaterThan(expiresAt);
  });

  test("a request does not undo the maxAge that another set meanwhile", async () => {
    const { tab, record, store } = await start({ cookie: { maxAge: MINUTE } });
    await tab.get("/set?n=1");
    const stale = await call<Data | null>((done) => store.get(tab.id, done as never));
    await tab.get("/age/7000");
    await call((done) => store.set(tab.id, { ...stale, m: 1 } as never, done)); // a copy: no base, and no change of mind
    const { id } = tab;
    const loaded = await call<Data | null>((done) => store.get(id, done as never));
    await tab.get("/age/9000");
    (loaded as Data).own = true;
    await call((done) => store.set(id, loaded as never, done));
    expect(await record(tab)).toMatchObject({ data: { own: true }, lifetime: 9000 });
  });

  test("secure: auto and sameSite: auto go by the connection, behind a trusted proxy too", async () => {
    const cookie = { secure: "auto", sameSite: "auto" } as unknown as { secure: "auto" };
    const { tab, record } = await start({ cookie, proxy: true });
    await tab.get("/set?n=1", { "x-forwarded-proto": "https" });
    expect(tab.setCookies[0]).toMatch(/Secure; SameSite=None/);
    expect((await record(tab)).meta).toMatchObject({ cookie: { secure: true, sameSite: "none" } });
    const plain = await start({ cookie, proxy: false });
    await plain.tab.get("/set?n=1", { "x-forwarded-proto": "https" });
    expect(plain.tab.setCookies[0]).toMatch(/SameSite=Lax/);
    expect(plain.tab.setCookies[0]).not.toMatch(/Secure/);
  });

  test("several secrets: the first signs, all are taken", async () => {
    const { sessions } = testHub({ make });
    const old = await startApp(sessions, { routes, secret: "old" });
    const rotated = await startApp(sessions, { routes, secret: ["new", "old"] });
    const other = await startApp(sessions, { routes, secret: "other" });
    const tab = old.browser();
    await tab.get("/set?n=1");
    const moved = rotated.browser();
    for (const [name, value] of tab.cookies) moved.cookies.set(name, value);
    expect((await moved.get("/show")).body).toMatchObject({ n: "1", id: tab.id });
    await moved.get("/set?m=1");
    const stranger = other.browser();
    for (const [name, value] of tab.cookies) stranger.cookies.set(name, value);
    expect((await stranger.get("/show")).body.id).not.toBe(tab.id);
  });

  test("name names the cookie", async () => {
    const { tab } = await start({ name: "shop" });
    await tab.get("/set?n=1");
    expect([...tab.cookies.keys()]).toEqual(["shop"]);
  });

  test("an id that is signed but unknown is not adopted", async () => {
    const { tab, sessions } = await start();
    await tab.get("/set?n=1");
    const { id } = tab;
    await sessions.end(id);
    await tab.get("/set?n=2");
    expect(tab.id).not.toBe(id);
  });

  test("destroy ends, regenerate moves to a new id, reload takes what is stored and its base", async () => {
    const { tab, sessions, count } = await start();
    await tab.get("/set?n=1");
    expect((await tab.get("/reload")).body).toEqual({ dropped: null });
    expect(await sessions.read(tab.id)).toEqual({ n: "1", after: true });
    const old = tab.id;
    await tab.get("/regenerate");
    expect(tab.id).not.toBe(old);
    expect(await sessions.records.read(sessionKey(old))).toMatchObject({ state: "ended", reason: "regenerated" });
    expect(await sessions.read(tab.id)).toEqual({ fresh: true });
    await tab.get("/destroy");
    expect(await count()).toBe(0);
  });

  test("saves in one request build on each other: changing back and deleting count", async () => {
    const { tab, sessions } = await start();
    await tab.get("/save-thrice"); // a session that is created
    expect(await sessions.read(tab.id)).toEqual({ a: 1 });
    await tab.get("/set?a=0&b=0&c=0");
    await tab.get("/save-thrice"); // one that was loaded
    expect(await sessions.read(tab.id)).toEqual({ a: 1, c: "0" });
  });

  test("all, length and clear", async () => {
    const { browser, store, sessions } = await start();
    for (const n of [1, 2, 3]) await browser().get(`/set?n=${n}`);
    const all = (await call<Data[]>((done) => store.all(done as never))) as Data[];
    expect(all.map(({ n }) => n).sort()).toEqual(["1", "2", "3"]);
    expect(all[0]).toHaveProperty("cookie.path", "/");
    expect(await call<number | undefined>((done) => store.length(done))).toBe(3);
    await call((done) => store.clear(done));
    expect(await call<number | undefined>((done) => store.length(done))).toBe(0);
    expect(await sessions.records.count()).toBe(0);
  });

  test("set and touch can be replaced on the store", async () => {
    const { tab, store } = await start();
    const seen: string[] = [];
    const { set, touch } = store;
    store.set = (id, data, done) => {
      seen.push("set");
      set.call(store, id, data, done);
    };
    store.touch = (id, data, done) => {
      seen.push("touch");
      touch.call(store, id, data, done);
    };
    await tab.get("/set?n=1");
    await tab.get("/nothing");
    expect(seen).toEqual(["set", "touch"]);
  });
});
