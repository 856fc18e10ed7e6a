// A process with one session, its live views and an HTTP server. Ready with `{ url, cookie }`.

import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { createLiveSessions } from "live-session";
import { expressPages, html, liveViews } from "live-session/liveview";
import { WebSocket } from "ws";
import { cookieOf, secret } from "./cookies.ts";
import { Cart, type Line, line, type Shop } from "./liveview-cart.ts";
import { type Memory, memory, obey, sharedNow } from "./processes.ts";

/** `memory`, `left`: the memory now, once nobody is connected any more; `put`: one row in front, the last one dropped. */
export type ServerOrder = "memory" | "left" | "put";

/** In ms on the clock that all processes share. */
export interface Put {
  readonly began: number;
  /** When the last diff was with the operating system. */
  readonly written: number;
}

const sessions = createLiveSessions<Shop>({ limits: false });
const { id } = await sessions.create({ cart: Array.from({ length: 10 }, (_, index) => line(index)) });
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

const live = await sessions.attach(id);
let count = 100;

async function put(): Promise<Put> {
  let missing = views.connections;
  const all = new Promise<void>((resolve) => {
    diffWritten = () => --missing === 0 && resolve();
  });
  const cart = [line(count++), ...(live.data.cart ?? []).slice(0, 9)] as Line[];
  const began = sharedNow();
  await live.put("cart", cart);
  await all;
  return { began, written: sharedNow() };
}

async function answerTo(order: ServerOrder): Promise<Put | (Memory & { readonly views: number })> {
  if (order === "put") return put();
  while (order === "left" && views.connections > 0) await setTimeout(20);
  return { ...(await memory()), views: views.connections };
}

server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
obey({ url, cookie: cookieOf(id) }, answerTo);
