// attachSocket: the session of a WebSocket that speaks a protocol of its own.

import { createServer } from "node:http";
import { LiveSessionError, memoryStore } from "live-session";
import { attachSocket } from "live-session/ws";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Gate } from "../support/express.ts";
import { filesBelow, read } from "../support/repository.ts";
import { settle } from "../support/sessions.ts";
import { cookie, hub, listen, secret } from "../support/ws.ts";

interface Data {
  said: string[];
}

/** A chat of one: what the socket says is put in the session, what the session holds is sent. */
async function chat(given: Parameters<typeof hub<Data>>[0] = {}) {
  const made = hub<Data>(given);
  const failures: unknown[] = [];
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", async (socket, request) => {
    try {
      const live = await attachSocket(made.sessions, socket, request, { secret });
      socket.on("message", (data) => {
        live.update("said", (said = []) => [...said, String(data)]).catch((error) => socket.close(1011, error.code));
      });
      live.subscribe((message) => {
        if (message.type === "live_session_updated") socket.send(JSON.stringify(message.session.said));
      });
    } catch (error) {
      failures.push(error);
    }
  });
  const port = await listen(server);
  const connect = (headers: Record<string, string>) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers });
    const got: string[] = [];
    let wake = () => {};
    socket.on("message", (data) => {
      got.push(String(data));
      wake();
    });
    onTestFinished(() => socket.terminate());
    const closed = new Promise<number>((resolve) => socket.on("close", (code) => resolve(code)));
    const next = () => new Promise<void>((resolve) => (wake = resolve));
    return { socket, got, closed, next };
  };
  return { ...made, connect, sockets, failures };
}

const codes = (failures: unknown[]) => failures.map((error) => (error as LiveSessionError).code);

test("reads and writes its session, ends with it by 1008", async () => {
  const { sessions, connect } = await chat();
  const { id } = await sessions.create({ said: ["hi"] });
  const { socket, got, closed, next } = connect({ cookie: cookie(id) });
  socket.on("open", () => socket.send("there"));
  await next();
  expect(sessions.attached().connections).toEqual({ ws: 1 });
  expect(got).toEqual(['["hi","there"]']);
  await sessions.end(id, "revoked");
  expect(await closed).toBe(1008);
});

test("gives its handle back when the socket closes, also while it attaches", async () => {
  const { sessions, connect, attached, sockets, failures } = await chat();
  const { id } = await sessions.create({});
  const { socket, next } = connect({ cookie: cookie(id) });
  socket.on("open", () => socket.send("x"));
  await next();
  expect(attached()).toBe(1);
  socket.terminate();
  while (attached() > 0) await settle();

  const memory = memoryStore();
  const door = new Gate();
  const store: typeof memory = { ...memory, read: async (key) => door.wait().then(() => memory.read(key)) };
  const slow = await chat({ store });
  const other = await slow.sessions.create({});
  const early = connectTo(slow, other.id);
  await door.full;
  const gone = new Promise<void>((resolve) => {
    for (const each of slow.sockets.clients) each.on("close", () => resolve());
  });
  for (const each of slow.sockets.clients) each.terminate();
  await gone;
  door.open();
  while (slow.failures.length === 0) await settle();
  expect([codes(slow.failures), slow.attached()]).toEqual([["closed"], 0]);
  early.socket.terminate();
  expect([sockets.clients.size, failures]).toEqual([0, []]);
});

test("a write that is refused closes the socket, and does not end the process", async () => {
  const { sessions, connect } = await chat({ maxBytes: 100 });
  const { id } = await sessions.create({});
  const { socket, closed } = connect({ cookie: cookie(id) });
  socket.on("open", () => socket.send("x".repeat(200)));
  expect(await closed).toBe(1011);
});

test("documents leave no write's rejection unhandled", () => {
  const documents = ["README.md", ...filesBelow("docs").filter((path) => path.endsWith(".md"))];
  const unhandled = /\bvoid [\w.]+\.(put|update|transaction|delete|clear|end|regenerate)\((?!.*\.catch\()/;
  const lines = documents.flatMap((document) =>
    read(document)
      .split("\n")
      .map((line) => `${document}: ${line}`),
  );
  expect(lines.filter((line) => unhandled.test(line))).toEqual([]);
});

function connectTo({ connect }: Awaited<ReturnType<typeof chat>>, id: string) {
  return connect({ cookie: cookie(id) });
}

test("loses no message that came while it attached", async () => {
  const memory = memoryStore();
  const door = new Gate();
  const store: typeof memory = { ...memory, read: async (key) => door.wait().then(() => memory.read(key)) };
  const { sessions, connect } = await chat({ store });
  const { id } = await sessions.create({});
  const { socket, got, next } = connect({ cookie: cookie(id) });
  await new Promise((resolve) => socket.once("open", resolve));
  socket.send("early");
  await new Promise<void>((resolve) => socket.ping("", undefined, () => resolve()));
  await door.full;
  await settle();
  door.open();
  await next();
  expect(got).toEqual(['["early"]']);
});

test.each<[what: string, headers: (id: string) => Record<string, string>, code: string, close: number]>([
  ["no cookie", () => ({}), "unknown_session", 1008],
  ["a forged cookie", (id) => ({ cookie: cookie(id, "guessed") }), "unknown_session", 1008],
  ["a foreign page", (id) => ({ cookie: cookie(id), origin: "https://evil.example" }), "forbidden_origin", 1008],
])("%s: closes the socket and rejects", async (_what, headers, code, close) => {
  const { sessions, connect, failures, attached } = await chat();
  const { id } = await sessions.create({});
  expect(await connect(headers(id)).closed).toBe(close);
  expect([codes(failures), attached()]).toEqual([[code], 0]);
});

test("an ended session: 1008; a store that is away: 1013", async () => {
  const ended = await chat();
  const { id } = await ended.sessions.create({});
  await ended.sessions.end(id);
  expect(await ended.connect({ cookie: cookie(id) }).closed).toBe(1008);
  expect(codes(ended.failures)).toEqual(["session_ended"]);
  const away = await chat({ store: { ...memoryStore(), read: () => Promise.reject(new Error("away")) } });
  expect(await away.connect({ cookie: cookie(id) }).closed).toBe(1013);
  expect(codes(away.failures)).toEqual(["store_failed"]);
  expect(away.failures[0]).toBeInstanceOf(LiveSessionError);
});
