import type { Server } from "node:http";
import type { LiveSessions } from "live-session";
import type { WebSocketServer } from "ws";
import type { z as zod } from "zod";

declare global {
  const sessions: LiveSessions<{ cart: string[]; said: string[] }>;
  const secret: string;
  const server: Server;
  const z: typeof zod;
  const webSocketServer: WebSocketServer;
}
