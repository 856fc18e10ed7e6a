// The first rendering under Express, Fastify and fetch (Hono), and the long poll with the official client's own code.

import { once } from "node:events";
import { createServer, get, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import Fastify from "fastify";
import { Hono } from "hono";
import { createLiveSessions } from "live-session";
import { ManualClock } from "live-session/conformance";
import {
  assign,
  connected,
  fastifyPages,
  fetchPages,
  html,
  liveView,
  liveViews,
  longPoll,
  maybeSubscribe,
  updateSession,
} from "live-session/liveview";
import { LongPoll, Socket } from "phoenix";
import { describe, expect, onTestFinished, test } from "vitest";
import { bag } from "../support/express.ts";
import { secret, serveLiveViews, type TestSession } from "../support/liveview.ts";

const Count = liveView<{ count: number; live: boolean }, TestSession>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    assign(socket, { count: session.count ?? 0, live: connected(socket) });
  },
  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assign(socket, { count: message.session.count ?? 0 });
  },
  handleEvent: {
    async more(_params, socket) {
      await updateSession(socket, "count", (count = 0) => count + 1);
    },
  },
  render: ({ count, live }) => html`<p>${count} ${String(live)}</p>`,
});
const layout = ({ content, csrfToken }: { content: never; csrfToken: string }) =>
  html`<!doctype html><meta name="csrf-token" content="${csrfToken}">${content}`;

function plainViews() {
  const sessions = createLiveSessions<TestSession>();
  const views = liveViews(sessions, { secret, routes: { "/": Count }, layout: layout as never });
  onTestFinished(async () => {
    await views.close();
    await sessions.close();
  });
  return { sessions, views };
}

