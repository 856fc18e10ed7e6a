// The dashboard as each framework mounts it: with the framework's own request for `authorize`, below a path of its own.

import { createServer, type IncomingMessage } from "node:http";
import { serve } from "@hono/node-server";
import express from "express";
import session from "express-session";
import fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { createLiveSessions, type LiveSessions } from "live-session";
import { createDashboard } from "live-session/dashboard";
import { expressStore } from "live-session/express";
import { expect, onTestFinished, test } from "vitest";
import { eventsOf, openings } from "../support/dashboard.ts";
import { cookie, listen, secret } from "../support/ws.ts";

type Sessions = LiveSessions<Record<string, unknown>>;

const path = "/admin/sessions";
/** What the tests' administrator sends. */
const password = "Basic YWRhOmtpdGU=";

const isAdmin = ({ headers }: IncomingMessage) => headers.authorization === password;

const mounts: Record<string, (sessions: Sessions) => Promise<string>> = {
  async "node:http"(sessions) {
    const dashboard = createDashboard(sessions, { authorize: isAdmin });
    onTestFinished(() => dashboard.close());
    return `http://127.0.0.1:${await listen(createServer(dashboard.handle))}`;
  },

  async Express(sessions) {
    const dashboard = createDashboard(sessions, { authorize: (request: express.Request) => isAdmin(request) });
    onTestFinished(() => dashboard.close());
    const app = express().use(express.json()).use(path, dashboard.handle);
    return `http://127.0.0.1:${await listen(createServer(app))}`;
  },

  async Fastify(sessions) {
    const dashboard = createDashboard(sessions, { authorize: isAdmin });
    const app = fastify();
    app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", (_request, _payload, done) => done(null)); // the dashboard reads it
      for (const url of [path, `${path}/*`]) {
        scope.all(url, (request, reply) => {
          reply.hijack();
          dashboard.handle(request.raw, reply.raw);
        });
      }
    });
    onTestFinished(async () => {
      await dashboard.close();
      app.server.closeAllConnections();
      await app.close();
    });
    return app.listen({ port: 0, host: "127.0.0.1" });
  },

  async Koa(sessions) {
    const dashboard = createDashboard(sessions, { authorize: isAdmin });
    onTestFinished(() => dashboard.close());
    const app = new Koa();
    app.use((context, next) => {
      if (!`${context.path}/`.startsWith(`${path}/`)) return next();
      context.respond = false;
      dashboard.handle(context.req, context.res);
    });
    return `http://127.0.0.1:${await listen(createServer(app.callback()))}`;
  },

  async Hono(sessions) {
    const dashboard = createDashboard(sessions, {
      authorize: (request: Request) => request.headers.get("authorization") === password,
    });
    const app = new Hono();
    app.all(`${path}/*`, (context) => dashboard.fetch(context.req.raw));
    return new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
        resolve(`http://127.0.0.1:${port}`),
      );
      onTestFinished(async () => {
        await dashboard.close();
        server.close();
      });
    });
  },
};

test.each(Object.entries(mounts))("%s", async (_name, mount) => {
  const sessions: Sessions = createLiveSessions();
  const url = await mount(sessions);
  const { id, key } = await sessions.create({ n: 1 });
  const headers = { authorization: password };
  const files = ["", "dashboard.js", "dashboard.css", "live.events", "sessions.json"];
  for (const file of files) {
    const refused = await fetch(`${url}${path}/${file}`);
    expect([refused.status, await refused.text()]).toEqual([403, "You may not use this dashboard.\n"]);
  }
  const page = await fetch(`${url}${path}?x`, { headers });
  expect(page.url).toBe(`${url}${path}/`);
  expect(await page.text()).toContain("dashboard.js");
  expect((await fetch(`${url}${path}/dashboard.js`, { headers })).status).toBe(200);
  const list = await (await fetch(`${url}${path}/sessions.json`, { headers })).json();
  expect(list.sessions).toMatchObject([{ key, names: 1 }]);

  const events = eventsOf(await fetch(`${url}${path}/live.events`, { headers }));
  await events.arrived("frame");
  expect(openings(events)).toHaveLength(1);
  await events.cancel();

  const body = JSON.stringify({ key });
  const post = (more: Record<string, string>) =>
    fetch(`${url}${path}/end.json`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", origin: url, ...more },
    });
  expect((await post({})).status).toBe(403);
  expect((await post({ ...headers, origin: "http://evil.example" })).status).toBe(403);
  expect(await sessions.read(id)).toEqual({ n: 1 });
  expect(await (await post(headers)).json()).toEqual({ ended: true });
  expect(await sessions.read(id)).toBe(null);
});

test("authorize sees the request's own session under Express", async () => {
  const sessions: Sessions = createLiveSessions();
  const dashboard = createDashboard(sessions, {
    authorize: (request: express.Request) => (request.session as { admin?: boolean }).admin === true,
  });
  onTestFinished(() => dashboard.close());
  const app = express();
  app.use(session({ store: expressStore(sessions), secret, resave: false, saveUninitialized: false }));
  app.use(path, dashboard.handle);
  const url = `http://127.0.0.1:${await listen(createServer(app))}${path}/`;
  const [admin, visitor] = [await sessions.create({ admin: true }), await sessions.create()];
  expect((await fetch(url, { headers: { cookie: cookie(admin.id) } })).status).toBe(200);
  expect((await fetch(url, { headers: { cookie: cookie(visitor.id) } })).status).toBe(403);
  expect((await fetch(url)).status).toBe(403);
});
