// The shop's page with Socket.IO, and the socket behind it.

import type { Server as HttpServer } from "node:http";
import { Router } from "express";
import { type LiveClientEvents, type LiveServerEvents, type LiveSocketData, liveSession } from "live-session/socket.io";
import { Server } from "socket.io";
import { browserScript } from "../shop/assets.ts";
import type { ShopView } from "../shop/cart-view.ts";
import type { ShopApp, ShopSession } from "../shop/live-shop.ts";
import { shopPage } from "../shop/pages.ts";

/** Attaches Socket.IO to the server; gives the page at /socket and its script. */
export async function socketPage(server: HttpServer, shop: ShopApp, secret: string): Promise<Router> {
  const io = new Server<LiveClientEvents, LiveServerEvents<ShopView>, LiveServerEvents, LiveSocketData<ShopSession>>(
    server,
  );
  io.use(liveSession(shop.sessions, { secret, app: shop }));
  io.on("connection", (socket) => {
    const { session } = socket.data; // always current: no reload, no save
    socket.on("disconnect", (reason) => console.log(`a tab with ${session.version} changes left: ${reason}`));
  });

  const script = await browserScript(new URL("browser.ts", import.meta.url));
  const router = Router();
  router.get("/socket.js", (_request, response) => void response.type("js").send(script));
  router.get("/socket", ({ session }, response) => {
    session.theme ??= "light"; // a first visit makes the session, so that its tab can go live
    const { cart = [], theme, user = null } = session;
    const page = shopPage({ cart, theme, user, script: true }).replace("/browser.js", "/socket.js");
    response.set("Cache-Control", "no-store").send(page);
  });
  return router;
}
