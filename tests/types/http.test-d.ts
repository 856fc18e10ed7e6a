// Checked by tsc: a session interface, written once, is known in the handlers of each framework.

import express from "express";
import type { FastifyRequest } from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { createLiveSessions } from "live-session";
import { type CookieSession, cookieSessions } from "live-session/cookie";
import { cookieSession, moveCookieSessions, type RenewSessionOptions, renewSession } from "live-session/express";
import type { FastifyLiveSessionOptions } from "live-session/fastify";
import { fetchSessions, type RequestSession } from "live-session/fetch";
import { honoSession, type SessionEnv } from "live-session/hono";
import { type KoaContext, koaStore, renewSession as renewKoaSession } from "live-session/koa";

interface Shop {
  cart: { id: string; quantity: number }[];
  theme: "light" | "dark";
}

declare module "fastify" {
  interface Session extends Partial<Shop> {}
}

const sessions = createLiveSessions<Shop>();
const secret = "secret";

// Where a request comes from is said in each framework's own words.
honoSession(sessions, { secret, address: (c) => c.req.header("x-real-ip") });
fetchSessions(sessions, { secret, address: ({ headers }) => headers.get("x-real-ip") });
// @ts-expect-error no address
fetchSessions(sessions, { secret, address: () => 7 });

// Fastify.
declare const request: FastifyRequest;
request.session.theme = "dark";
// @ts-expect-error no such theme
request.session.theme = "blue";
void request.liveSession.attach().then(async (live) => {
  await live.put("theme", "light");
  await live.update("cart", (cart = []) => cart.slice(1));
  // @ts-expect-error no such theme
  await live.put("theme", "blue");
  // @ts-expect-error no such key
  live.get("basket");
  // @ts-expect-error the cookie is no data
  live.get("cookie");
});
void request.liveSession.read().then((data) => data?.cart?.map(({ id }) => id));
const options: FastifyLiveSessionOptions = { sessions, secret };
// @ts-expect-error the sessions are the store
const stored: FastifyLiveSessionOptions = { sessions, secret, store: {} };

const renewing: FastifyLiveSessionOptions = { sessions, secret, renewEvery: "15m" };
// @ts-expect-error no such unit
const unknown: FastifyLiveSessionOptions = { sessions, secret, renewEvery: "15 minutes" };

// Renewal behind unmodified middleware.
express().use(renewSession({ every: "15m" }), renewSession({ every: 900_000 } satisfies RenewSessionOptions));
new Koa<Koa.DefaultState, KoaContext<Shop>>().use(renewKoaSession({ every: "15m" }));
// @ts-expect-error there is no default
renewSession({});
// @ts-expect-error no such unit
renewKoaSession({ every: "15 minutes" });

// Koa.
declare const ctx: Koa.ParameterizedContext<Koa.DefaultState, KoaContext<Shop>>;
koaStore(sessions, { lateWrites: "error" });
if (ctx.session) {
  ctx.session.theme = "dark";
  ctx.session.cart?.push({ id: "kite", quantity: 1 });
  ctx.session.maxAge = "session";
  // @ts-expect-error no such theme
  ctx.session.theme = "blue";
  // @ts-expect-error no such key
  void ctx.session.basket;
}
ctx.session = null;
ctx.session = { theme: "light" };
// @ts-expect-error may be absent
void ctx.session.theme;

// Request and Response.
const web = fetchSessions(sessions, { secret, maxAge: "2d" });
export const handler = web.handle(async (_request, session, context: { id: number }) => {
  session.put("theme", "dark");
  session.update("cart", (cart = []) => [...cart, { id: "kite", quantity: context.id }]);
  // @ts-expect-error no such theme
  session.put("theme", "blue");
  // @ts-expect-error no such key
  void session.take("basket");
  const cart = await session.get("cart");
  // @ts-expect-error readonly
  cart?.push({ id: "kite", quantity: 1 });
  return Response.json((await session.load()).theme satisfies "light" | "dark" | undefined);
});
void handler(new Request("http://localhost"), { id: 1 });
// @ts-expect-error what else the framework hands over is asked for
void handler(new Request("http://localhost"));
// @ts-expect-error no such unit
fetchSessions(sessions, { secret, maxAge: "2 days" });
fetchSessions(sessions, { secret, renewEvery: "15m" });
// @ts-expect-error no such unit
fetchSessions(sessions, { secret, renewEvery: "15 minutes" });

// Hono: by the app's type, and by the middleware alone.
const app = new Hono<SessionEnv<Shop>>();
app.use(honoSession(sessions, { secret }));
app.get("/", async (c) => {
  c.var.session.put("theme", "dark");
  // @ts-expect-error no such theme
  c.var.session.put("theme", "blue");
  return c.json(await c.var.session.load());
});
new Hono().get("/", honoSession(sessions, { secret }), async (c) => c.json(await c.var.session.get("cart")));

// Sealed in the cookie: the same handlers, and the way into a live store.
const sealed = cookieSessions<Shop>({ secret, lifetime: "2d", deadline: "30d" });
async function greet(session: RequestSession<Shop>): Promise<Response> {
  session.put("theme", "dark");
  session.update("cart", (cart = []) => cart.slice(1));
  // @ts-expect-error no such theme
  session.put("theme", "blue");
  return Response.json(await session.get("cart"));
}
sealed.handle((_request, session) => greet(session));
web.handle((_request, session) => greet(session));
new Hono<SessionEnv<Shop, CookieSession<Shop>>>().use(honoSession(sealed)).get("/", (c) => greet(c.var.session));
new Hono<SessionEnv<Shop, RequestSession<Shop>>>().use(honoSession<RequestSession<Shop>>(sealed));
fetchSessions(sessions, { secret, moveFrom: sealed });
fetchSessions(sessions, { secret, moveFrom: cookieSession({ secret }) });
moveCookieSessions(sessions, { secret, from: cookieSession({ secret }), name: "sid" });
// @ts-expect-error what fetchSessions made keeps its sessions in a store already
fetchSessions(sessions, { secret, moveFrom: web });
// @ts-expect-error nothing in a cookie is live
sealed.app({});
// @ts-expect-error there is no store that could be away, nor a late write
cookieSessions<Shop>({ secret, lateWrites: "error" });

export { options, renewing, stored, unknown };
