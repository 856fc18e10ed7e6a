// A process that holds WebSocket connections: raw ws, or live-session's sockets. argv: raw or live; the number of sessions,
// which are made before, so that what is measured is what connections to them add. Ready with its port and their cookies.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createLiveSessions, type LiveSession } from "live-session";
import { liveSockets } from "live-session/ws";
import { WebSocket, WebSocketServer } from "ws";
import { cookieOf, secret } from "./cookies.ts";
import { memory, obey, sharedNow } from "./processes.ts";

export type SocketOrder =
  | { readonly do: "memory" }
  | { readonly do: "connections" }
  /** One message to everyone: a put into the first session; from the raw server, a text as long as the client got. */
  | { readonly do: "tell"; readonly text: string };

/** In ms on the clock that all processes share. */
export interface Told {
  readonly began: number;
  /** When every socket had been handed the message. */
  readonly handed: number;
}

export interface SocketServer {
  readonly port: number;
  readonly cookies: readonly string[];
}

interface Held {
  readonly connections: () => number;
  readonly tell: (text: string) => unknown;
}

const [kind, count = ""] = process.argv.slice(2);
const server = createServer();
const cookies: string[] = [];

function raw(): Held {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on("connection", (socket) => socket.on("message", () => socket.send("welcome")));
  return {
    connections: () => sockets.clients.size,
    tell: (text) => {
      const bytes = Buffer.from(text);
      for (const socket of sockets.clients) {
        if (socket.readyState === WebSocket.OPEN) socket.send(bytes, { binary: false });
      }
    },
  };
}

async function live(): Promise<Held> {
  const sessions = createLiveSessions<{ cart: string[] }>({ limits: false });
  const app = sessions.app({ view: ({ cart = [] }) => ({ cart }) });
  const sockets = liveSockets(app, { secret, maxTabs: 1_000_000 });
  sockets.attach(server, { path: "/live" });
  const ids: string[] = [];
  for (let index = 0; index < Number(count); index++) {
    const { id } = await sessions.create({ cart: ["kite", "string"] });
    cookies.push(cookieOf(id));
    ids.push(id);
  }
  let handle: LiveSession<{ cart: string[] }> | undefined;
  let put = 0;
  return {
    connections: () => sockets.size,
    tell: async () => {
      handle ??= await sessions.attach(ids[0]!);
      await handle.put("cart", ["kite", "string", `another one, number ${100_000 + put++}`]);
    },
  };
}

const held = kind === "raw" ? raw() : await live();
server.listen(0, "127.0.0.1");
await once(server, "listening");
obey({ port: (server.address() as AddressInfo).port, cookies } satisfies SocketServer, async (order: SocketOrder) => {
  if (order.do === "memory") return memory();
  if (order.do === "connections") return held.connections();
  globalThis.gc?.();
  const began = sharedNow();
  await held.tell(order.text);
  return { began, handed: sharedNow() } satisfies Told;
});
