// One node of several on an engine, as a process of its own: live sockets on a free port, and orders by IPC. See
// examples/cluster/engine.ts for the environment that names the engine. With BARE=1 it is what a live node is compared
// with on Redis: a subscriber that hands each message to every WebSocket.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { Redis } from "ioredis";
import { createLiveSessions } from "live-session";
import { liveSockets } from "live-session/ws";
import { WebSocketServer } from "ws";
import { openEngine } from "../../examples/cluster/engine.ts";
import { secret } from "./cookies.ts";
import { obey, sharedNow } from "./processes.ts";

const CHANNEL = "bench";

export type Order =
  | { readonly do: "create"; readonly count: number; readonly principal: string }
  | { readonly do: "puts"; readonly id: string; readonly count: number; readonly every: number }
  | { readonly do: "endAll"; readonly principal: string };

const server = createServer();
const order: (given: Order) => Promise<unknown> = process.env.BARE ? bare() : await live();

server.listen(0, "127.0.0.1");
await once(server, "listening");
obey((server.address() as AddressInfo).port, order);

async function live() {
  const engine = await openEngine(process.env);
  const sessions = createLiveSessions<{ at: number }>({ store: engine.store, bus: engine.bus, limits: false });
  const app = sessions.app({ view: ({ at = 0 }) => ({ at }) });
  liveSockets(app, { secret, maxTabs: 1_000 }).attach(server, { path: "/live" });
  return async (given: Order): Promise<unknown> => {
    if (given.do === "endAll") return sessions.of(given.principal).endAll();
    if (given.do === "create") {
      const ids: string[] = [];
      for (let index = 0; index < given.count; index++) {
        const { id } = await sessions.create({ at: 0 });
        await sessions.bind(id, given.principal);
        ids.push(id);
      }
      return ids;
    }
    const handle = await sessions.attach(given.id);
    for (let index = 0; index < given.count; index++) {
      await handle.put("at", sharedNow());
      await setTimeout(given.every);
    }
    handle.detach();
    return undefined;
  };
}

function bare() {
  const publisher = new Redis(process.env.REDIS_URL as string);
  const subscriber = new Redis(process.env.REDIS_URL as string);
  const sockets = new WebSocketServer({ server });
  void subscriber.subscribe(CHANNEL);
  subscriber.on("message", (_channel, text) => {
    for (const socket of sockets.clients) socket.send(text);
  });
  return async (given: Order): Promise<unknown> => {
    if (given.do !== "puts") throw new Error(`A bare node cannot ${given.do}.`);
    for (let index = 0; index < given.count; index++) {
      await publisher.publish(CHANNEL, JSON.stringify({ at: sharedNow() }));
      await setTimeout(given.every);
    }
    return undefined;
  };
}
