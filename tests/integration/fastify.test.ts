// What is @fastify/session's own: its methods, its cookie, and `request.liveSession`.

import fastifyCookie from "@fastify/cookie";
import fastify, { type FastifyRequest } from "fastify";
import { createLiveSessions, type LiveSession, memoryStore, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { type FastifyData, fastifyLiveSession } from "live-session/fastify";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Browser, type Data } from "../support/express.ts";
import { secret } from "../support/http-adapters.ts";
import { rejection } from "../support/sessions.ts";

const MINUTE = 60_000;

type Handler = (request: FastifyRequest, own: Data) => unknown;

async function start(routes: Record<string, Handler>, options: object = {}) {
  const clock = new ManualClock(Date.now());
  const sessions = createLiveSessions<Data>({ store: memoryStore({ clock }), clock, lifetime: "1h", onError() {} });
  const app = fastify({ forceCloseConnections: true });
  onTestFinished(async () => {
    await app.close();
    await sessions.close();
  });
  await app.register(fastifyCookie);
  await app.register(fastifyLiveSession, {
    sessions,
    secret,
    saveUninitialized: false,
    cookie: { secure: false },
    ...options,
  });
  app.setErrorHandler<Error & { code?: string }>((error, _request, reply) =>
    reply.code(500).send({ code: error.code }),
  );
  for (const [path, handler] of Object.entries({ "/set": set, ...routes })) {
    app.get(path, async (request) => (await handler(request, request.session as unknown as Data)) ?? {});
  }
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const tab = new Browser(url);
  const id = () => decodeURIComponent(tab.cookies.get("sessionId") ?? "").split(".")[0] ?? "";
  return { app, sessions, clock, tab, id };
}

const set: Handler = (request, own) => void Object.assign(own, request.query);

describe("the session's methods", () => {
  test("save, twice and again at the end, each writes what changed since the one before", async () => {
    const { tab, id, sessions } = await start({
      "/saves": async ({ session }, own) => {
        own.a = 1;
        await session.save();
        own.a = 2;
        delete own.n;
        await session.save();
        own.b = 1;
      },
    });
    await tab.get("/set?n=1");
    await tab.get("/saves");
    expect(await sessions.read(id())).toEqual({ a: 2, b: 1 });
  });

  test("after reload, a save is measured by what was reloaded", async () => {
    const { tab, id, sessions } = await start({
      "/reload": async (request, own) => {
        own.dropped = true;
        const live = await sessions.attach(request.session.sessionId);
        await live.put("n", "live");
        await request.session.reload();
        Object.assign(request.session, { after: true });
        await live.put("n", "later");
      },
    });
    await tab.get("/set?n=1");
    await tab.get("/reload");
    expect(await sessions.read(id())).toEqual({ n: "later", after: true });
  });

  test("regenerate with keys takes them along", async () => {
    const { tab, id, sessions } = await start({ "/login": ({ session }) => session.regenerate(["cart" as never]) });
    await tab.get("/set?cart=kite&n=1");
    const old = id();
    await tab.get("/login");
    expect(id()).not.toBe(old);
    expect(await sessions.read(id())).toEqual({ cart: "kite" });
  });

  test("an end waits for a first save under way", async () => {
    const { tab, sessions } = await start({
      "/both": async ({ session }, own) => {
        own.n = 1;
        const saved = session.save();
        await session.destroy();
        await saved;
      },
    });
    await tab.get("/both");
    expect(await sessions.records.count()).toBe(0);
  });

  test("data by the name of a method breaks nothing and is kept", async () => {
    const { tab, id, sessions } = await start({});
    await tab.get("/set?n=1");
    const live = await sessions.attach(id());
    await live.put("save", "not a function");
    await live.put("isModified", 1);
    expect((await tab.get("/set?n=2")).status).toBe(200);
    expect(await sessions.read(id())).toEqual({ n: "2", save: "not a function", isModified: 1 });
  });
});

