import type { Express } from "express";
import type middleware from "express-session";
import type { LiveSessions } from "live-session";
import type { expressStore as store } from "live-session/express";

declare global {
  const app: Express;
  const session: typeof middleware;
  const expressStore: typeof store;
  const sessions: LiveSessions<object>;
  const secret: string;
}
