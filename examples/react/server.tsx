// `npm run example:react`: the kite shop in React, beside its plain page, on one session.

import { createServer } from "node:http";
import express from "express";
import session from "express-session";
import { createLiveSessions } from "live-session";
import { expressStore } from "live-session/express";
import { liveSockets } from "live-session/ws";
import { shopFiles } from "../shop/assets.ts";
import { shopForms } from "../shop/forms.ts";
import { liveShop, type ShopSession } from "../shop/live-shop.ts";
import { sameOrigin } from "../shop/same-origin.ts";
import { reactPage } from "./page.tsx";

const secret = process.env.SESSION_SECRET ?? "only for this example";
const sessions = createLiveSessions<ShopSession>();

const app = express();
app.use(shopFiles);
app.use(session({ store: expressStore(sessions), secret, resave: false, saveUninitialized: false }), sameOrigin);
app.use(await reactPage(), shopForms({ script: false }));

const server = createServer(app);
liveSockets(liveShop(sessions), { secret }).attach(server, { path: "/live" });
const port = process.env.PORT ?? "3000";
server.listen(Number(port), () => {
  console.log(`The shop in React is open: http://localhost:${port}/react, and plain: http://localhost:${port}`);
});
