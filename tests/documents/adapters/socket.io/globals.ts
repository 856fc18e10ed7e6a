import type { Server as HttpServer } from "node:http";
import type { LiveSessions } from "live-session";
import type {
  LiveClientEvents,
  LiveServerEvents,
  LiveSocketData,
  liveSession as middleware,
} from "live-session/socket.io";
import type { DefaultEventsMap as AnyEvents, Server as SocketServer } from "socket.io";
import type { Socket } from "socket.io-client";
import type { shop as app } from "../../README/server.ts";

declare global {
  interface Shop {
    cart: string[];
  }
  interface ClientEvents {
    add(id: string): void;
  }
  type ServerEvents = AnyEvents;
  type DefaultEventsMap = AnyEvents;
  const Server: typeof SocketServer;
  const server: HttpServer;
  const io: SocketServer<ClientEvents, AnyEvents, AnyEvents, LiveSocketData<Shop>>;
  const sessions: LiveSessions<Shop>;
  const secret: string;
  const liveSession: typeof middleware;
  const shop: typeof app;
  const socket: Socket<LiveServerEvents<{ cart: string[] }>, LiveClientEvents>;
  function render(view: { cart: string[] }): void;
  function show(code: string): void;
}
