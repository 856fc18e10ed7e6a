// The shop in every way at once, on one server: React, htmx, Turbo, Socket.IO, plain forms.

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
import { App } from "../../examples/react/app.tsx";
import { shopForms } from "../../examples/shop/forms.ts";
import { escapeHtml } from "../../examples/shop/html.ts";
import { liveShop, type ShopApp, type ShopSession } from "../../examples/shop/live-shop.ts";
import { sameOrigin } from "../../examples/shop/same-origin.ts";
import { socketPage } from "../../examples/socket.io/page.ts";
import { ssePages } from "../../examples/sse/pages.ts";

const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const secret = "only for this test";
const sessions = createLiveSessions<ShopSession>();
const shop = liveShop(sessions);
const { outputFiles } = await build({
  entryPoints: [here("examples/react/browser.tsx")],
  tsconfig: here("tsconfig.json"),
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  define: { "process.env.NODE_ENV": '"production"' },
});

const app = express();
const server = createServer(app);
app.use(express.static(here("examples/shop/public")));
app.use(session({ store: expressStore(sessions), secret, resave: false, saveUninitialized: false }), sameOrigin);
app.get("/react.js", (_request, response) => void response.type("js").send(outputFiles[0]?.text));
app.get("/react", (request, response) => {
  request.session.theme ??= "light";
  const { cart = [], theme, user = null } = request.session;
  const view = { cart, theme, user };
  const page = renderToString(
    <LiveSessionProvider<ShopApp> client={null} initial={view}>
      <App />
    </LiveSessionProvider>,
  );
  response.send(`<!doctype html><link rel="icon" href="/mark.svg"><link rel="stylesheet" href="/style.css">
<script type="module" src="/react.js"></script>
<div id="app" data-view="${escapeHtml(JSON.stringify(view))}">${page}</div>`);
});
app.use(ssePages(shop, secret), await socketPage(server, shop, secret), shopForms({ script: false }));
liveSockets(shop, { secret }).attach(server, { path: "/live" });
server.listen(Number(process.env.PORT), () => console.log("everything is open"));
