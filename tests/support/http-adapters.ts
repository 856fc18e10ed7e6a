// One small app for each request adapter, for the suite that they share.

import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fastifyCookie from "@fastify/cookie";
import { createAdaptorServer } from "@hono/node-server";
import express, { type RequestHandler } from "express";
import session from "express-session";
import fastify from "fastify";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import Koa from "koa";
import koaSession from "koa-session";
import { LiveSessionError } from "live-session";
import { bindSession, expressStore, renewSession } from "live-session/express";
import { fastifyLiveSession } from "live-session/fastify";
import { type FetchSession, fetchSessions, type RequestSession, type RequestSessions } from "live-session/fetch";
import { honoSession, type SessionEnv } from "live-session/hono";
import { type KoaContext, koaStore, renewSession as renewKoaSession } from "live-session/koa";
import { onTestFinished } from "vitest";
import { call, type Data } from "./express.ts";
import type { HttpAdapter, SuiteAppOptions, SuiteSession } from "./http-suite.ts";

export const secret = "a secret of the tests, long enough for all";
const stranger = "a secret of somebody else, as long as that";

/** The id in a cookie of express-session's form. */
function idIn(cookie: string | undefined): string {
  const value = decodeURIComponent(cookie ?? "");
  return value.slice(2, value.lastIndexOf("."));
}

export function signed(id: string, key = secret): string {
  const signature = createHmac("sha256", key).update(id).digest("base64").replace(/=+$/, "");
  return encodeURIComponent(`s:${id}.${signature}`);
}

/** Where a request says that it comes from, as if by a proxy. */
const REAL_IP = "x-real-ip";
const realIp = (headers: IncomingHttpHeaders) => headers[REAL_IP] as string | undefined;

const signedCookie = (name: string): Pick<HttpAdapter, "idOf" | "cookiesOf"> => ({
  idOf: (cookies) => idIn(cookies.get(name)),
  cookiesOf: (id, honest) => new Map([[name, signed(id, honest ? secret : stranger)]]),
});

/** Starts a server that ends with the test. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The data of a session object, without what the framework keeps in it. */
const plain = (object: object): Data => {
  const { cookie, ...data } = JSON.parse(JSON.stringify(object)) as Data;
  return data;
};

/** What the apps of all adapters have in common. */
export type Served = Pick<SuiteAppOptions, "routes" | "onError">;

/** The suite's routes under Express, whatever the middleware is that gives `request.session`. */
export function serveExpress(before: readonly RequestHandler[], { routes, onError }: Served): Promise<string> {
  const app = express();
  for (const middleware of before) app.use(middleware);
  app.use(async (request, response) => {
    const own: SuiteSession = {
      read: async () => plain(request.session),
      set: (key, value) => Object.assign(request.session, { [key]: value }),
      delete: (key) => Reflect.deleteProperty(request.session, key),
      regenerate: () => call((done) => request.session.regenerate(done)),
      bind: (principal, options) => bindSession(request.session, principal, options),
      save: () => call((done) => request.session.save(done)),
      destroy: () => call((done) => request.session.destroy(done)),
    };
    response.json(await routes[request.path]?.(own, new URLSearchParams(request.url.split("?")[1])));
  });
  app.use((error: LiveSessionError, _request: unknown, response: express.Response, next: (error: unknown) => void) => {
    onError(error);
    if (error.status) return next(error); // Express's own answer
    if (!response.headersSent) response.status(500).json({ code: error.code });
  });
  return listen(createServer(app));
}

const onExpress: HttpAdapter = {
  name: "express",
  ...signedCookie("connect.sid"),
  start({ sessions, rolling, maxAge, renewEvery, ...app }) {
    const store = expressStore(sessions, { address: ({ headers }) => realIp(headers) });
    const options = { secret, resave: false, saveUninitialized: false, rolling, cookie: { maxAge } };
    const renewal = renewEvery === undefined ? [] : [renewSession({ every: renewEvery })];
    return serveExpress([session({ store, ...options }), ...renewal], app);
  },
};

const onFastify: HttpAdapter = {
  name: "fastify",
  ...signedCookie("sessionId"),
  async start({ sessions, routes, rolling, maxAge, renewEvery, onError }) {
    const app = fastify({ forceCloseConnections: true });
    await app.register(fastifyCookie);
    await app.register(fastifyLiveSession, {
      sessions,
      address: ({ headers }) => realIp(headers),
      secret,
      cookiePrefix: "s:",
      saveUninitialized: false,
      rolling,
      renewEvery,
      cookie: { secure: false, ...(maxAge !== undefined && { maxAge }) },
    });
    app.setErrorHandler<LiveSessionError>((error, _request, reply) => {
      onError(error);
      const { status = 500, headers = {} } = error;
      return reply.code(status).headers(headers).send({ code: error.code });
    });
    app.get("/*", async (request) => {
      const own: SuiteSession = {
        read: async () => plain(request.session),
        set: (key, value) => request.session.set(key as never, value as never),
        delete: (key) => Reflect.deleteProperty(request.session, key),
        regenerate: () => request.session.regenerate(),
        bind: (principal, options) => bindSession(request.session, principal, options),
        save: () => request.session.save(),
        destroy: () => request.session.destroy(),
      };
      const { pathname, searchParams } = new URL(request.url, "http://localhost");
      return routes[pathname]?.(own, searchParams);
    });
    onTestFinished(() => app.close());
    return app.listen({ port: 0, host: "127.0.0.1" });
  },
};