/** The status of a GET, however odd: fetch would tidy it up. */
async function statusOf(url: string, path: string, host = "localhost"): Promise<number | undefined> {
  const { hostname, port } = new URL(url);
  const request = get({ hostname, port, path, headers: { host } });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

/** Requests that name no URL at all. */
const nowhere = [
  ["/", "no host"],
  ["/", "\xc3\x80"],
] as const;

describe("Express", () => {
  test("a path or host that makes no URL is nobody's page, and no failure", async () => {
    const { url, views } = await serveLiveViews({ "/": Count });
    for (const [path, host] of nowhere) expect(await statusOf(url, path, host), path + host).toBe(404);
    expect(await statusOf(url, "/")).toBe(200);
    const server = createServer(longPoll(views)).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    expect(await statusOf(`http://127.0.0.1:${port}`, "//")).toBe(200); // a poll that names no token: it gets one
  });

  test("what the request put into its session before is in the first rendering", async () => {
    const { visitor } = await serveLiveViews(
      { "/": Count },
      {
        before: (app) =>
          app.use((request, _response, next) => {
            const own = bag(request) as Partial<TestSession>;
            own.count = (own.count ?? 0) + 1;
            next();
          }),
      },
    );
    const ada = visitor({ session: false });
    const tab = await ada.tab("/"); // a first visit: it has its session from here on
    expect(tab.page.text).toContain("<p>1 false</p>");
    expect(tab.received[0]?.[4].response.rendered).toMatchObject({ 0: "1", 1: "true" });
    expect((await ada.open("/")).text).toContain("<p>2 false</p>");
  });

  test("other paths and methods are left to the app, errors to its handlers", async () => {
    const Broken = liveView<object>({
      mount() {
        throw new Error("broken");
      },
      render: () => html``,
    });
    const { url, app } = await serveLiveViews({ "/": Count, "/broken": Broken });
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    expect((await fetch(`${url}/`, { method: "POST" })).status).toBe(404);
    const broken = await fetch(`${url}/broken`);
    expect([broken.status, await broken.text()]).toEqual([500, "failed"]);
    const head = await fetch(`${url}/`, { method: "HEAD" });
    expect([head.status, await head.text(), head.headers.get("cache-control")]).toEqual([200, "", "no-store"]);
    expect(app).toBeDefined();
  });
});

test("a request's path is of its own host, whatever it looks like", async () => {
  const Where = liveView<object>({ render: (_assigns, { url }) => html`<p>${url.href}</p>` });
  const { url, server } = await serveLiveViews({ "/*path": Where });
  const { port } = server.address() as AddressInfo;
  const ask = (path: string, host: string) =>
    new Promise<[status: number, body: string]>((resolve, reject) => {
      request({ port, host: "127.0.0.1", path, headers: { host } }, async (response) => {
        let body = "";
        for await (const chunk of response) body += chunk;
        resolve([response.statusCode ?? 0, body]);
      })
        .on("error", reject)
        .end();
    });
  const { host } = new URL(url);
  expect((await ask("//evil.example/kites", host))[1]).toContain(`<p>${url}//evil.example/kites</p>`);
  expect((await ask("//", host))[0]).toBe(200);
  expect((await ask("/", "no host"))[0]).toBe(404);
});

test("Fastify", async () => {
  const { sessions, views } = plainViews();
  const { id } = await sessions.create({ count: 5 });
  const app = Fastify();
  onTestFinished(() => app.close());
  app.get(
    "/*",
    fastifyPages(views, (request: { headers: IncomingMessage["headers"] }) => String(request.headers["x-session"])),
  );
  const page = await app.inject({ url: "/", headers: { "x-session": id } });
  expect([page.statusCode, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
  expect(page.body).toContain("<p>5 false</p>");
  expect((await app.inject("/nowhere")).statusCode).toBe(404);
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  for (const [path, host] of nowhere) expect(await statusOf(url, path, host), path + host).toBe(404);
});

test("Hono, and whatever speaks fetch", async () => {
  const { sessions, views } = plainViews();
  const { id } = await sessions.create({ count: 6 });
  const handle = fetchPages(views, { sessionId: (request) => request.headers.get("x-session") });
  const app = new Hono();
  app.use(async (context, next) => (await handle(context.req.raw)) ?? next());
  app.get("/plain", (context) => context.text("plain"));
  const page = await app.request("/", { headers: { "x-session": id } });
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(await page.text()).toContain("<p>6 false</p>");
  expect(await (await app.request("/plain")).text()).toBe("plain");
  expect((await app.request("/nowhere")).status).toBe(404);
  const opened = await (await app.request("/live/longpoll?vsn=2.0.0")).json();
  expect(opened).toEqual({ status: 410, token: expect.any(String), messages: [] });
  const asked = await app.request(`/live/longpoll?token=${opened.token}`, {
    method: "POST",
    body: '[null,"1","phoenix","heartbeat",{}]',
  });
  expect(await asked.json()).toMatchObject({ status: 200 });
  expect(await (await app.request(`/live/longpoll?token=${opened.token}`)).json()).toEqual({
    status: 200,
    token: opened.token,
    messages: ['[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]'],
  });
});

describe("the long poll", () => {
  test("carries a view, with the official client's own transport", async () => {
    const { visitor } = await serveLiveViews({ "/": Count });
    const ada = visitor();
    const page = await ada.open("/");
    const socket = new Socket(`${ada.url}/live`, { transport: cookieLongPoll(ada.cookie) as never, timeout: 5_000 });
    onTestFinished(() => socket.disconnect());
    socket.connect();
    const params = { _csrf_token: page.csrf, _mounts: 0 };
    const channel = socket.channel(`lv:${page.id}`, { url: page.url, session: page.session, params });
    const joined = await new Promise<{ rendered: unknown }>((resolve, reject) =>
      channel.join().receive("ok", resolve).receive("error", reject),
    );
    expect(joined.rendered).toEqual({ 0: "0", 1: "true", s: ["<p>", " ", "</p>"] });
    const diff = new Promise<unknown>((resolve) => channel.on("diff", resolve));
    channel.push("event", { type: "click", event: "more", value: {} });
    expect(await diff).toEqual({ 0: "1" });
  });

  const open = async () => {
    const clock = new ManualClock();
    const server = await serveLiveViews({ "/": Count }, { sessions: { clock } });
    const ada = server.visitor();
    await ada.open("/");
    const poll = async (token: string, init?: RequestInit) =>
      (await ada.get(`/live/longpoll?vsn=2.0.0&token=${token}`, init)).json();
    return { ...server, clock, ada, poll, token: (await poll("")).token as string };
  };

  test("a token is worth nothing without the cookie that it was given for", async () => {
    const { url, token, visitor } = await open();
    const bob = visitor();
    await bob.open("/");
    const stolen = await fetch(`${url}/live/longpoll?token=${token}`, { headers: { cookie: bob.cookie } });
    expect((await stolen.json()).status).toBe(410);
    const posted = await fetch(`${url}/live/longpoll?token=${token}`, { method: "POST", body: "x" });
    expect(await posted.json()).toEqual({ status: 410 });
  });

  test("a poll that nothing came for says so, and one that is not asked for again is forgotten", async () => {
    const { views, clock, poll, token } = await open();
    const waiting = poll(token);
    const answered = await settled(waiting, () => clock.advance(10_000));
    expect(answered).toMatchObject({ status: 204, messages: [] });
    expect(views.connections).toBe(1);
    clock.advance(30_000);
    expect(views.connections).toBe(0);
    expect((await poll(token)).status).toBe(410);
  });

  test("what is no message ends it, and so does a body over the limit", async () => {
    const { poll, token } = await open();
    expect((await poll(token, { method: "POST", body: "x".repeat(300_000) })).status).toBe(413);
    expect((await poll(token, { method: "PUT" })).status).toBe(405);
    await poll(token, { method: "POST", body: "no message" });
    expect((await poll(token)).status).toBe(410);
  });

  test("who posts and never asks is cut off when too much waits for it", async () => {
    const { views, visitor } = await serveLiveViews({ "/": Count }, { maxBufferedBytes: 2_000 });
    const ada = visitor();
    await ada.open("/");
    const { token } = await (await ada.get("/live/longpoll?vsn=2.0.0")).json();
    const beats = Array.from({ length: 20 }, (_, ref) => `[null,"${ref}","phoenix","heartbeat",{}]`).join("\n");
    const post = async () => (await ada.get(`/live/longpoll?token=${token}`, { method: "POST", body: beats })).json();
    expect((await post()).status).toBe(200);
    expect(views.connections).toBe(1);
    await post();
    expect(views.connections).toBe(0);
    expect((await post()).status).toBe(410);
  });

  test("with requireOrigin, asked by a page of the same origin, whose GETs have none", async () => {
    const { url } = await serveLiveViews({ "/": Count }, { requireOrigin: true });
    const ask = async (headers: Record<string, string>) =>
      (await (await fetch(`${url}/live/longpoll?vsn=2.0.0`, { headers })).json()).status;
    expect(await ask({ "sec-fetch-site": "same-origin" })).toBe(410);
    expect(await ask({ "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await ask({})).toBe(403);
  });

  test("messages are not handed to a request that was given up", async () => {
    const { views } = plainViews();
    const ask = (method: string, token: string | null, body = "", gone?: AbortSignal) =>
      views.poll({ method, token, body, headers: {} }, gone);
    const { token = null } = await ask("GET", null);
    const given = new AbortController();
    const first = ask("GET", token, "", given.signal);
    given.abort();
    await ask("POST", token, '[null,"1","phoenix","heartbeat",{}]');
    expect((await first).messages).toEqual([]);
    const late = new AbortController();
    late.abort();
    expect((await ask("GET", token, "", late.signal)).messages).toEqual([]);
    expect((await ask("GET", token)).messages).toHaveLength(1);
  });

  test("the end of the session ends it", async () => {
    const { ada, sessions, poll, token, visitor } = await open();
    const page = await ada.open("/");
    const params = { _csrf_token: page.csrf, _mounts: 0 };
    const join = ["1", "1", `lv:${page.id}`, "phx_join", { url: page.url, session: page.session, params }];
    await poll(token, { method: "POST", body: JSON.stringify(join) });
    const [answer] = (await poll(token)).messages;
    expect(JSON.parse(answer)[4].status).toBe("ok");
    const waiting = poll(token);
    await sessions.end(ada.id);
    expect((await waiting).status).toBe(410);
    expect(visitor).toBeDefined();
  });

  test("under a plain HTTP server", async () => {
    const { views } = plainViews();
    const handle = longPoll(views);
    const server = createServer((request, response) => handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect((await (await fetch(`http://127.0.0.1:${port}/`)).json()).status).toBe(410);
  });
});

/** The official transport, on a fetch that sends cookies as a browser would. */
function cookieLongPoll(cookie: string): unknown {
  const plain = globalThis.fetch;
  globalThis.fetch = (url, init) => plain(url, { ...init, headers: { ...(init?.headers as object), cookie } });
  onTestFinished(() => {
    globalThis.fetch = plain;
  });
  return LongPoll;
}

/** The result of a promise, while `again` is done until it is there. */
async function settled<T>(promise: Promise<T>, again: () => void): Promise<T> {
  let done = false;
  promise.finally(() => (done = true));
  while (!done) {
    again();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}
