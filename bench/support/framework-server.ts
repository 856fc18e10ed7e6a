// The same small app on Express, Fastify, Koa or Hono, over our store or over the one that is usual there. GET / tells how
// often the session's visitor was here; GET /add changes that one key.
// argv: framework; live, usual or memorystore (Express alone has that); the URL of a Redis or nothing for memory. Answers
// every order with the ms of processor time that it has used.

import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import fastifyCookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import { getRequestListener } from "@hono/node-server";
import { RedisStore } from "connect-redis";
import express from "express";
import expressSession from "express-session";
import Fastify from "fastify";
import { Hono } from "hono";
import { type Session as HonoSession, type Store as HonoStore, MemoryStore, sessionMiddleware } from "hono-sessions";
import Koa from "koa";
import koaRedis from "koa-redis";
import koaSession from "koa-session";
import { createLiveSessions } from "live-session";
import { expressStore } from "live-session/express";
import { fastifyLiveSession } from "live-session/fastify";
import { honoSession, type SessionEnv } from "live-session/hono";
import { type KoaContext, koaStore } from "live-session/koa";
import { redis } from "live-session/redis";
import { createClient } from "redis";
import { obey } from "./processes.ts";
import { makers, visitor } from "./session-stores.ts";

type Data = Record<string, unknown>;

const [framework = "", kind, redisUrl] = process.argv.slice(2);
const secret = "a secret of thirty-two letters or more";
const maxAge = 86_400_000;
const client = redisUrl ? await createClient({ url: redisUrl }).connect() : undefined;
const sessions = kind === "live" ? createLiveSessions<Data>(client && { ...redis({ client }) }) : undefined;
const redisStore = client && !sessions ? new RedisStore({ client, ttl: maxAge / 1000 }) : undefined;
const { cookie: _, ...fresh } = visitor(1) as unknown as Data;

function add(session: Data): string {
  if (session.views === undefined) Object.assign(session, structuredClone(fresh), { views: 0 });
  session.views = Number(session.views) + 1;
  return "added";
}

const seen = ({ views }: Data) => `seen ${views}`;

const apps: Record<string, () => RequestListener | Promise<RequestListener>> = {
  express() {
    const inMemory = () => makers[kind === "memorystore" ? kind : "MemoryStore"]().store;
    const store = sessions ? expressStore(sessions) : (redisStore ?? inMemory());
    const app = express();
    app.use(expressSession({ store, secret, resave: false, saveUninitialized: false, cookie: { maxAge } }));
    app.get("/", (request, response) => void response.send(seen(request.session as unknown as Data)));
    app.get("/add", (request, response) => void response.send(add(request.session as unknown as Data)));
    return app;
  },

  async fastify() {
    let listener: RequestListener | undefined;
    const app = Fastify({
      serverFactory(handler) {
        listener = handler;
        return createServer(handler);
      },
    });
    const common = { secret, saveUninitialized: false, cookie: { secure: false, maxAge } };
    app.register(fastifyCookie);
    if (sessions) app.register(fastifyLiveSession, { ...common, sessions });
    // Without a store, it is the MemoryStore that @fastify/session brings.
    else app.register(fastifySession, { ...common, ...(redisStore && { store: redisStore as never }) });
    app.get("/", async (request) => seen(request.session as unknown as Data));
    app.get("/add", async (request) => add(request.session as unknown as Data));
    await app.ready();
    return listener!;
  },

  koa() {
    const app = new Koa<Koa.DefaultState, KoaContext<Data>>();
    const map = new Map<string, Data>();
    const mapStore = {
      get: async (key: string) => map.get(key),
      set: async (key: string, data: Data) => void map.set(key, data),
      destroy: async (key: string) => void map.delete(key),
    };
    const usual = () => (redisUrl ? koaRedis({ url: redisUrl } as never) : mapStore);
    app.keys = [secret];
    app.use(koaSession({ maxAge, store: sessions ? koaStore(sessions) : usual() } as never, app as never));
    app.use((ctx) => {
      const session = ctx.session as unknown as Data;
      ctx.body = ctx.path === "/add" ? add(session) : seen(session);
    });
    return app.callback();
  },

  hono() {
    return getRequestListener((sessions ? liveHono() : usualHono()).fetch);
  },
};

function liveHono() {
  const app = new Hono<SessionEnv<Data>>();
  app.use(honoSession(sessions!, { secret }));
  app.get("/", async (c) => c.text(seen(await c.var.session.load())));
  app.get("/add", async (c) => {
    const { views } = await c.var.session.load();
    if (views === undefined) for (const [key, value] of Object.entries(fresh)) c.var.session.put(key, value);
    c.var.session.put("views", Number(views ?? 0) + 1);
    return c.text("added");
  });
  return app;
}

function usualHono() {
  const app = new Hono<{ Variables: { session: HonoSession<Data> } }>();
  const store = client ? honoRedisStore(client as never) : new MemoryStore();
  app.use(sessionMiddleware({ store, expireAfterSeconds: maxAge / 1000 }) as never);
  app.get("/", (c) => c.text(`seen ${c.var.session.get("views")}`));
  app.get("/add", (c) => {
    const { session } = c.var;
    const views = session.get("views");
    if (views === undefined) for (const [key, value] of Object.entries(fresh)) session.set(key, value as never);
    session.set("views", (Number(views ?? 0) + 1) as never);
    return c.text("added");
  });
  return app;
}

/** hono-sessions leaves a Redis store to the app: its four methods over JSON strings, as connect-redis keeps them. */
function honoRedisStore(redis: ReturnType<typeof createClient>): HonoStore {
  const set = async (id: string, data: unknown) =>
    void (await redis.set(`hono:${id}`, JSON.stringify(data), { EX: maxAge / 1000 }));
  return {
    async getSessionById(id) {
      const text = await redis.get(`hono:${id}`);
      return text === null ? null : JSON.parse(text);
    },
    createSession: set,
    persistSessionData: set,
    deleteSession: async (id) => void (await redis.del(`hono:${id}`)),
  };
}

const server = createServer(await apps[framework]!()).listen(0, "127.0.0.1");
await once(server, "listening");
obey((server.address() as AddressInfo).port, () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
});
