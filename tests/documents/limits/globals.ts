import type { EventEmitter } from "node:events";
import type { IncomingMessage as Incoming, Server } from "node:http";
import type { LiveSession, LiveSessions } from "live-session";
import type { liveSockets as sockets } from "live-session/ws";

declare global {
  type LiveSessionError = import("live-session").LiveSessionError;
  type IncomingMessage = Incoming;
  const socket: EventEmitter & { connect(): void; send(text: string): void };
  const metrics: { record(refused: LiveSessions<object>["refused"]): void };
  const sessions: LiveSessions<object>;
  const live: LiveSession<{ cart: string[] }>;
  const liveSockets: typeof sockets;
  const shop: typeof import("../README/server.ts").shop;
  const server: Server;
  const secret: string;
}
