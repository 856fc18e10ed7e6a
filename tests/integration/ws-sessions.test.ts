// A browser's WebSocket is attached to the session that its cookie names: what it is sent, and when it is closed.

import { once } from "node:events";
import type { Server } from "node:http";
import { createServer } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import type { Express } from "express";
import express from "express";
import session from "express-session";
import { type EndReason, localBus, memoryStore, type SessionStore, systemClock } from "live-session";
import { expressStore } from "live-session/express";
import { liveSockets } from "live-session/ws";
import { describe, expect, onTestFinished, test } from "vitest";
import { Browser, Gate } from "../support/express.ts";
import { settle } from "../support/sessions.ts";
import { cookie, hub, listen, Peer, secret, serve } from "../support/ws.ts";

interface Shop {
  cart: string[];
  theme: string;
}

async function shop(options: Parameters<typeof serve>[1] = {}) {
  const made = hub<Shop>();
  const views: unknown[] = [];
  const app = made.sessions.app({
    view: ({ cart = [] }) => {
      views.push(cart);
      return { cart };
    },
  });
  const served = await serve(app, options);
  return { ...made, ...served, views };
}

describe("what is sent", () => {
  test("hello is answered with a welcome and the view, every change with the view after it", async () => {
    const { sessions, connect } = await shop();
    const { id } = await sessions.create({ cart: ["kite"], theme: "dark" });
    const peer = connect(id);
    const { welcome, view } = await peer.hello();
    const text = expect.any(String);
    expect(welcome).toEqual({ t: "welcome", v: 1, resumed: false, memory: text, session: text });
    expect(view).toEqual({ t: "view", version: 1, view: { cart: ["kite"] } });
    const live = await sessions.attach(id);
    await live.put("cart", ["kite", "string"]);
    expect(await peer.next()).toEqual({ t: "view", version: 2, view: { cart: ["kite", "string"] } });
  });

  test("nothing before hello", async () => {
    const { sessions, connect } = await shop();
    const { id } = await sessions.create({});
    const peer = await connect(id).opened();
    const live = await sessions.attach(id);
    await live.put("cart", ["kite"]);
    const { welcome, view } = await peer.hello();
    expect([welcome.t, view.version]).toEqual(["welcome", 2]);
  });

  test("by default nothing of the data leaves the server", async () => {
    const { sessions } = hub<Shop>();
    const { connect } = await serve(sessions.app({}));
    const { id } = await sessions.create({ cart: ["secret"] });
    const peer = connect(id);
    expect((await peer.hello()).view).toEqual({ t: "view", version: 1, view: null });
    const live = await sessions.attach(id);
    await live.put("cart", ["more"]);
    await peer.inStep();
    expect(JSON.stringify(peer.got)).not.toMatch(/secret|more/);
  });

  test("a view that did not change is not sent, the next that did has the newest version", async () => {
    const { sessions, connect } = await shop();
    const { id } = await sessions.create({ cart: [] });
    const peer = connect(id);
    await peer.hello();
    const live = await sessions.attach(id);
    await live.put("theme", "dark");
    await peer.inStep();
    await live.put("cart", ["kite"]);
    expect(await peer.next()).toEqual({ t: "view", version: 3, view: { cart: ["kite"] } });
    expect(peer.got.filter(({ t }) => t === "view")).toHaveLength(2);
  });

  test("the view is made once for each version, however many connections", async () => {
    const { sessions, connect, views } = await shop();
    const { id } = await sessions.create({ cart: [] });
    const peers = Array.from({ length: 5 }, () => connect(id));
    await Promise.all(peers.map((peer, index) => peer.hello(`tab ${index}`)));
    const live = await sessions.attach(id);
    await live.put("cart", ["kite"]);
    expect(await Promise.all(peers.map((peer) => peer.next()))).toEqual(
      peers.map(() => ({ t: "view", version: 2, view: { cart: ["kite"] } })),
    );
    expect(views).toHaveLength(2);
  });

  test("a view that fails is reported once and closes with 1011", async () => {
    const { sessions, reported } = hub<Shop>();
    const app = sessions.app({
      view: ({ cart }) => {
        if (cart?.length) throw new Error("no view of kites");
        return {};
      },
    });
    const { connect } = await serve(app);
    const { id } = await sessions.create({});
    const peers = [connect(id), connect(id)];
    await Promise.all(peers.map((peer, index) => peer.hello(`tab ${index}`)));
    const live = await sessions.attach(id);
    await live.put("cart", ["kite"]);
    expect(await Promise.all(peers.map((peer) => peer.closed))).toEqual([1011, 1011]);
    expect(reported.map(({ context }) => context.stage)).toEqual(["view"]);
    expect(JSON.stringify(peers[0]?.got)).not.toContain("no view of kites");
  });

  test("while the bus is away the browser hears stale, and live when it is back", async () => {
    const bus = localBus();
    const listeners = new Set<(status: "up" | "down") => void>();
    const onStatus = (listener: (status: "up" | "down") => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
    const { sessions } = hub<Shop>({ bus: { ...bus, onStatus } });
    const { connect } = await serve(sessions.app({}));
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    for (const tell of listeners) tell("down");
    expect(await peer.next()).toEqual({ t: "status", status: "stale" });
    const late = connect(id);
    await late.hello("late");
    expect(await late.next()).toEqual({ t: "status", status: "stale" });
    for (const tell of listeners) tell("up");
    expect(await peer.next()).toEqual({ t: "status", status: "live" });
  });
});

describe("the end", () => {
  /** The shop's HTTP side, with the unmodified middleware, and its sockets on the same server. */
  async function site(store?: SessionStore) {
    const made = hub<Shop>({ clock: systemClock, ...(store && { store }) });
    const app: Express = express();
    app.use(session({ store: expressStore(made.sessions), secret, resave: false, saveUninitialized: true }));
    app.get("/", (request, response) => void response.json({ id: request.sessionID }));
    app.get("/logout", (request, response) => request.session.destroy(() => response.json({})));
    app.get("/login", (request, response) => request.session.regenerate(() => response.json({})));
    const served = await serve(made.sessions.app({}), {}, createServer(app));
    const tab = new Browser(`http://127.0.0.1:${served.port}`);
    await tab.get("/");
    const open = () => {
      const [[name, value] = []] = tab.cookies;
      return new Peer(`ws://127.0.0.1:${served.port}/live`, { cookie: `other=1; ${name}=${value}` });
    };
    return { ...made, ...served, tab, open };
  }

  const ends: Record<EndReason, (at: Awaited<ReturnType<typeof site>>) => Promise<unknown>> = {
    destroyed: ({ tab }) => tab.get("/logout"),
    regenerated: ({ tab }) => tab.get("/login"),
    revoked: ({ sessions, tab }) => sessions.end(tab.id, "revoked"),
    expired: ({ sessions, tab }) => sessions.end(tab.id, "expired"),
  };

  test.each(Object.keys(ends) as EndReason[])(
    "%s is told to every socket, which is closed with 1008",
    async (reason) => {
      const at = await site();
      const { id } = at.tab;
      const peers = [at.open(), at.open()];
      await Promise.all(peers.map((peer, index) => peer.hello(`tab ${index}`)));
      const silent = await at.open().opened(); // said no hello yet
      await ends[reason](at);
      for (const peer of [...peers, silent]) {
        expect(await peer.closed).toBe(1008);
        expect(peer.got.at(-1)).toEqual({ t: "ended", reason });
      }
      // And whoever comes back with the old cookie hears the same.
      const back = at.connect(id);
      expect(await back.next()).toEqual({ t: "ended", reason });
      expect(await back.closed).toBe(1008);
      expect(at.reported).toEqual([]);
    },
  );

  test("a session that expires by itself closes its sockets, and not before another node's push is heard of", async () => {
    const { sessions, clock } = hub<Shop>({ lifetime: "1h", checkInterval: "1d" });
    const { connect } = await serve(sessions.app({}), { pingInterval: "1d" });
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    clock.advance(3_600_000 - 1);
    await settle();
    await peer.inStep();
    clock.advance(2);
    expect(await peer.next()).toEqual({ t: "ended", reason: "expired" });
    expect(await peer.closed).toBe(1008);
  });

  test("connecting pushes the idle lifetime, listening does not", async () => {
    const { sessions, clock } = hub<Shop>({ lifetime: "1h" });
    const { connect } = await serve(sessions.app({}), { pingInterval: "1d" });
    const { id } = await sessions.create({});
    clock.advance(1_800_000);
    const peer = connect(id);
    await peer.hello();
    await settle();
    const live = await sessions.attach(id);
    const pushed = live.expiresAt;
    expect(pushed).toBe(clock.now() + 3_600_000);
    clock.advance(1_800_000);
    await peer.inStep();
    await settle();
    expect(live.expiresAt).toBe(pushed);
  });
});

describe("nothing is left behind", () => {
  test("of connections that were cut, closed, refused, or gave up", async () => {
    const { sessions, connect, attached, sockets } = await shop();
    const ids = await Promise.all([1, 2, 3, 4].map(async () => (await sessions.create({})).id));
    const peers = ids.map((id) => connect(id));
    await Promise.all(peers.map((peer) => peer.hello()));
    expect([attached(), sockets.size]).toEqual([4, 4]);
    peers[0]?.socket.terminate();
    peers[1]?.socket.close();
    peers[2]?.send("{");
    peers[3]?.stream.destroy();
    await Promise.all(peers.map(({ closed }) => closed));
    while (sockets.size > 0) await settle();
    expect(attached()).toBe(0);
  });

  test.each<[how: string, giveUp: (stream: Socket) => void]>([
    ["gave up", (stream) => stream.destroy()],
    ["was cut off", (stream) => stream.resetAndDestroy()],
    ["said nonsense", (stream) => stream.end()],
  ])("of a browser that %s while its session was looked up", async (how, giveUp) => {
    const store = memoryStore();
    const door = new Gate();
    const slow: SessionStore = { ...store, read: (key) => door.wait().then(() => store.read(key)) };
    const { sessions, attached } = hub<Shop>({ store: slow, clock: systemClock });
    const { sockets, server, port } = await serve(sessions.app({}));
    const { id } = await sessions.create({});
    const served = once(server, "connection");
    const stream = connectTcp(port, "127.0.0.1");
    const key =
      how === "said nonsense" ? "" : "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    stream.write(
      `GET /live HTTP/1.1\r\nHost: x\r\nCookie: ${cookie(id)}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}\r\n`,
    );
    const [theirs] = (await served) as [Socket];
    await door.full;
    expect(attached()).toBe(1);
    const gone = new Promise((resolve) => theirs.once("close", resolve));
    giveUp(stream);
    if (how === "was cut off") await gone;
    door.open();
    await gone;
    await settle();
    expect([attached(), sockets.size]).toEqual([0, 0]);
  });
});

