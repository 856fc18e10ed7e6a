// Live views under Fastify and Hono as they are served: real sockets, the framework's own sessions, and both transports.

import type { Server } from "node:http";
import fastifyCookie from "@fastify/cookie";
import { serve } from "@hono/node-server";
import Fastify from "fastify";
import { Hono } from "hono";
import { createLiveSessions } from "live-session";
import { fastifyLiveSession } from "live-session/fastify";
import { honoSession, type SessionEnv } from "live-session/hono";
import {
  assign,
  connected,
  fastifyPages,
  fetchPages,
  html,
  type LiveViews,
  liveView,
  liveViews,
  longPoll,
  maybeSubscribe,
  type PageParts,
  putFlash,
  redirect,
  updateSession,
} from "live-session/liveview";
import { describe, expect, onTestFinished, test } from "vitest";
import { secret, type TestSession, Visitor } from "../support/liveview.ts";

const Count = liveView<{ count: number; live: boolean }, TestSession>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    assign(socket, { count: session.count ?? 0, live: connected(socket) });
  },
  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assign(socket, { count: message.session.count ?? 0 });
  },
  handleEvent: {
    more: async (_params, socket) => void (await updateSession(socket, "count", (count = 0) => count + 1)),
  },
  render: ({ count, live }, { flash }) => html`<p>${count} ${String(live)} ${flash.info}</p>`,
});
const Gone = liveView<object>({
  mount: (_params, _session, socket) => void redirect(putFlash(socket, "info", "moved"), "/"),
  render: () => html``,
});

function makeViews(name: string) {
  const sessions = createLiveSessions<TestSession>();
  const layout = ({ content, csrfToken }: PageParts) =>
    html`<!doctype html><meta name="csrf-token" content="${csrfToken}">${content}`;
  const views = liveViews(sessions, { secret, name, layout, routes: { "/": Count, "/gone": Gone } });
  onTestFinished(async () => {
    await views.close();
    await sessions.close();
  });
  return { sessions, views };
}

interface Served {
  readonly url: string;
  readonly views: LiveViews;
}

/** With `/enter`, which makes a session and counts to 3, and `/plain`, which is the app's own. */
const frameworks: [name: string, start: () => Promise<Served>][] = [
  [
    "Fastify",
    async () => {
      const { sessions, views } = makeViews("sessionId");
      const app = Fastify({ forceCloseConnections: true });
      onTestFinished(() => app.close());
      const answerPoll = longPoll(views);
      // Before Fastify reads the body, whose type it does not know.
      app.addHook("onRequest", async (request, reply) => {
        if (!request.url.startsWith("/live/longpoll")) return;
        reply.hijack();
        answerPoll(request.raw, reply.raw);
      });
      await app.register(fastifyCookie);
      await app.register(fastifyLiveSession, {
        sessions,
        secret,
        cookiePrefix: "s:",
        saveUninitialized: false,
        cookie: { secure: false },
      });
      app.get("/enter", async (request) => {
        request.session.set("count" as never, 3 as never);
        return "in";
      });
      app.get("/plain", async () => "plain");
      app.get("/*", fastifyPages(views));
      views.attach(app.server);
      return { url: await app.listen({ port: 0, host: "127.0.0.1" }), views };
    },
  ],
  [
    "Hono",
    async () => {
      const { sessions, views } = makeViews("sid");
      const handle = fetchPages(views);
      const app = new Hono<SessionEnv<TestSession>>();
      app.use(async (c, next) => (await handle(c.req.raw)) ?? next());
      app.use(honoSession(sessions, { secret }));
      app.get("/enter", (c) => {
        c.var.session.put("count", 3);
        return c.text("in");
      });
      app.get("/plain", (c) => c.text("plain"));
      const url = await new Promise<string>((resolve) => {
        const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
          resolve(`http://127.0.0.1:${port}`),
        ) as Server;
        views.attach(server);
        onTestFinished(() => {
          server.closeAllConnections();
          server.close();
        });
      });
      return { url, views };
    },
  ],
];

describe.each(frameworks)("%s", (_name, start) => {
  test("serves the first rendering, with the visitor's session, and leaves other paths to the app", async () => {
    const { url } = await start();
    const ada = new Visitor(url, true);
    const page = await ada.open("/");
    expect(page.status).toBe(200);
    expect(page.text).toContain("<p>3 false </p>");
    expect((await new Visitor(url, false).open("/")).text).toContain("<p>0 false </p>");
    expect(await (await ada.get("/plain")).text()).toBe("plain");
    expect((await ada.get("/nowhere")).status).toBe(404);
    const head = await ada.get("/", { method: "HEAD" });
    expect([head.status, await head.text(), head.headers.get("cache-control")]).toEqual([200, "", "no-store"]);
  });

  test("hands the flash along with a redirect", async () => {
    const { url } = await start();
    const ada = new Visitor(url, true);
    const gone = await ada.open("/gone");
    expect([gone.status, gone.location]).toEqual([302, "/"]);
    expect((await ada.open("/")).text).toContain("<p>3 false moved</p>");
    expect((await ada.open("/")).text).toContain("<p>3 false </p>");
  });

  test("joins over its server's WebSocket, in step with the visitor's other tab", async () => {
    const { url, views } = await start();
    const ada = new Visitor(url, true);
    const [one, two] = [await ada.tab("/"), await ada.tab("/")];
    expect(one.received[0]?.[4].response.rendered).toMatchObject({ 0: "3", 1: "true" });
    expect(views.connections).toBe(2);
    one.event("more");
    expect(await two.next("diff")).toEqual({ 0: "4" });
    expect(await one.next("diff")).toEqual({ 0: "4" });
    expect((await ada.open("/")).text).toContain("<p>4 false </p>");
    const stranger = new Visitor(url, true);
    await stranger.get("/plain");
    await expect(stranger.connect(await ada.open("/"), { origin: "http://evil.example" })).rejects.toThrow("403");
    const theirs = await stranger.connect(await ada.open("/"));
    expect(await theirs.join()).toEqual({ status: "error", response: { reason: "stale" } });
  });

  test("joins over the long poll", async () => {
    const { url } = await start();
    const ada = new Visitor(url, true);
    const page = await ada.open("/");
    const poll = async (token: string, frame?: unknown[]) => {
      const init = { method: "POST", body: JSON.stringify(frame), headers: { "content-type": "application/x-ndjson" } };
      return (await ada.get(`/live/longpoll?vsn=2.0.0&token=${token}`, frame && init)).json();
    };
    const { token } = await poll("");
    const params = { _csrf_token: page.csrf, _mounts: 0 };
    const topic = `lv:${page.id}`;
    expect(
      await poll(token, ["1", "1", topic, "phx_join", { url: page.url, session: page.session, params }]),
    ).toMatchObject({
      status: 200,
    });
    const [joined] = (await poll(token)).messages;
    expect(JSON.parse(joined)[4].response.rendered).toMatchObject({ 0: "3", 1: "true" });
    await poll(token, ["1", "2", topic, "event", { type: "click", event: "more", value: {} }]);
    const messages: string[] = [];
    while (!messages.some((text) => text.includes('"diff"'))) messages.push(...(await poll(token)).messages);
    expect(messages.map((text) => JSON.parse(text)[4])).toContainEqual({ 0: "4" });
    const stolen = await fetch(`${url}/live/longpoll?token=${token}`);
    expect(await stolen.json()).toMatchObject({ status: 410 });
  });
});
