// The shop in every way at once, on one server: React, htmx, Turbo, Socket.IO, plain forms.

import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import express from "express";
import session from "express-session";
import { createLiveSessions } from "live-session";
import { expressStore } from "live-session/express";
import { liveSockets } from "live-session/ws";
import { reactPage } from "../../examples/react/page.tsx";
import { shopForms } from "../../examples/shop/forms.ts";
import { liveShop, type ShopSession } from "../../examples/shop/live-shop.ts";
import { sameOrigin } from "../../examples/shop/same-origin.ts";
import { socketPage } from "../../examples/socket.io/page.ts";
import { ssePages } from "../../examples/sse/pages.ts";

const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const secret = "only for this test";
const sessions = createLiveSessions<ShopSession>();
const shop = liveShop(sessions);
const app = express();
const server = createServer(app);
app.use(express.static(here("examples/shop/public")));
app.use(session({ store: expressStore(sessions), secret, resave: false, saveUninitialized: false }), sameOrigin);
app.use(
  await reactPage(),
  ssePages(shop, secret),
  await socketPage(server, shop, secret),
  shopForms({ script: false }),
);
liveSockets(shop, { secret }).attach(server, { path: "/live" });
server.listen(Number(process.env.PORT), () => console.log("everything is open"));
