// `npm run example:socket.io`: the kite shop over Socket.IO, beside its plain page, on one session.

import { createServer } from "node:http";
import express from "express";
import session from "express-session";
import { createLiveSessions } from "live-session";
import { expressStore } from "live-session/express";
import { shopFiles } from "../shop/assets.ts";
import { shopForms } from "../shop/forms.ts";
import { liveShop, type ShopSession } from "../shop/live-shop.ts";
import { sameOrigin } from "../shop/same-origin.ts";
import { socketPage } from "./page.ts";

const secret = process.env.SESSION_SECRET ?? "only for this example";
const sessions = createLiveSessions<ShopSession>();

const app = express();
const server = createServer(app);
app.use(shopFiles);
app.use(session({ store: expressStore(sessions), secret, resave: false, saveUninitialized: false }), sameOrigin);
app.use(await socketPage(server, liveShop(sessions), secret), shopForms({ script: false }));

server.listen(Number(process.env.PORT ?? 3000), () => {
  const { port } = server.address() as { port: number };
  console.log(`The shop over Socket.IO is open: http://localhost:${port}/socket, and plain: http://localhost:${port}`);
});
