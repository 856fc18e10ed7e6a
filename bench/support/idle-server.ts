// A process that holds idle WebSocket connections and tells its memory: raw ws, or live-session's sockets.
// argv: raw | live, connections. Talks to the row by IPC: `ready` with the cookies, then `measure`.

import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { createLiveSessions } from "live-session";
import { liveSockets } from "live-session/ws";
import { WebSocketServer } from "ws";

const [kind, count = ""] = process.argv.slice(2);
const secret = "bench";
const server = createServer();
const cookies: string[] = [];
let open = () => 0;

if (kind === "raw") {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on("connection", (socket) => socket.on("message", () => socket.send("welcome")));
  open = () => sockets.clients.size;
} else {
  const sessions = createLiveSessions<{ cart: string[] }>();
  const app = sessions.app({ view: ({ cart = [] }) => ({ cart }) });
  const sockets = liveSockets(app, { secret });
  sockets.attach(server, { path: "/live" });
  // The sessions are there before: what is measured is what a connection to one adds.
  for (let index = 0; index < Number(count); index++) {
    const { id } = await sessions.create({ cart: ["kite", "string"] });
    const signature = createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
    cookies.push(`connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`);
  }
  open = () => sockets.size;
}

async function memory(): Promise<{ heap: number; rss: number; open: number }> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await setTimeout(50);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, rss, open: open() };
}

process.on("message", async () => process.send?.({ memory: await memory() }));
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port, cookies }));
