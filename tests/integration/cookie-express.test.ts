// cookieSession: request.session as express-session has it, and what a cookie cannot do said in its words.

import { createServer, request as httpRequest, ServerResponse } from "node:http";
import express, { type Express, type Request, type Response } from "express";
import session from "express-session";
import { putSession } from "live-session";
import { ManualClock } from "live-session/conformance";
import type { CookieSessionsOptions } from "live-session/cookie";
import { cookieSession } from "live-session/express";
import { expect, test } from "vitest";
import { Browser, bag, call, type Data } from "../support/express.ts";
import { listen, secret } from "../support/http-adapters.ts";
import { rejection } from "../support/sessions.ts";

type Handle = (request: Request, response: Response) => unknown;

async function start(handle: Handle, options: Partial<CookieSessionsOptions> = {}, before?: (app: Express) => void) {
  const clock = new ManualClock(Date.now());
  const app = express();
  const errors: { code?: string }[] = [];
  before?.(app);
  app.use(cookieSession({ secret, clock, ...options }));
  app.use(handle as never);
  app.use((error: { code?: string }, _request: unknown, response: Response, next: (error: unknown) => void) => {
    errors.push(error);
    if (response.headersSent) return next(error);
    response.status(500).json({ code: error.code });
  });
  const server = createServer(app);
  const url = await listen(server);
  return { clock, errors, server, url, tab: new Browser(url) };
}

test("request.session is a Session with a cookie; its methods do what they do in express-session", async () => {
  const seen: Data[] = [];
  const { tab } = await start(async (request, response) => {
    const own = request.session;
    expect(own).toBeInstanceOf((session as unknown as { Session: new () => unknown }).Session);
    expect(request.session.id).toBe(request.sessionID);
    seen.push({ ...bag(request), cookie: { ...JSON.parse(JSON.stringify(own.cookie)) } });
    bag(request).n = 1;
    await call((done) => own.save(done));
    bag(request).n = 2;
    await call((done) => own.reload(done));
    expect(bag(request).n).toBe(1);
    const before = request.sessionID;
    await call((done) => request.session.regenerate(done));
    expect(request.sessionID).not.toBe(before);
    expect(bag(request).n).toBeUndefined();
    bag(request).date = new Date(0);
    request.session.touch().resetMaxAge();
    response.json({});
  });
  await tab.get("/");
  await tab.get("/");
  const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: "/", sameSite: "lax", secure: false };
  expect(seen).toEqual([{ cookie }, { date: "1970-01-01T00:00:00.000Z", cookie }]);
});

test("a session keeps its id from request to request, until it is regenerated", async () => {
  const { tab } = await start((request, response) => {
    bag(request).n = Number(bag(request).n ?? 0) + 1;
    response.json({ id: request.sessionID, n: bag(request).n });
  });
  const [one, two] = [(await tab.get("/")).body, (await tab.get("/")).body];
  expect(two).toEqual({ id: one.id, n: 2 });
});

test("maxAge of the session's own cookie is its lifetime, and goes along", async () => {
  const { tab, clock } = await start(
    (request, response) => {
      if (request.path === "/remember") request.session.cookie.maxAge = 86_400_000;
      if (request.path === "/end") request.session.cookie.maxAge = 0;
      if (request.path !== "/read") bag(request).n = 1;
      response.json({ n: bag(request).n ?? null });
    },
    { lifetime: "1h" },
  );
  await tab.get("/remember");
  expect(tab.setCookies[0]).toMatch(/Max-Age=86400; Expires=/);
  clock.advance(80_000_000);
  expect((await tab.get("/read")).body).toEqual({ n: 1 });
  expect(tab.setCookies[0]).toMatch(/Max-Age=86400; Expires=/);
  await tab.get("/end");
  expect(tab.setCookies[0]).toMatch(/Max-Age=0/);
});

test("session = null keeps what the cookie has; destroy takes the cookie away, once there was one", async () => {
  const { tab } = await start(async (request, response) => {
    if (request.path === "/set") bag(request).n = 1;
    const had = bag(request).n ?? null;
    if (request.path === "/null") Object.assign(request, { session: null });
    if (request.path === "/destroy") await call((done) => request.session.destroy(done));
    response.json({ had });
  });
  await tab.get("/destroy");
  expect(tab.setCookies).toEqual([]);
  await tab.get("/set");
  await tab.get("/null");
  expect(tab.setCookies).toEqual([]);
  expect((await tab.get("/read")).body).toEqual({ had: 1 });
  await tab.get("/destroy");
  expect(tab.cookies.size).toBe(0);
});

