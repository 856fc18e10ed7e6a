// The live views as an HTTP server: Express, express-session, live views, all on one set of live sessions.

import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import express from "express";
import session from "express-session";
import { createLiveSessions, type LiveSessions, type SessionStore } from "live-session";
import { expressStore } from "live-session/express";
import { expressPages, liveViews, longPoll } from "live-session/liveview";
import { sameOrigin } from "../shop/same-origin.ts";
import { classicForms } from "./classic.ts";
import { Kite } from "./kite.ts";
import { layout } from "./layout.ts";
import { ShoppingCart, type ShopSession } from "./shopping-cart.ts";

export interface LiveShopOptions {
  /** Default: memory. */
  readonly store?: SessionStore;
  /** Signs the cookies and the pages. */
  readonly secret: string;
}

export interface LiveShop {
  readonly server: Server;
  readonly sessions: LiveSessions<ShopSession>;
  close(): Promise<void>;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export async function openLiveShop({ store, secret }: LiveShopOptions): Promise<LiveShop> {
  const sessions = createLiveSessions<ShopSession>({ store, lifetime: "2d" });
  const views = liveViews(sessions, { secret, layout, routes: { "/": ShoppingCart, "/kites/:id": Kite } });

  const app = express().disable("x-powered-by");
  app.use((_request, response, next) => {
    response.set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; form-action 'self'");
    response.set("X-Content-Type-Options", "nosniff");
    next();
  });
  app.use(express.static(here("public")), express.static(here("../shop/public")));
  const script = await browserScript();
  app.get("/liveview.js", (_request, response) => void response.type("js").send(script));
  app.use("/live/longpoll", longPoll(views));
  app.use(
    session({
      store: expressStore(sessions), // the one line that an app changes
      secret,
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: "lax", httpOnly: true, maxAge: 2 * 24 * 60 * 60 * 1000 },
    }),
    sameOrigin,
    (request, _response, next) => {
      request.session.shopping_cart ??= []; // a first visit makes the session, so that its tab can write to it
      next();
    },
  );
  app.use("/classic", classicForms());
  app.use(expressPages(views));

  const server = createServer(app);
  views.attach(server);

  return {
    server,
    sessions,
    async close() {
      await views.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await sessions.close();
    },
  };
}

/** The official client, from its npm package, bundled once at start. */
async function browserScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here("browser.ts")],
    tsconfig: here("../../tsconfig.json"),
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  return outputFiles[0]?.text ?? "";
}
