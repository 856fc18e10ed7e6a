// `npm run example:sse`: the kite shop with htmx and with Turbo, beside its plain page, on one session.

import express from "express";
import session from "express-session";
import { createLiveSessions } from "live-session";
import { expressStore } from "live-session/express";
import { shopFiles } from "../shop/assets.ts";
import { shopForms } from "../shop/forms.ts";
import { liveShop, type ShopSession } from "../shop/live-shop.ts";
import { sameOrigin } from "../shop/same-origin.ts";
import { ssePages } from "./pages.ts";

const secret = process.env.SESSION_SECRET ?? "only for this example";
const sessions = createLiveSessions<ShopSession>();

const app = express();
app.use(shopFiles);
app.use(session({ store: expressStore(sessions), secret, resave: false, saveUninitialized: false }), sameOrigin);
app.use(ssePages(liveShop(sessions), secret), shopForms({ script: false }));

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  const { port } = server.address() as { port: number };
  const url = `http://localhost:${port}`;
  console.log(`The shop in fragments is open: ${url}/htmx, ${url}/htmx4, ${url}/turbo, and plain: ${url}`);
});
