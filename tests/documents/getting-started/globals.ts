import type { Server } from "node:http";
import type { Express } from "express";
import type middleware from "express-session";
import type { createLiveSessions as create, LiveSessions } from "live-session";
import type { connect as connecting } from "live-session/client";
import type { liveSockets as sockets } from "live-session/ws";
import type { z as zod } from "zod";

declare module "express-session" {
  interface SessionData {
    theme: "light" | "dark";
  }
}

declare global {
  interface Shop {
    cart: string[];
    theme: "light" | "dark";
  }
  const app: Express;
  const session: typeof middleware;
  const secret: string;
  const createLiveSessions: typeof create;
  const sessions: LiveSessions<Shop>;
  const request: { sessionID: string };
  const z: typeof zod;
  const server: Server;
  const liveSockets: typeof sockets;
  const connect: typeof connecting;
  const shop: typeof import("../README/server.ts").shop;
  function show(cart: readonly string[] | undefined): void;
  function close(reason: string): void;
  function page(session: object): string;
}
