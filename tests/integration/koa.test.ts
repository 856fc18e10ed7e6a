// What is koa-session's own: its marks in the data, its options, and the order of its commits.

import { createServer } from "node:http";
import Koa from "koa";
import koaSession from "koa-session";
import { createLiveSessions, memoryStore, type SessionStore, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { type KoaContext, type KoaStoreOptions, koaStore, renewSession } from "live-session/koa";
import { expect, onTestFinished, test, vi } from "vitest";
import { Browser, type Data, Gate } from "../support/express.ts";
import { listen, secret } from "../support/http-adapters.ts";

const MINUTE = 60_000;
type Context = Koa.ParameterizedContext<Koa.DefaultState, KoaContext<Data>>;
type Handler = (ctx: Context) => unknown;

async function start(routes: Record<string, Handler>, options: object = {}, store: KoaStoreOptions = {}) {
  const clock = new ManualClock(Date.now());
  const inner = memoryStore({ clock });
  const sessions = createLiveSessions<Data>({ store: inner, clock, lifetime: "2h", onError() {} });
  onTestFinished(() => sessions.close());
  const app = new Koa<Koa.DefaultState, KoaContext<Data>>();
  app.keys = [secret];
  const errors: unknown[] = [];
  app.on("error", (error) => errors.push(error));
  app.use(koaSession({ store: koaStore(sessions, store), ...options }, app));
  const all: Record<string, Handler> = { "/set": (ctx) => void Object.assign(ctx.session ?? {}, ctx.query), ...routes };
  app.use(async (ctx) => {
    ctx.body = (await all[ctx.path]?.(ctx)) ?? {};
  });
  const tab = new Browser(await listen(createServer(app.callback())));
  const id = () => tab.cookies.get("koa.sess") ?? "";
  const record = async () => {
    const found = await sessions.records.read(sessionKey(id()));
    if (found.state !== "live") throw new Error(`The session is ${found.state}.`);
    return found.record;
  };
  return { sessions, inner, clock, tab, id, record, errors };
}

test("the lifetime is the session's own maxAge, not the ten seconds more that the store is told", async () => {
  const { tab, record } = await start({}, { maxAge: MINUTE });
  await tab.get("/set?n=1");
  expect(await record()).toMatchObject({ lifetime: MINUTE, data: { n: "1" } });
});

test("without a maxAge it is koa-session's day; with 'session' it is the hub's", async () => {
  const day = await start({});
  await day.tab.get("/set?n=1");
  expect((await day.record()).lifetime).toBe(24 * 60 * MINUTE);
  const hub = await start({}, { maxAge: "session" });
  await hub.tab.get("/set?n=1");
  expect((await hub.record()).lifetime).toBe(120 * MINUTE);
  expect(hub.tab.setCookies[0]).not.toMatch(/expires=/i);
});

test("a session's own maxAge is kept and counts from then on", async () => {
  const { tab, record } = await start({
    "/remember": ({ session }) => {
      if (session) session.maxAge = 30 * MINUTE;
    },
    "/forget": ({ session }) => {
      if (session) session.maxAge = "session";
    },
    "/age": ({ session }) => ({ maxAge: session?.maxAge }),
  });
  await tab.get("/set?n=1");
  await tab.get("/remember");
  expect(await record()).toMatchObject({ lifetime: 30 * MINUTE, version: 1 });
  expect((await tab.get("/age")).body).toEqual({ maxAge: 30 * MINUTE });
  await tab.get("/forget");
  expect((await tab.get("/age")).body).toEqual({ maxAge: "session" });
  expect(await record()).toMatchObject({ lifetime: 120 * MINUTE, version: 1 });
});

test("renew sends the cookie and pushes the expiry once half of the lifetime is over, and not before", async () => {
  const { tab, clock, record } = await start({}, { maxAge: 10 * MINUTE, renew: true });
  vi.useFakeTimers({ toFake: ["Date"] }); // the middleware goes by Date.now
  onTestFinished(() => void vi.useRealTimers());
  await tab.get("/set?n=1");
  const { expiresAt } = await record();
  const readAfter = async (ms: number) => {
    clock.advance(ms);
    vi.setSystemTime(clock.now());
    await tab.get("/set");
    return { pushed: (await record()).expiresAt - expiresAt, cookies: tab.setCookies.length };
  };
  expect(await readAfter(4 * MINUTE)).toEqual({ pushed: 0, cookies: 0 });
  expect(await readAfter(2 * MINUTE)).toEqual({ pushed: 6 * MINUTE, cookies: 2 });
});

test("names that a koa session has no room for break nothing and are kept", async () => {
  const { tab, sessions, id } = await start({ "/read": ({ session }) => ({ n: session?.n }) });
  await tab.get("/set?n=1");
  const live = await sessions.attach(id());
  for (const name of ["_hidden", "save", "toJSON", "isNew", "maxAge"]) await live.put(name, 1);
  expect((await tab.get("/set?n=2")).status).toBe(200);
  expect((await tab.get("/read")).body).toEqual({ n: "2" });
  expect(await sessions.read(id())).toEqual({ n: "2", _hidden: 1, save: 1, toJSON: 1, isNew: 1, maxAge: 1 });
});

test("regenerate takes the data along, and the old id is dead", async () => {
  const { tab, sessions, id } = await start({ "/login": ({ session }) => session?.regenerate() });
  await tab.get("/set?n=1");
  const old = id();
  await tab.get("/login");
  expect(id()).not.toBe(old);
  expect(await sessions.read(id())).toEqual({ n: "1" });
  expect(await sessions.records.read(sessionKey(old))).toMatchObject({ state: "ended", reason: "regenerated" });
});

test("an object assigned to ctx.session replaces the data of the same session", async () => {
  const { tab, sessions, id } = await start({
    "/replace": (ctx) => {
      ctx.session = { m: 2 };
    },
  });
  await tab.get("/set?n=1");
  const before = id();
  await tab.get("/replace");
  expect(id()).toBe(before);
  expect(await sessions.read(before)).toEqual({ m: 2 });
});

test("save, twice and again at the end, each writes what changed since the one before", async () => {
  const { tab, sessions, id } = await start({
    "/saves": async ({ session }) => {
      if (!session) return;
      session.a = 1;
      await session.save();
      session.a = 2;
      delete session.n;
      await session.save();
      session.b = 1;
    },
  });
  await tab.get("/set?n=1");
  await tab.get("/saves");
  expect(await sessions.read(id())).toEqual({ a: 2, b: 1 });
});

test("an end waits for a first save under way", async () => {
  const saving = new Gate();
  let saved: Promise<void> | undefined;
  const { tab, sessions, inner } = await start({
    "/both": (ctx) => {
      if (!ctx.session) return;
      ctx.session.n = 1;
      saved = ctx.session.save().catch(() => {});
      ctx.session = null;
      setImmediate(() => setImmediate(() => saving.open()));
    },
  });
  const { commit } = inner;
  inner.commit = async (...given) => {
    await saving.wait();
    return commit(...given);
  };
  await tab.get("/both");
  await saved;
  expect(await sessions.records.count()).toBe(0);
});

test("lateWrites: error fails the request that was overtaken by a logout", async () => {
  const { tab, sessions, id, errors } = await start(
    {
      "/overtaken": async ({ session }) => {
        if (session) session.late = true;
        await sessions.end(id(), "revoked");
      },
    },
    {},
    { lateWrites: "error" },
  );
  await tab.get("/set?n=1");
  expect((await tab.get("/overtaken")).status).toBe(500);
  expect(errors).toMatchObject([{ code: "session_ended", reason: "revoked" }]);
  expect(await sessions.read(id())).toBeNull();
});

test("what is no hub, and another word for lateWrites, are bad options", () => {
  expect(() => koaStore({} as never)).toThrow(expect.objectContaining({ code: "bad_option" }));
  const sessions = createLiveSessions();
  onTestFinished(() => sessions.close());
  expect(() => koaStore(sessions, { lateWrites: "perhaps" as never })).toThrow(
    expect.objectContaining({ code: "bad_option" }),
  );
});

test("renewSession: who is told to try again gets no cookie, whatever answers for the app", async () => {
  const clock = new ManualClock(Date.now());
  const inner = memoryStore({ clock });
  const held = new Gate(1);
  let reads = 0;
  const store: SessionStore = {
    ...inner,
    read(key) {
      reads++;
      return inner.read(key);
    },
    destroy: async (key, reason) => held.wait().then(() => inner.destroy(key, reason)),
  };
  const sessions = createLiveSessions<Data>({ store, clock, lifetime: "2h" });
  onTestFinished(() => sessions.close());
  const app = new Koa<Koa.DefaultState, KoaContext<Data>>();
  app.keys = [secret];
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      ctx.status = (error as { status: number }).status;
      ctx.body = {};
    }
  });
  app.use(koaSession({ store: koaStore(sessions), rolling: true, maxAge: "session" }, app));
  app.use(renewSession({ every: "15m" }));
  app.use((ctx) => {
    if (ctx.session) ctx.session.n = 1;
    ctx.body = {};
  });
  const tab = new Browser(await listen(createServer(app.callback())));
  await tab.get("/");
  const before = tab.cookies.get("koa.sess");
  const script = tab.fork();
  clock.advance(15 * MINUTE);
  const page = tab.open("/");
  await held.full;
  const known = reads;
  const late = script.get("/");
  await expect.poll(() => reads).toBeGreaterThan(known);
  held.open();
  expect([(await page).status, (await late).status]).toEqual([200, 503]);
  expect(script.setCookies).toEqual([]);
  expect(tab.cookies.get("koa.sess")).not.toBe(before);
});

test("renewSession goes with koaStore, and says so", async () => {
  const app = new Koa();
  app.keys = [secret];
  app.silent = true;
  const errors: unknown[] = [];
  app.on("error", (error) => errors.push(error));
  app.use(renewSession({ every: "15m" }));
  await new Browser(await listen(createServer(app.callback()))).get("/");
  expect(errors).toMatchObject([{ code: "bad_option" }]);
  for (const options of [{}, { every: "soon" }, { every: "1h", rolling: true }, undefined]) {
    expect(() => renewSession(options as never)).toThrow(expect.objectContaining({ code: "bad_option" }));
  }
});