describe("close", () => {
  test("tells every browser 1001, refuses new ones, and leaves the HTTP server alone", async () => {
    const { sessions, connect, sockets, attached, port } = await shop();
    const { id } = await sessions.create({});
    const peers = [connect(id), connect(id)];
    await Promise.all(peers.map((peer, index) => peer.hello(`tab ${index}`)));
    await Promise.all([sockets.close(), sockets.close()]);
    expect(await Promise.all(peers.map(({ closed }) => closed))).toEqual([1001, 1001]);
    expect([attached(), sockets.size]).toEqual([0, 0]);
    const late = connect(id);
    expect(await late.closed).not.toBe(1000);
    expect(late.got).toEqual([]);
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(await response.text()).toBe("plain HTTP");
  });

  test("does not wait for ever for a browser that does not answer", async () => {
    const { sessions, connect, sockets, clock } = await shop();
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    peer.stream.pause();
    const closing = sockets.close();
    clock.advance(2_000);
    await closing;
    expect(sockets.size).toBe(0);
  });
});

describe("upgrades", () => {
  const plain = (): Server => createServer((_request, response) => void response.end());

  test("of an unknown path get 404 where nobody else listens", async () => {
    const { connect } = await shop();
    const peer = connect("any", { path: "/else" });
    expect([await peer.closed, peer.status]).toEqual([-1, 404]);
  });

  test("of other paths are left to the server's other listeners", async () => {
    const { sessions } = hub<Shop>();
    const server = plain();
    const { connect } = await serve(sessions.app({}), {}, server);
    const other: string[] = [];
    server.on("upgrade", (request, stream) => {
      if (request.url !== "/other") return;
      other.push(request.url);
      stream.end("HTTP/1.1 418 I'm a teapot\r\nConnection: close\r\n\r\n");
    });
    const { id } = await sessions.create({});
    const peer = connect(id, { path: "/other" });
    expect([await peer.closed, peer.status, other]).toEqual([-1, 418, ["/other"]]);
    expect((await connect(id, { path: "/live?from=here" }).hello()).welcome.t).toBe("welcome");
  });

  test("two apps share a server, each with a path of its own", async () => {
    const { sessions } = hub<Shop>();
    const server = plain();
    const first = await serve(sessions.app({ view: () => 1 }), {}, server);
    const second = liveSockets(sessions.app({ view: () => 2 }), { secret }).attach(server, { path: "/second" });
    onTestFinished(() => second.close());
    expect(() => second.attach(server, { path: "/live" })).toThrow("is taken on this server");
    const { id } = await sessions.create({});
    expect((await first.connect(id).hello()).view.view).toBe(1);
    expect((await first.connect(id, { path: "/second" }).hello()).view.view).toBe(2);
    await second.close();
    const gone = first.connect(id, { path: "/second" });
    expect([await gone.closed, gone.status]).toEqual([-1, 404]);
    expect((await first.connect(id).hello("another")).view.view).toBe(1);
  });

  test("handleUpgrade takes those that somebody else shares out", async () => {
    const { sessions } = hub<Shop>();
    const sockets = liveSockets(sessions.app({}), { secret });
    onTestFinished(() => sockets.close());
    const server = plain().on("upgrade", (...upgrade) => sockets.handleUpgrade(...upgrade));
    const port = await listen(server);
    const { id } = await sessions.create({});
    const peer = new Peer(`ws://127.0.0.1:${port}/any/path`, { cookie: cookie(id) });
    expect((await peer.hello()).welcome.t).toBe("welcome");
  });
});
