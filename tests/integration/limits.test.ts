// What is over a limit, in the words of each protocol: close codes, statuses, headers, and who is told what.

import { createServer, type Server as HttpServer, request } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import express, { type Request } from "express";
import { Hono } from "hono";
import { createLiveSessions, type LimitsOptions, type LiveSessionsOptions } from "live-session";
import { fetchSessions } from "live-session/fetch";
import { honoSession } from "live-session/hono";
import { fetchPages, html, liveView, updateSession } from "live-session/liveview";
import { liveSession } from "live-session/socket.io";
import { liveStreams } from "live-session/sse";
import { attachSocket } from "live-session/ws";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { bag, call, startApp, testHub } from "../support/express.ts";
import { serveLiveViews, type Tab } from "../support/liveview.ts";
import { eventually, rejection } from "../support/sessions.ts";
import { serveStreams } from "../support/sse.ts";
import { cookie, hub, listen, type Peer, secret, serve } from "../support/ws.ts";

interface Data {
  count: number;
}

/** One of something, and a minute until the next. */
const once = { rate: 1, per: "1m", burst: 1 } as const;

async function made(limits: LimitsOptions) {
  const own = hub<Data>({ limits });
  const { action } = own.sessions;
  const app = own.sessions.app({
    view: ({ count = 0 }) => ({ count }),
    actions: { more: action(async (live) => void (await live.update("count", (count = 0) => count + 1))) },
  });
  const { id } = await own.sessions.create({ count: 0 });
  return { ...own, app, id };
}

describe("a WebSocket", () => {
  test.each([
    [{ connections: once }, "rate_limited", "Too many connections of this session in a short time. Try again in 60 s."],
    [
      { maxConnections: 1 },
      "too_many_connections",
      "There are as many connections of this session as there may be. Try again in 5 s.",
    ],
    [
      { maxSubscribers: 1 },
      "too_many_subscribers",
      "As many are attached to this session as may be. Try again in 5 s.",
    ],
  ] as const)("over %j is told so, and closed with 1013", async (perSession, code, message) => {
    const { app, id, reported, attached } = await made({ perSession });
    const { connect, sockets } = await serve(app);
    await connect(id).hello();
    const late = connect(id);
    expect(await late.next()).toEqual({ t: "error", code, message });
    expect(await late.closed).toBe(1013);
    await eventually(() => sockets.size === 1);
    expect([attached(), reported]).toEqual([1, []]);
  });

  test.each([
    ["messages", (peer: Peer) => peer.send({ t: "ping" })],
    ["pings of WebSockets", (peer: Peer) => peer.socket.ping()],
    ["pongs that nobody asked for", (peer: Peer) => peer.socket.pong()],
  ])("that floods with %s is closed with 1013", async (_what, send) => {
    const { app, id, sessions } = await made({ perConnection: { messages: { rate: 1, burst: 5 } } });
    const { connect } = await serve(app);
    const [flood, other] = [connect(id), connect(id)];
    await Promise.all([flood.hello("one"), other.hello("two")]);
    for (let turn = 0; turn < 5; turn++) send(flood);
    expect(await flood.closed).toBe(1013);
    expect(sessions.refused.perConnection.messages).toBe(1);
    await other.inStep();
  });

  test("a call that was refused is not run when it is sent again, as any other", async () => {
    const { app, id, clock, sessions } = await made({ perSession: { actions: once } });
    const { connect } = await serve(app);
    const tab = connect(id);
    await tab.hello();
    expect(await tab.call(1, "more")).toMatchObject({ t: "ok" });
    const refused = await tab.call(2, "more");
    expect(refused).toMatchObject({ t: "error", code: "rate_limited" });
    clock.advance(60_000);
    tab.send({ t: "call", id: 2, name: "more" });
    expect(await tab.until((message) => message.id === 2)).toEqual(refused);
    expect(await sessions.read(id)).toEqual({ count: 1 });
  });

  test("without a session counts for its address", async () => {
    const { app, sessions } = await made({ perAddress: { connections: once } });
    const { connect } = await serve(app);
    expect(await connect("nobody").closed).toBe(1008);
    expect(await connect("nobody").closed).toBe(1013);
    expect(sessions.refused.perAddress.connections).toBe(1);
  });

  test("one whose handshake fails leaves its place", async () => {
    const { app, id } = await made({ perSession: { maxConnections: 1 } });
    const { connect, port } = await serve(app);
    const headers = { cookie: cookie(id), connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "1" };
    for (let turn = 0; turn < 3; turn++) {
      const status = await new Promise((resolve, reject) => {
        request({ port, path: "/live", headers, host: "127.0.0.1" }, ({ statusCode }) => resolve(statusCode))
          .on("error", reject)
          .end();
      });
      expect(status).toBe(400);
    }
    await connect(id).hello();
  });
});

