// `npm run example:react`: Express, express-session and live sockets; the page is React, rendered here first.

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import express from "express";
import session from "express-session";
import { createLiveSessions } from "live-session";
import { expressStore } from "live-session/express";
import { LiveSessionProvider } from "live-session/react";
import { liveSockets } from "live-session/ws";
import { renderToString } from "react-dom/server";
import { escapeHtml } from "../shop/html.ts";
import { liveShop, type ShopApp, type ShopSession } from "../shop/live-shop.ts";
import { App } from "./app.tsx";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const secret = process.env.SESSION_SECRET ?? "only for this example";
const sessions = createLiveSessions<ShopSession>();
const shop = liveShop(sessions);
const { outputFiles } = await build({
  entryPoints: [here("browser.tsx")],
  tsconfig: here("../../tsconfig.json"),
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  define: { "process.env.NODE_ENV": '"production"' },
});

const app = express();
app.use(express.static(here("../shop/public")));
app.get("/browser.js", (_request, response) => void response.type("js").send(outputFiles[0]?.text));
app.use(session({ store: expressStore(sessions), secret, resave: false, saveUninitialized: false }));
app.get("/", (request, response) => {
  request.session.theme ??= "light"; // a first visit makes the session, so that its tab can go live
  const { cart = [], theme, user = null } = request.session;
  const view = { cart, theme, user };
  const page = renderToString(
    <LiveSessionProvider<ShopApp> client={null} initial={view}>
      <App />
    </LiveSessionProvider>,
  );
  response.set("Cache-Control", "no-store").send(`<!doctype html>
<html lang="en" data-theme="${theme}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gale &amp; Daughters, in React</title>
<link rel="icon" href="/mark.svg"><link rel="stylesheet" href="/style.css">
<script type="module" src="/browser.js"></script>
<div id="app" data-view="${escapeHtml(JSON.stringify(view))}">${page}</div>
</html>`);
});
app.get("/logout", (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.redirect(303, "/")));
});

const server = createServer(app);
liveSockets(shop, { secret }).attach(server, { path: "/live" });
server.listen(Number(process.env.PORT ?? 3000), () => {
  const { port } = server.address() as { port: number };
  console.log(`The shop in React is open: http://localhost:${port} (open it in two tabs)`);
});
