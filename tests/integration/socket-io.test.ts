// Socket.IO's sockets and their sessions, through its real server and client.

import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { localBus, memoryStore, type SessionStore } from "live-session";
import {
  type LiveServerEvents,
  type LiveSessionOptions,
  type LiveSocketData,
  liveSession,
  sessionRoom,
} from "live-session/socket.io";
import { createClient } from "redis";
import { Server, type ServerOptions } from "socket.io";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasRedis, startRedis } from "../support/redis-socket.ts";
import { settle } from "../support/sessions.ts";
import { cookie, hub, listen, secret } from "../support/ws.ts";

interface Data {
  n: number;
  left: boolean;
}

type Events = LiveServerEvents & { current: (n: number | undefined) => void };
type Own = Server<{ [event: string]: (...values: never[]) => void }, Events, Events, LiveSocketData<Data>>;

async function node(
  parts: Parameters<typeof hub<Data>>[0] = {},
  options: Partial<LiveSessionOptions<Data>> = {},
  serverOptions: Partial<ServerOptions> = {},
) {
  const made = hub<Data>(parts);
  const server = createServer();
  const sockets: Own = new Server(server, serverOptions);
  sockets.use(liveSession(made.sessions, { secret, ...options }));
  sockets.on("connection", (socket) => {
    const { session } = socket.data; // captured once, and current all the same
    socket.on("current", () => socket.emit("current", session.get("n")));
    socket.on("add", async (done: () => void) => {
      await session.update("n", (n = 0) => n + 1);
      done();
    });
    socket.on("disconnect", () => void session.put("left", true).catch(() => {}));
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  onTestFinished(() => sockets.close());
  const connect = (id: string, more: Partial<ManagerOptions & SocketOptions> = {}, namespace = "") => {
    const socket = io(url + namespace, { extraHeaders: { cookie: cookie(id) }, forceNew: true, ...more });
    onTestFinished(() => void socket.disconnect());
    return socket;
  };
  return { ...made, sockets, connect };
}

const once = <T>(socket: Socket, event: string) => new Promise<T>((resolve) => void socket.once(event, resolve));

/** A store that counts its reads. */
function counted(): { store: SessionStore; reads: () => number } {
  const store = memoryStore();
  let reads = 0;
  const read: SessionStore["read"] = (key) => {
    reads++;
    return store.read(key);
  };
  return { store: { ...store, read }, reads: () => reads };
}

test("the session is current in every handler, and what a handler writes undoes nothing", async () => {
  const { sessions, connect } = await node();
  const { id } = await sessions.create({ n: 1 });
  const socket = connect(id);
  await once(socket, "connect");
  const request = await sessions.attach(id);
  await request.put("n", 5);
  socket.emit("current");
  expect(await once(socket, "current")).toBe(5);
  await Promise.all(Array.from({ length: 20 }, () => socket.emitWithAck("add")));
  expect(request.data.n).toBe(25);
});

test("the upgrade from polling costs no further read, nor do events", async () => {
  const { store, reads } = counted();
  const { sessions, connect } = await node({ store });
  const { id } = await sessions.create({ n: 1 });
  const before = reads();
  const socket = connect(id, { transports: ["polling", "websocket"] });
  await once(socket, "connect");
  const { engine } = socket.io;
  if (engine.transport.name === "polling")
    await new Promise<void>((resolve) => engine.once("upgrade", () => resolve()));
  await socket.emitWithAck("add");
  expect([socket.io.engine.transport.name, reads() - before]).toEqual(["websocket", 1]);
});

test("a handler of disconnect can write; then nothing is left behind", async () => {
  const { sessions, connect, attached } = await node();
  const { id } = await sessions.create({ n: 1 });
  const socket = connect(id);
  await once(socket, "connect");
  socket.disconnect();
  while (attached() > 0) await settle();
  expect((await sessions.read(id))?.left).toBe(true);
});

test("a socket that a later middleware refuses leaves nothing behind", async () => {
  const { sessions, connect, attached, sockets } = await node();
  sockets.use((_socket, next) => next(new Error("no")));
  const { id } = await sessions.create({ n: 1 });
  const socket = connect(id);
  await once(socket, "connect_error");
  socket.io.engine.close();
  while (attached() > 0) await settle();
});

test("a socket whose client left while the session was looked up leaves nothing behind", async () => {
  const inner = memoryStore();
  let answer = () => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let goOn = () => {};
  const wait = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const store: SessionStore = {
    ...inner,
    async read(key) {
      answer();
      await wait;
      return inner.read(key);
    },
  };
  const { sessions, connect, attached, sockets } = await node({ store });
  const { id } = await sessions.create({ n: 1 });
  const socket = connect(id, { transports: ["websocket"] });
  await asked;
  socket.disconnect();
  while (sockets.engine.clientsCount > 0) await settle();
  goOn();
  await settle();
  expect(attached()).toBe(0);
});

describe("the end", () => {
  test("is told before the socket is disconnected, on every node and in every namespace, and is final", async () => {
    const parts = { store: memoryStore(), bus: localBus() };
    const [left, right] = [await node(parts), await node(parts)];
    right.sockets.of("/chat").use(liveSession(right.sessions, { secret }));
    const { id } = await left.sessions.create({ n: 1 });
    const sockets = [left.connect(id), right.connect(id), right.connect(id, {}, "/chat")];
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const heard = sockets.map(async (socket) => {
      const events: unknown[] = [];
      socket.on("live_session_ended", ({ reason }) => events.push(reason));
      events.push(await once(socket, "disconnect"));
      return events;
    });
    await (await left.sessions.attach(id)).end("revoked");
    const told = ["revoked", "io server disconnect"];
    expect(await Promise.all(heard)).toEqual([told, told, told]);
    const again = left.connect(id);
    const error = await once<Error & { data: unknown }>(again, "connect_error");
    expect(error.data).toEqual({ code: "session_ended", reason: "revoked" });
    expect(await left.sessions.read(id)).toBeNull();
    while (left.sockets.engine.clientsCount + right.sockets.engine.clientsCount > 1) await settle();
  });
});

describe("who may connect", () => {
  test.each([
    ["no session", "nobody", {}, "unknown_session"],
    ["a foreign page", "", { origin: "https://evil.example" }, "forbidden_origin"],
    ["a foreign page by polling", "", { "sec-fetch-site": "cross-site" }, "forbidden_origin"],
  ])("%s gets %s", async (_who, name, headers, code) => {
    const { sessions, connect, attached } = await node();
    const { id } = await sessions.create({ n: 1 });
    const socket = connect(name || id, { extraHeaders: { cookie: cookie(name || id), ...headers } });
    const error = await once<Error & { data: unknown }>(socket, "connect_error");
    expect([error.data, socket.active, attached()]).toEqual([{ code }, false, 0]);
  });

  test("while the store is away the connection breaks, and the client comes back by itself", async () => {
    const inner = memoryStore();
    let away = true;
    const store: SessionStore = {
      ...inner,
      read(key) {
        if (away) throw new Error("The store is away.");
        return inner.read(key);
      },
    };
    const { sessions, connect, reported } = await node({ store });
    const { id } = await sessions.create({ n: 1 });
    const socket = connect(id, { reconnectionDelay: 1, transports: ["websocket"] });
    while (reported.length === 0) await settle();
    expect(reported[0]?.context).toEqual({ stage: "attach" });
    away = false;
    await once(socket, "connect");
  });

  test("recovery that skips middleware is refused: such a socket would outlive a logout", async () => {
    const { sessions, connect, reported } = await node({}, {}, { connectionStateRecovery: {} });
    const { id } = await sessions.create({ n: 1 });
    await once(connect(id), "connect_error");
    expect(reported).toMatchObject([{ error: { code: "bad_option" } }]);
    const allowed = await node({}, {}, { connectionStateRecovery: { skipMiddlewares: false } });
    const other = await allowed.sessions.create({ n: 1 });
    await once(allowed.connect(other.id), "connect");
  });

  test.each([
    ["no secret", {}],
    ["an unknown option", { secret, secrets: "x" }],
    ["no app", { secret, app: {} }],
    ["no number", { secret, maxCallsInFlight: 0 }],
  ])("%s is an error at start", (_what, options) => {
    expect(() => liveSession(hub<Data>().sessions, options as never)).toThrow(
      expect.objectContaining({ code: "bad_option" }),
    );
  });
});

test("more calls at a time than are allowed are refused", async () => {
  let goOn = () => {};
  const wait = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const made = hub<Data>();
  const app = made.sessions.app({ actions: { wait: made.sessions.action(() => wait) } });
  const server = createServer();
  const sockets = new Server(server);
  sockets.use(liveSession(made.sessions, { secret, app, maxCallsInFlight: 2 }));
  const url = `http://127.0.0.1:${await listen(server)}`;
  onTestFinished(() => sockets.close());
  const { id } = await made.sessions.create({});
  const socket = io(url, { extraHeaders: { cookie: cookie(id) }, forceNew: true });
  onTestFinished(() => void socket.disconnect());
  const calls = [1, 2, 3].map(() => socket.emitWithAck("live_session_call", "wait", null));
  expect(await calls[2]).toMatchObject({ ok: false, error: { code: "too_many_calls" } });
  socket.emit("live_session_call", "wait"); // nobody waits for the answer
  goOn();
  expect(await Promise.all(calls.slice(0, 2))).toEqual([{ ok: true }, { ok: true }]);
});

describe.skipIf(!hasRedis)("beside @socket.io/redis-adapter", () => {
  test("the room of a session reaches its sockets on every node, and nothing shows the session's id", async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const client = () => createClient({ socket: { path: redis.path, tls: false } }).on("error", () => {});
    const clients = [client(), client(), client(), client(), client()] as const;
    await Promise.all(clients.map((each) => each.connect()));
    onTestFinished(async () => void (await Promise.all(clients.map((each) => each.close()))));
    const [pubOne, subOne, pubTwo, subTwo, spy] = clients;
    const published: string[] = [];
    await spy.pSubscribe("*", (message, channel) => void published.push(channel + message));
    const parts = { store: memoryStore(), bus: localBus() };
    const one = await node(parts, {}, { adapter: createAdapter(pubOne, subOne) });
    const two = await node(parts, {}, { adapter: createAdapter(pubTwo, subTwo) });
    const [mine, other] = [await one.sessions.create({ n: 1 }), await one.sessions.create({ n: 2 })];
    const sockets = [one.connect(mine.id), two.connect(mine.id), two.connect(other.id)];
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const got: unknown[] = [];
    sockets[2]?.on("current", (n) => got.push(n));
    const heard = sockets.slice(0, 2).map((socket) => once(socket, "current"));
    one.sockets.to(sessionRoom(mine.key)).emit("current", 9);
    expect(await Promise.all(heard)).toEqual([9, 9]);
    const found = await one.sockets.in(sessionRoom(mine.key)).fetchSockets();
    expect(found).toHaveLength(2);
    expect(JSON.stringify(found.map(({ data, rooms }) => [data, [...rooms]]))).not.toContain(mine.id);
    await (await two.sessions.attach(mine.id)).end();
    expect(await Promise.all(sockets.slice(0, 2).map((socket) => once(socket, "disconnect")))).toHaveLength(2);
    expect([got, sockets[2]?.connected]).toEqual([[], true]);
    expect(published.length).toBeGreaterThan(0);
    expect(published.join("")).not.toContain(mine.id);
  });
});
