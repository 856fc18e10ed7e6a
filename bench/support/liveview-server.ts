// A process with one session, its live views and an HTTP server. Sends `{ url, cookie }`, then obeys orders, one at a time.

import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { createLiveSessions } from "live-session";
import { expressPages, html, liveViews } from "live-session/liveview";
import { WebSocket } from "ws";
import { Cart, type Line, line, type Shop } from "./liveview-cart.ts";

/** `memory`, `left`: the memory now, once nobody is connected any more; `put`: one row in front, the last one dropped. */
export type ServerOrder = "memory" | "left" | "put";

export interface ServerAnswer {
  readonly views: number;
  readonly heap: number;
  readonly resident: number;
  /** Of a put, in ms on the machine's own clock, which all processes share. */
  readonly began: number;
  /** When the last diff was with the operating system. */
  readonly written: number;
}

const secret = "bench";
const sessions = createLiveSessions<Shop>({ limits: false });
const { id } = await sessions.create({ cart: Array.from({ length: 10 }, (_, index) => line(index)) });
const signature = createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
const views = liveViews(sessions, {
  secret,
  routes: { "/": Cart },
  layout: ({ content, csrfToken }) => html`${content}<meta content="${csrfToken}">`,
});

const pages = expressPages(views);
const server = createServer((request, response) => {
  const { url = "/" } = request;
  const visit: IncomingMessage & { originalUrl: string; protocol: string; sessionID: string } = Object.assign(request, {
    originalUrl: url,
    protocol: "http",
    sessionID: id,
  });
  pages(visit, response, () => response.writeHead(404).end());
});
views.attach(server);

let diffWritten = () => {};
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (this: WebSocket, data: unknown) {
  send.call(this, data as string, {}, () => diffWritten());
} as typeof send;

const now = () => Number(process.hrtime.bigint()) / 1e6;
const live = await sessions.attach(id);
let count = 100;

async function put(): Promise<{ began: number; written: number }> {
  let missing = views.connections;
  const all = new Promise<void>((resolve) => {
    diffWritten = () => --missing === 0 && resolve();
  });
  const cart = [line(count++), ...(live.data.cart ?? []).slice(0, 9)] as Line[];
  const began = now();
  await live.put("cart", cart);
  await all;
  return { began, written: now() };
}

async function obey(order: ServerOrder): Promise<Partial<ServerAnswer>> {
  if (order === "put") return put();
  while (order === "left" && views.connections > 0) await setTimeout(20);
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await setTimeout(50);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { views: views.connections, heap: heapUsed, resident: rss };
}

process.on("message", async ({ order }: { order: ServerOrder }) => process.send?.(await obey(order)));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  const cookie = `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`;
  process.send?.({ url: `http://127.0.0.1:${port}`, cookie });
});