test("the cookie goes with the head, however the response is written", async () => {
  const writes: Record<string, Handle> = {
    "/end": (_request, response) => response.end("x"),
    "/write": (_request, response) => response.write("x", () => response.end()),
    "/flush": (_request, response) => {
      response.flushHeaders();
      response.end();
    },
    "/head": (_request, response) => response.writeHead(201, { "x-own": "1" }).end(),
    "/cookies": (_request, response) => response.writeHead(200, "Fine", { "Set-Cookie": ["a=1", "b=2"] }).end(),
    "/list": (_request, response) => response.writeHead(200, ["Set-Cookie", "a=1", "Set-Cookie", "b=2"]).end(),
    "/redirect": (_request, response) => response.redirect("/end"),
  };
  const { url } = await start((request, response) => {
    bag(request).n = 1;
    return writes[request.path]?.(request, response);
  });
  for (const path of Object.keys(writes)) {
    const response = await fetch(url + path, { redirect: "manual" });
    const names = response.headers.getSetCookie().map((line) => line.split("=")[0]);
    expect([path, names]).toEqual([path, path === "/cookies" || path === "/list" ? ["a", "b", "sid"] : ["sid"]]);
    await response.text();
  }
});

test("save says at once what is too large; what is not JSON is an error of the response", async () => {
  const { tab, errors } = await start(async (request, response) => {
    if (request.path === "/save") {
      bag(request).big = "x".repeat(5_000);
      const error = await rejection(call((done) => request.session.save(done)));
      expect(error).toMatchObject({ code: "too_large" });
      bag(request).big = "short";
    } else bag(request).deep = { n: 1n };
    response.set("x-own", "1").json({ ok: true });
  });
  expect((await tab.get("/save")).status).toBe(200);
  expect(tab.cookies.size).toBe(1);
  expect((await tab.get("/big")).body).toEqual({ code: "not_json" });
  expect(errors).toMatchObject([{ code: "not_json" }]);
});

test("what said how long the answer was does not outlive it", async () => {
  const app = express();
  app.use(cookieSession({ secret }));
  app.use((request, response) => {
    bag(request).big = "x".repeat(5_000);
    response.send("an answer of some length");
  });
  app.use((_error: unknown, _request: unknown, response: Response, _next: unknown) => void response.end("short"));
  expect(await (await fetch(await listen(createServer(app)))).text()).toBe("short");
});

test("a stream whose session cannot be sealed breaks off, rather than go on as if all were well", async () => {
  const { url, errors } = await start((request, response) => {
    bag(request).big = "x".repeat(5_000);
    response.write("a");
  });
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  expect(errors).toMatchObject([{ code: "too_large" }]);
});

test("writes from a socket, after the response, or by putSession say that a cookie cannot be written so", async () => {
  let late: Request | undefined;
  const { tab, server } = await start(async (request, response) => {
    late = request;
    bag(request).n = 1;
    const own = request.session as never;
    expect(await rejection(putSession<Data, string>(own, "n", 2))).toMatchObject({ code: "cookie_session" });
    response.json({});
  });
  await tab.get("/");
  const cookieSessionError = {
    code: "cookie_session",
    message: expect.stringMatching(/live store.*docs\/adapters\/cookie\.md/),
  };
  const saved = (request: Request) => rejection(call((done) => request.session.save(done)));
  expect(await saved(late!)).toMatchObject(cookieSessionError);
  // As one has sessions in sockets: the middleware, run on the upgrade request.
  const outcome = new Promise((resolve) => {
    server.on("upgrade", (request, stream) => {
      const middleware = cookieSession({ secret });
      middleware(request as Request, new ServerResponse(request) as Response, async () => {
        resolve([{ ...bag(request as Request) }.n, await saved(request as Request)]);
        stream.destroy();
      });
    });
  });
  const cookie = [...tab.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const { port } = server.address() as { port: number };
  const headers = { connection: "Upgrade", upgrade: "websocket", cookie };
  httpRequest({ port, host: "127.0.0.1", headers })
    .on("error", () => {})
    .end();
  expect(await outcome).toEqual([1, expect.objectContaining(cookieSessionError)]);
});

test("is there only below its path, and leaves a session that is there alone", async () => {
  const given = { n: 1 };
  const { url } = await start(
    (request, response) => void response.json({ n: request.session ? bag(request).n : null }),
    { path: "/app" },
    (app) =>
      app.use("/app/own", (request, _response, next) => {
        Object.assign(request, { session: given });
        next();
      }),
  );
  const read = async (path: string) => (await fetch(url + path)).json();
  expect(await read("/other")).toEqual({ n: null });
  expect(await read("/app")).toEqual({});
  expect(await read("/app/own")).toEqual({ n: 1 });
});

test("behind a proxy that is trusted the cookie is secure, with the prefix", async () => {
  const { url } = await start(
    (request, response) => {
      bag(request).n = 1;
      response.json({});
    },
    {},
    (app) => app.set("trust proxy", true),
  );
  const set = async (headers: Record<string, string>) => (await fetch(url, { headers })).headers.get("set-cookie");
  expect(await set({ "x-forwarded-proto": "https" })).toMatch(/^__Host-sid=ls1\..*; HttpOnly; Secure; SameSite=Lax$/);
  expect(await set({})).toMatch(/^sid=ls1\.(?!.*Secure)/);
});