const onKoa: HttpAdapter = {
  name: "koa",
  idOf: (cookies) => cookies.get("koa.sess") ?? "",
  cookiesOf(id, honest) {
    const signature = createHmac("sha1", honest ? secret : stranger)
      .update(`koa.sess=${id}`)
      .digest("base64url");
    return new Map([
      ["koa.sess", id],
      ["koa.sess.sig", signature],
    ]);
  },
  async start({ sessions, routes, rolling, maxAge, renewEvery, onError }) {
    const app = new Koa<Koa.DefaultState, KoaContext<Data>>();
    app.keys = [secret];
    app.silent = true;
    app.use(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        onError(error);
        if ((error as LiveSessionError).status) throw error; // Koa's own answer
        ctx.status = 500;
        ctx.body = { code: (error as { code?: string }).code };
      }
    });
    const store = koaStore(sessions, { address: (ctx) => realIp((ctx as Koa.Context).headers) });
    app.use(koaSession({ store, rolling, maxAge: maxAge ?? "session" }, app));
    if (renewEvery !== undefined) app.use(renewKoaSession({ every: renewEvery }));
    app.use(async (ctx) => {
      const own: SuiteSession = {
        read: async () => plain(ctx.session ?? {}),
        set(key, value) {
          ctx.session ??= {};
          Object.assign(ctx.session ?? {}, { [key]: value });
        },
        delete: (key) => Reflect.deleteProperty(ctx.session ?? {}, key),
        // As one does: koa-session's regenerate takes the data along.
        async regenerate() {
          await ctx.session?.regenerate();
        },
        bind: (principal, options) => bindSession(ctx.session as object, principal, options),
        async save() {
          await ctx.session?.save();
        },
        async destroy() {
          ctx.session = null;
        },
      };
      ctx.body = await routes[ctx.path]?.(own, ctx.URL.searchParams);
    });
    return listen(createServer(app.callback()));
  },
};

/** The session of live-session/fetch in the words of the suite. */
const ofFetch = (session: RequestSession<Data>): SuiteSession => ({
  read: async () => ({ ...(await session.load()) }),
  set: (key, value) => session.put(key, value),
  delete: (key) => session.delete(key),
  regenerate: async () => session.regenerate(),
  bind: (principal, options) => (session as FetchSession<Data>).bind(principal, options),
  save: async () => {},
  destroy: () => session.destroy(),
});

const failure = (error: unknown) => ({ code: (error as { code?: string }).code });

const onFetch: HttpAdapter = {
  name: "fetch",
  ...signedCookie("sid"),
  start({ sessions, rolling, maxAge, renewEvery, ...app }) {
    const address = (request: { headers: Pick<Headers, "get"> }) => request.headers.get(REAL_IP);
    const options = { secret, address, rolling, maxAge: maxAge ?? "session", renewEvery } as const;
    return serveFetch(fetchSessions(sessions, options), app);
  },
};

/** The suite's routes on Request and Response, wherever the sessions are kept. */
export function serveFetch(web: RequestSessions<RequestSession<Data>>, { routes, onError }: Served): Promise<string> {
  const handler = web.handle(async (request, session) => {
    const { pathname, searchParams } = new URL(request.url);
    return Response.json(await routes[pathname]?.(ofFetch(session), searchParams));
  });
  const answer = async (request: Request) => {
    try {
      return await handler(request);
    } catch (error) {
      onError(error);
      return Response.json(failure(error), { status: 500 });
    }
  };
  return listen(createAdaptorServer({ fetch: answer }) as Server);
}

const onHono: HttpAdapter = {
  name: "hono",
  ...signedCookie("sid"),
  start({ sessions, rolling, maxAge, renewEvery, ...app }) {
    const address = (c: Context) => c.req.header(REAL_IP);
    const options = { secret, address, rolling, maxAge: maxAge ?? "session", renewEvery } as const;
    return serveHono(honoSession(sessions, options), app);
  },
};

/** The suite's routes under Hono, wherever the sessions are kept. */
export function serveHono(middleware: MiddlewareHandler, { routes, onError }: Served): Promise<string> {
  const app = new Hono<SessionEnv<Data, RequestSession<Data>>>();
  app.use(middleware);
  app.get("*", async (c) => {
    return c.json(await routes[c.req.path]?.(ofFetch(c.var.session), new URL(c.req.url).searchParams));
  });
  app.onError((error, c) => {
    onError(error);
    return error instanceof LiveSessionError && error.getResponse ? error.getResponse() : c.json(failure(error), 500);
  });
  return listen(createAdaptorServer({ fetch: app.fetch }) as Server);
}

export const adapters: readonly HttpAdapter[] = [onExpress, onFastify, onKoa, onFetch, onHono];