describe("attachSocket", () => {
  async function chat(limits: LimitsOptions) {
    const own = await made(limits);
    const failures: unknown[] = [];
    const server = createServer();
    new WebSocketServer({ server }).on("connection", async (socket, request) => {
      const live = await attachSocket(own.sessions, socket, request, { secret }).catch((error) => {
        failures.push(error.code);
        return null;
      });
      socket.on("message", () => {
        try {
          live?.countAction();
          socket.send("done");
        } catch (error) {
          socket.send((error as { code: string }).code);
        }
      });
    });
    const port = await listen(server);
    const connect = () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { cookie: cookie(own.id) } });
      onTestFinished(() => socket.terminate());
      const closed = new Promise((resolve) => socket.on("close", (code, reason) => resolve(`${code} ${reason}`)));
      const opened = new Promise((resolve) => socket.on("open", resolve));
      const ask = async () => {
        await opened;
        socket.send("more");
        return new Promise((resolve) => socket.once("message", (data) => resolve(String(data))));
      };
      return { socket, closed, ask };
    };
    return { ...own, connect, failures };
  }

  test("closes with 1013 what is one too many, says why, and has room when one is gone", async () => {
    const { connect, failures, attached } = await chat({ perSession: { maxConnections: 1 } });
    const first = connect();
    await first.ask();
    expect(await connect().closed).toBe("1013 too_many_connections");
    expect(failures).toEqual(["too_many_connections"]);
    first.socket.close();
    await eventually(() => attached() === 0);
    expect(await connect().ask()).toBe("done");
  });

  test("gives a handle that counts actions of a protocol of your own", async () => {
    const { connect, clock, sessions } = await chat({ perSession: { actions: once } });
    const [one, two] = [connect(), connect()];
    expect([await one.ask(), await two.ask()]).toEqual(["done", "rate_limited"]);
    clock.advance(60_000);
    expect(await two.ask()).toBe("done");
    expect(sessions.refused.perSession.actions).toBe(1);
  });
});

