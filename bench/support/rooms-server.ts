// A process with so many sessions and one WebSocket each, whose other ends are stubs: live-session's sockets, or Socket.IO's
// with a room for each session. argv: live or rooms; sessions. Ordered a number of changes, it answers with the changes a
// second, each of a session picked at random, once the last one was written.

import { createServer } from "node:http";
import { setImmediate } from "node:timers/promises";
import { createLiveSessions, type LiveSession } from "live-session";
import { liveSockets } from "live-session/ws";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { Server } from "socket.io";
import { cookieOf, secret } from "./cookies.ts";
import { obey } from "./processes.ts";
import { upgrade, wrote } from "./stub-socket.ts";

const [kind, count = ""] = process.argv.slice(2);
const server = createServer();
const items = ["kite", "string"];
let written = 0;
const onWrite = () => void written++;

/** Changes one session, so that its socket is sent the new view. */
type Change = (session: number, n: number) => unknown;

async function live(): Promise<Change> {
  const sessions = createLiveSessions<{ items: string[]; n: number }>({ limits: false });
  const app = sessions.app({ view: ({ items = [], n = 0 }) => ({ items, n }) });
  liveSockets(app, { secret, pingInterval: "1h" }).attach(server, { path: "/live" });
  const handles: LiveSession<{ items: string[]; n: number }>[] = [];
  for (let index = 0; index < Number(count); index++) {
    const { id } = await sessions.create({ items, n: 0 });
    const socket = upgrade(server, "/live", { cookie: cookieOf(id) });
    await wrote(socket, 1);
    socket.say(JSON.stringify({ t: "hello", v: 1, client: `tab-${index}` }));
    await wrote(socket, 2);
    socket.onWrite = onWrite;
    handles.push(await sessions.attach(id));
  }
  return (session, n) => handles[session]!.put("n", n);
}

async function rooms(): Promise<Change> {
  const io = new Server(server, { pingInterval: 3_600_000, transports: ["websocket"], perMessageDeflate: false });
  let joined = 0;
  io.on("connection", (socket) => void socket.join(`session ${joined++}`));
  for (let index = 0; index < Number(count); index++) {
    const socket = upgrade(server, "/socket.io/?EIO=4&transport=websocket");
    await wrote(socket, 2); // the second is the message with which Engine.IO opens
    socket.say("40"); // Socket.IO's connect
    await wrote(socket, 3);
    socket.onWrite = onWrite;
  }
  return (session, n) => io.to(`session ${session}`).emit("view", { items, n });
}

const change = await (kind === "live" ? live() : rooms());
const random = xoroshiro128plus(7);
const someone = () => uniformInt(random, 0, Number(count) - 1);

/** What is put differs each time: what changes nothing is not sent. */
let n = 0;

async function rate(changes: number): Promise<number> {
  globalThis.gc?.();
  await setImmediate();
  written = 0;
  const start = performance.now();
  for (let made = 0; made < changes; made++) await change(someone(), ++n);
  while (written < changes) await setImmediate();
  const ms = performance.now() - start;
  if (written > changes) throw new Error(`${written} frames were written for ${changes} changes.`);
  return (1000 * changes) / ms;
}

obey(null, rate);