describe("the cookie", () => {
  test.each([true, false])(
    "a date of the session's own is its end, whatever happens (rolling: %s)",
    async (rolling) => {
      vi.useFakeTimers({ toFake: ["Date"] }); // the middleware goes by Date.now
      onTestFinished(() => void vi.useRealTimers());
      const routes: Record<string, Handler> = {
        "/until": ({ session }, own) => {
          own.n = 1;
          session.cookie.expires = new Date(end);
        },
        "/read": (_request, own) => own,
      };
      const { tab, id, sessions, clock } = await start(routes, { rolling });
      const pass = (ms: number) => {
        clock.advance(ms);
        vi.setSystemTime(clock.now());
      };
      const end = clock.now() + 10 * MINUTE;
      await tab.get("/until");
      for (let minute = 1; minute < 10; minute++) {
        pass(MINUTE);
        expect((await tab.get("/read")).body.n).toBe(1);
        const found = await sessions.records.read(sessionKey(id()));
        expect(found.state === "live" && found.record.expiresAt).toBe(end);
      }
      pass(MINUTE);
      expect((await tab.get("/read")).body.n).toBeUndefined();
    },
  );

  test("its flags are no data", async () => {
    const { tab, id, sessions } = await start({}, { cookie: { secure: false, sameSite: "lax", maxAge: 60_000 } });
    await tab.get("/set?n=1");
    const found = await sessions.records.read(sessionKey(id()));
    expect(found).toMatchObject({
      record: { data: { n: "1" }, lifetime: 60_000, meta: { cookie: { sameSite: "lax" } } },
    });
  });
});

describe("request.liveSession", () => {
  test("attach saves what the request changed so far, hears of everything, and ends with the response", async () => {
    let live: LiveSession<FastifyData> | undefined;
    const heard: unknown[] = [];
    const { tab, id, sessions } = await start({
      "/live": async (request, own) => {
        own.n = 1;
        live = await request.liveSession.attach();
        live.subscribe((message) => heard.push(message.type));
        await (live as unknown as LiveSession<Data>).put("m", 2);
        return live.data;
      },
    });
    expect((await tab.get("/live")).body).toEqual({ n: 1, m: 2 });
    expect(await sessions.read(id())).toEqual({ n: 1, m: 2 });
    expect(heard).toEqual(["live_session_updated"]);
    await expect.poll(() => isDetached(live)).toBe(true);
  });

  test("read gives the data as it is now, null before there is any", async () => {
    const { tab } = await start({
      "/before": async ({ liveSession }) => ({ data: await liveSession.read() }),
      "/after": async ({ liveSession }, own) => {
        own.unsaved = true;
        return { data: await liveSession.read() };
      },
    });
    expect((await tab.get("/before")).body).toEqual({ data: null });
    await tab.get("/set?n=1");
    expect((await tab.get("/after")).body).toEqual({ data: { n: "1" } });
  });

  test("after destroy there is none to attach to", async () => {
    const { tab } = await start({
      "/gone": async (request) => {
        await request.session.destroy();
        const { code } = await rejection(request.liveSession.attach());
        return { code, data: await request.liveSession.read() };
      },
    });
    await tab.get("/set?n=1");
    expect((await tab.get("/gone")).body).toEqual({ code: "unknown_session", data: null });
  });
});

test("lateWrites: error fails the request that was overtaken by a logout", async () => {
  const { tab, id, sessions } = await start(
    {
      "/overtaken": async ({ session }, own) => {
        own.late = true;
        await sessions.end(session.sessionId, "revoked");
      },
    },
    { lateWrites: "error" },
  );
  await tab.get("/set?n=1");
  expect(await tab.get("/overtaken")).toMatchObject({ status: 500, body: { code: "session_ended" } });
  expect(await sessions.read(id())).toBeNull();
});

test("an object that did not come from this request's load cannot replace a live session", async () => {
  const { tab, id, sessions } = await start({
    "/foreign": async ({ session, sessionStore }) => {
      const write = (data: Data) =>
        new Promise((resolve) => sessionStore.set(session.sessionId, data as never, resolve as () => void));
      return { code: ((await write({ stale: true })) as { code?: string }).code };
    },
    "/copy": ({ session, sessionStore }) =>
      new Promise((resolve) => sessionStore.set("another id", session, resolve as () => void)),
  });
  await tab.get("/set?n=1");
  expect((await tab.get("/foreign")).body).toEqual({ code: "conflict" });
  expect(await sessions.read(id())).toEqual({ n: "1" });
  await tab.get("/copy");
  expect(await sessions.read("another id")).toEqual({ n: "1" });
});

test.each([
  ["no sessions", { sessions: undefined }],
  ["a store", { store: {} }],
  ["another word for lateWrites", { lateWrites: "perhaps" }],
])("%s is a bad option", async (_what, options) => {
  expect(await rejection(start({}, options))).toMatchObject({ code: "bad_option" });
});

function isDetached(live: LiveSession<FastifyData> | undefined): boolean {
  try {
    void live?.data;
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "closed";
  }
}