describe("event streams", () => {
  const hello = `?hello=${encodeURIComponent('{"t":"hello","v":1,"client":"tab"}')}`;

  test("one too many is answered with 429, an EventSource with 200 and when to come again", async () => {
    const { app, id, reported } = await made({ perSession: { connections: once } });
    const { open, url, streams } = await serveStreams(app);
    const first = open(id);
    await first.until("view");
    for (const query of ["", hello]) {
      const refused = await fetch(url + query, { headers: { cookie: cookie(id) } });
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
      expect(await refused.json()).toMatchObject({ t: "error", code: "rate_limited" });
    }
    const source = open(id, { headers: { accept: "text/event-stream" } });
    expect(await source.until("refused")).toMatchObject({ data: "rate_limited" });
    await source.closed;
    expect([source.response?.statusCode, source.retry]).toEqual([200, 60_000]);
    expect([streams.size, reported]).toEqual([1, []]);
  });

  test("an action by POST is answered with 429, counts as no connection, and for those without a session by address", async () => {
    const { app, id, sessions } = await made({
      perSession: { actions: once, maxConnections: 1, connections: once },
      perAddress: { actions: { ...once, burst: 3 } },
    });
    const { post, open } = await serveStreams(app);
    expect((await post(id, "?action=more")).status).toBe(204);
    const refused = await post(id, "?action=more");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(await refused.json()).toMatchObject({ code: "rate_limited" });
    expect(await sessions.read(id)).toEqual({ count: 1 });
    await open(id).until("view");
    expect([(await post(null, "?action=more")).status, (await post(null, "?action=more")).status]).toEqual([401, 401]);
    expect((await post(null, "?action=more")).status).toBe(429);
  });

  test("on fetch an address is what the second argument or the option says; without either it is an error", async () => {
    const { app, id, sessions } = await made({ perAddress: { connections: once } });
    const asked = () => new Request("http://shop.example/live", { headers: { cookie: cookie(id) } });
    const streams = liveStreams(app, { secret });
    const told = liveStreams(app, { secret, address: ({ headers }) => headers["x-real-ip"] as string });
    onTestFinished(async () => void (await Promise.all([streams.close(), told.close()])));
    expect(await rejection(streams.fetch(asked()))).toMatchObject({
      code: "bad_option",
      message: expect.stringContaining("perAddress"),
    });
    const statuses = [];
    for (const address of ["2001:db8::1", "2001:db8::2", "192.0.2.1"]) {
      const { status, body } = await streams.fetch(asked(), address);
      statuses.push(status);
      await body?.cancel();
    }
    expect(statuses).toEqual([200, 429, 200]);
    const again = asked();
    again.headers.set("x-real-ip", "192.0.2.1");
    expect((await told.fetch(again)).status).toBe(429);
    expect(sessions.refused.perAddress.connections).toBe(2);
  });

  test("of Express the address is request.ip, by its own setting of proxies", async () => {
    const { app, id } = await made({ perAddress: { connections: once } });
    const streams = liveStreams(app, { secret });
    onTestFinished(() => streams.close());
    const server = express().set("trust proxy", "loopback").use("/live", streams.handle);
    const port = await listen(createServer(server));
    const status = async (address: string) => {
      const headers = { cookie: cookie(id), "x-forwarded-for": address };
      const { status, body } = await fetch(`http://127.0.0.1:${port}/live`, { headers });
      await body?.cancel();
      return status;
    };
    expect([await status("192.0.2.1"), await status("192.0.2.1"), await status("192.0.2.2")]).toEqual([200, 429, 200]);
  });
});

describe("Socket.IO", () => {
  async function node(limits: LimitsOptions) {
    const own = await made(limits);
    const server = createServer();
    const sockets = new Server(server);
    sockets.use(liveSession(own.sessions, { secret, app: own.app }));
    onTestFinished(() => void sockets.close());
    const url = `http://127.0.0.1:${await listen(server)}`;
    const connect = () => {
      const extraHeaders = { cookie: cookie(own.id) };
      const socket = io(url, { extraHeaders, forceNew: true, reconnection: false });
      onTestFinished(() => void socket.disconnect());
      return socket;
    };
    return { ...own, connect };
  }

  test("one too many gets connect_error with the code and when to come again", async () => {
    const { connect, reported } = await node({ perSession: { connections: once } });
    const first = connect();
    await new Promise<void>((resolve) => first.on("connect", resolve));
    const late = connect();
    const error = await new Promise((resolve) => late.on("connect_error", resolve));
    expect(error).toMatchObject({ data: { code: "rate_limited", retryAfter: 60 } });
    expect((error as Error).message).toContain("Too many connections of this session");
    expect(reported).toEqual([]);
  });

  test("a flood of calls breaks the connection", async () => {
    const { connect, sessions } = await node({ perConnection: { messages: { rate: 1, burst: 5 } } });
    const socket = connect();
    const gone = new Promise((resolve) => socket.on("disconnect", resolve));
    await new Promise<void>((resolve) => socket.on("connect", resolve));
    for (let turn = 0; turn < 6; turn++) socket.emit("live_session_call", "more");
    expect(await gone).toBe("transport close");
    expect(sessions.refused.perConnection.messages).toBeGreaterThan(0);
  });
});

