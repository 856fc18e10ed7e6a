// The shop as an HTTP server: Express, express-session, live sockets, all on one set of live sessions.

import { createServer, type IncomingMessage, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import express, { type ErrorRequestHandler } from "express";
import session from "express-session";
import { createLiveSessions, type LiveSessions, type SessionBus, type SessionStore } from "live-session";
import { createDashboard } from "live-session/dashboard";
import { expressStore } from "live-session/express";
import { liveSockets } from "live-session/ws";
import { browserScript } from "./assets.ts";
import { shopForms } from "./forms.ts";
import { liveShop, type ShopSession } from "./live-shop.ts";
import { sameOrigin } from "./same-origin.ts";

export interface ShopOptions {
  /** Default: memory. */
  readonly store?: SessionStore;
  /** Tells the shop's other processes what changed. Default: there are none. */
  readonly bus?: SessionBus;
  /** Signs the cookies. */
  readonly secret: string;
  /** Who may look at the sessions, at /admin/sessions. Default: nobody. */
  readonly mayLook?: (request: IncomingMessage) => boolean;
  /** What this process is called there. */
  readonly node?: string;
  /** The browser's half, where it was bundled before. Default: bundled now. */
  readonly script?: string;
}

export interface Shop {
  readonly server: Server;
  readonly sessions: LiveSessions<ShopSession>;
  /** Closes sockets (their tabs will reconnect), the server, and the sessions. */
  close(): Promise<void>;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export async function openShop({ store, bus, secret, mayLook, node, script: bundled }: ShopOptions): Promise<Shop> {
  const sessions = createLiveSessions<ShopSession>({ store, bus, lifetime: "2d" });
  const reveal = (_key: string, name: string) => name === "theme"; // of all that a basket holds, the least private
  const dashboard = mayLook && createDashboard(sessions, { authorize: mayLook, bus, node, reveal });

  const app = express().disable("x-powered-by");
  app.use((_request, response, next) => {
    response.set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; form-action 'self'");
    response.set("X-Content-Type-Options", "nosniff");
    next();
  });
  if (dashboard) app.use("/admin/sessions", dashboard.handle);
  app.use(express.static(here("public")));
  const script = bundled ?? (await browserScript());
  app.get("/browser.js", (_request, response) => void response.type("js").send(script));
  app.use(
    session({
      store: expressStore(sessions), // the one line that an app changes
      secret,
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: "lax", httpOnly: true, maxAge: 2 * 24 * 60 * 60 * 1000 },
    }),
    sameOrigin,
    shopForms({ script: true }),
  );
  app.use(failed);

  const server = createServer(app);
  const sockets = liveSockets(liveShop(sessions), { secret });
  sockets.attach(server, { path: "/live" });

  return {
    server,
    sessions,
    async close() {
      await Promise.all([sockets.close(), dashboard?.close()]);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await sessions.close();
    },
  };
}

const failed: ErrorRequestHandler = (error, _request, response, next) => {
  console.error(error);
  if (response.headersSent) return next(error);
  response
    .status(error.status ?? 500)
    .type("text")
    .send("Something went wrong on our side. Please try again.\n");
};