describe("live views", () => {
  const Counter = liveView<{ count: number }, Data>({
    mount: () => {},
    handleEvent: {
      more: async (_params, socket) => void (await updateSession(socket, "count", (count = 0) => count + 1)),
    },
    render: () => html`<p></p>`,
  });

  const node = (limits: LimitsOptions) => serveLiveViews({ "/": Counter }, { sessions: { limits } });

  /** The status that a WebSocket's upgrade is refused with, and the header that says when to come again. */
  function upgrade(url: string, headers: Record<string, string>) {
    const socket = new WebSocket(`${url.replace("http", "ws")}/live/websocket?vsn=2.0.0`, { headers });
    onTestFinished(() => socket.terminate());
    return new Promise((resolve) => {
      socket.on("open", () => resolve("open"));
      socket.on("error", () => {});
      socket.on("unexpected-response", (_request, { statusCode, headers }) =>
        resolve([statusCode, headers["retry-after"]]),
      );
    });
  }

  test("an upgrade too many is refused with 429; one that closes makes room", async () => {
    const { visitor, url, sessions, views, reported } = await node({ perSession: { maxConnections: 1 } });
    const ada = visitor();
    const tab = await ada.tab("/");
    expect(await upgrade(url, { cookie: ada.cookie, origin: url })).toEqual([429, "5"]);
    tab.socket.close();
    await eventually(() => views.connections === 0);
    expect(await upgrade(url, { cookie: ada.cookie, origin: url })).toBe("open");
    expect([sessions.refused.perSession.maxConnections, reported]).toEqual([1, []]);
  });

  test("so is a long poll, in its client's words", async () => {
    const { visitor, sessions, views } = await node({ perSession: { maxConnections: 1 } });
    const ada = visitor();
    await ada.get("/");
    const opened = await ada.get("/live/longpoll?vsn=2.0.0");
    const { token } = await opened.json();
    const refused = await ada.get("/live/longpoll?vsn=2.0.0");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "5"]);
    expect(await refused.json()).toEqual({ status: 500, code: "too_many_connections", retryAfter: 5 });
    expect([views.connections, sessions.refused.perSession.maxConnections]).toEqual([1, 1]);
    await ada.get(`/live/longpoll?token=${token}`, { method: "POST", body: "no message: closes it" });
    expect((await (await ada.get("/live/longpoll?vsn=2.0.0")).json()).status).toBe(410);
  });

  test("visitors without a session count for their address", async () => {
    const { url, visitor } = await node({ perAddress: { connections: { ...once, burst: 2 } } });
    expect(await upgrade(url, { origin: url })).toBe("open");
    expect((await (await visitor({ session: false }).get("/live/longpoll")).json()).status).toBe(410);
    expect(await upgrade(url, { origin: url })).toEqual([429, "60"]);
    expect((await visitor({ session: false }).get("/live/longpoll")).status).toBe(429);
    expect(await upgrade(url, { origin: "https://evil.example" })).toEqual([403, undefined]);
  });

  test("events and joins over the rate are answered with the error, and the view stays", async () => {
    const { visitor, sessions, reported } = await node({ perSession: { actions: { rate: 1, per: "1d", burst: 3 } } });
    const ada = visitor();
    const tab = await ada.tab("/");
    for (const status of ["ok", "ok", "error", "error"]) expect(await tab.event("more")).toMatchObject({ status });
    expect(await tab.event("more")).toEqual({ status: "error", response: { reason: "rate_limited" } });
    expect(await sessions.read(ada.id)).toEqual({ count: 2 });
    const other = await ada.connect(await ada.open("/"));
    expect(await other.join()).toEqual({ status: "error", response: { reason: "rate_limited" } });
    expect(await tab.push("heartbeat", {}, { topic: "phoenix" })).toMatchObject({ status: "ok" });
    expect([sessions.refused.perSession.actions, reported]).toEqual([4, []]);
  });

  test("a view that finds its session full of subscribers may not join, and nothing has to be reported", async () => {
    const { visitor, sessions, reported } = await node({ perSession: { maxSubscribers: 1 } });
    const ada = visitor();
    await ada.tab("/");
    const other = await ada.connect(await ada.open("/"));
    expect(await other.join()).toEqual({ status: "error", response: { reason: "too_many_subscribers" } });
    expect([sessions.refused.perSession.maxSubscribers, reported]).toEqual([1, []]);
  });

  test.each([
    ["messages", (tab: Tab) => tab.send(JSON.stringify([null, "1", "phoenix", "heartbeat", {}]))],
    ["pings of WebSockets", (tab: Tab) => tab.socket.ping()],
    ["pongs that nobody asked for", (tab: Tab) => tab.socket.pong()],
  ])("a flood of %s closes its connection with 1013", async (_what, send) => {
    const { visitor, sessions } = await node({ perConnection: { messages: { rate: 1, per: "1d", burst: 5 } } });
    const tab = await visitor().tab("/");
    for (let turn = 0; turn < 5; turn++) send(tab);
    expect(await tab.closed).toEqual([1013, "rate_limited"]);
    expect(sessions.refused.perConnection.messages).toBe(1);
  });

  test("an upgrade whose handshake fails leaves its place", async () => {
    const { visitor, url } = await node({ perSession: { maxConnections: 1 } });
    const ada = visitor();
    await ada.get("/");
    const headers = { cookie: ada.cookie, connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "1" };
    const status = await new Promise((resolve, reject) => {
      request(`${url}/live/websocket`, { headers }, ({ statusCode }) => resolve(statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(400);
    expect(await upgrade(url, { cookie: ada.cookie, origin: url })).toBe("open");
  });

  test("under fetch they need to be told the address, which is an error at start", async () => {
    const { views, sessions } = await node({ perAddress: { connections: once } });
    expect(() => fetchPages(views)).toThrow(
      expect.objectContaining({ code: "bad_option", message: expect.stringContaining("perAddress") }),
    );
    expect(await rejection(views.poll({ method: "GET", token: null, body: "", headers: {} }))).toMatchObject({
      code: "bad_option",
    });
    const pages = fetchPages(views, { address: (request) => request.headers.get("x-real-ip") });
    const app = new Hono().use(async (c, next) => (await pages(c.req.raw)) ?? next());
    const open = (address: string) => app.request("/live/longpoll?vsn=2.0.0", { headers: { "x-real-ip": address } });
    expect((await open("192.0.2.1")).status).toBe(200);
    const refused = await open("192.0.2.1");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(await refused.json()).toMatchObject({ status: 500, code: "rate_limited" });
    expect((await open("192.0.2.2")).status).toBe(200);
    expect(sessions.refused.perAddress.connections).toBe(1);
  });
});

describe("new sessions", () => {
  const sessionsOf = (options: LiveSessionsOptions<Data> = { limits: { perAddress: { sessions: once } } }) => {
    const sessions = createLiveSessions<Data>(options);
    onTestFinished(() => sessions.close());
    return sessions;
  };

  test("on fetch and Hono the address has to be told, which is an error at start", () => {
    const sessions = sessionsOf();
    for (const start of [() => fetchSessions(sessions, { secret }), () => honoSession(sessions, { secret })]) {
      expect(start).toThrow(
        expect.objectContaining({ code: "bad_option", message: expect.stringContaining("address") }),
      );
    }
    const others = sessionsOf({ limits: { perAddress: { connections: once, maxConnections: 1, actions: once } } });
    fetchSessions(others, { secret });
    honoSession(others, { secret });
  });

  test("a session that goes on under a new id is no new one on fetch", async () => {
    const sessions = sessionsOf();
    const web = fetchSessions(sessions, { secret, address: () => "192.0.2.1" });
    const login = web.handle((_request, session) => {
      session.regenerate();
      session.put("count", 1);
      return new Response();
    });
    const server = createAdaptorServer({ fetch: login }) as HttpServer;
    const url = `http://127.0.0.1:${await listen(server)}`;
    let header = "";
    for (let turn = 0; turn < 3; turn++) {
      const { status, headers } = await fetch(url, { headers: { cookie: header } });
      expect(status).toBe(200);
      header = (headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "";
    }
    expect((await fetch(url)).status).toBe(429);
  });

  async function expressApp(options: { "trust proxy"?: string } = {}) {
    const made = testHub({ limits: { perAddress: { sessions: once } } });
    const app = await startApp(made.sessions, {
      before: (app) => void app.set("trust proxy", options["trust proxy"] ?? false),
      routes(app) {
        app.get("/visit", (request, response) => {
          bag(request).count = 1;
          response.send("in");
        });
        app.get("/try", async (request: Request, response) => {
          bag(request).count = 1;
          const error = await call((done) => request.session.save(done)).catch((error) => error);
          if (request.query.again) bag(request).count = 2;
          response.json({ code: error?.code ?? null });
        });
      },
    });
    return { ...made, ...app };
  }

  test("of Express the address is request.ip, by its own setting of proxies", async () => {
    const trusting = await expressApp({ "trust proxy": "loopback" });
    const from = (app: typeof trusting, address: string) => app.browser().get("/try", { "x-forwarded-for": address });
    expect((await from(trusting, "192.0.2.1")).body).toEqual({ code: null });
    expect((await from(trusting, "192.0.2.1")).body).toEqual({ code: "rate_limited" });
    expect((await from(trusting, "192.0.2.2")).body).toEqual({ code: null });
    const wary = await expressApp();
    expect((await from(wary, "192.0.2.1")).body).toEqual({ code: null });
    expect((await from(wary, "192.0.2.2")).body).toEqual({ code: "rate_limited" });
  });

  test("one that Express saves with the response is not stored, and the error comes after it", async () => {
    const { browser, sessions, errors } = await expressApp();
    expect((await browser().get("/visit")).status).toBe(200);
    const second = browser();
    expect((await second.get("/visit")).status).toBe(200);
    await eventually(() => errors.length > 0);
    expect(errors).toMatchObject([{ code: "rate_limited" }]);
    expect(await sessions.records.count()).toBe(1);
    expect(await sessions.read(second.id)).toBeNull();
  });

  test("an answer of another status does not hide from Express that a save failed again", async () => {
    const { browser, errors } = await expressApp();
    await browser().get("/visit");
    const { status, body } = await browser().get("/try?again=1");
    expect([status, body]).toEqual([200, { code: "rate_limited" }]);
    await eventually(() => errors.length > 0);
    expect(errors).toMatchObject([{ code: "rate_limited" }]);
  });

  test("those that the app makes by itself are not counted", async () => {
    const sessions = sessionsOf();
    for (let turn = 0; turn < 5; turn++) await sessions.create({ count: 1 });
    expect(sessions.refused.perAddress.sessions).toBe(0);
  });

  test("no address is stored with a session, or reported", async () => {
    const { browser, sessions, reported } = await expressApp({ "trust proxy": "loopback" });
    for (let turn = 0; turn < 2; turn++) await browser().get("/try", { "x-forwarded-for": "192.0.2.77" });
    const records = [];
    for await (const each of sessions.records.list()) records.push(each);
    expect(records).toHaveLength(1);
    expect(JSON.stringify([records, reported, sessions.refused])).not.toContain("192.0.2.77");
  });
});
