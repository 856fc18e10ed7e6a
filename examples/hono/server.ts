// `npm run example:hono`: the kite shop on Hono, by plain forms and live.

import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createLiveSessions } from "live-session";
import { fetchSessions } from "live-session/fetch";
import { honoSession, type SessionEnv } from "live-session/hono";
import { liveSockets } from "live-session/ws";
import { assetAt, browserScript, isForeign } from "../shop/assets.ts";
import { addLine, isProduct, setQuantity } from "../shop/catalog.ts";
import { liveShop, type ShopSession } from "../shop/live-shop.ts";
import { shopPage } from "../shop/pages.ts";
import { nameIn } from "../shop/posts.ts";

const sessions = createLiveSessions<ShopSession>({ lifetime: "2d" });
const secret = process.env.SESSION_SECRET ?? "a secret for development, not for production";
const script = await browserScript();
const app = new Hono<SessionEnv<ShopSession>>();
app.use(honoSession(sessions, { secret }));

app.get("/", async (c) => {
  const { session } = c.var;
  const flash = await session.take("flash"); // shown once
  const { cart = [], theme, user = null } = await session.load();
  if (!theme) session.put("theme", "light"); // a first visit makes the session, so that its tab can go live
  const lines = cart.map((line) => ({ ...line }));
  const page = { cart: lines, theme: theme ?? "light", user, script: true, ...(flash && { flash }) };
  c.header("cache-control", "no-store");
  return c.html(shopPage(page));
});

app.get("/browser.js", (c) => c.body(script, 200, { "content-type": "text/javascript" }));

app.get("*", async (c) => {
  const asset = await assetAt(c.req.path);
  return asset ? c.body(asset.body, 200, { "content-type": asset.type }) : c.notFound();
});

app.use(bodyLimit({ maxSize: 10_000 }), async (c, next) => {
  return isForeign((name) => c.req.header(name)) ? c.text("Not sent from the shop.", 403) : next();
});

// Baskets are changed by their value at the commit: two tabs that add at the same time both count.
app.post("/cart/:how{add|quantity|remove}", async (c) => {
  const { session } = c.var;
  const { id, quantity = "0" } = await c.req.parseBody();
  if (!isProduct(id) || !/^\d{1,3}$/.test(String(quantity))) session.put("flash", "We do not sell that.");
  else if (c.req.param("how") === "add") session.update("cart", (cart = []) => addLine(cart, id));
  else session.update("cart", (cart = []) => setQuantity(cart, id, Number(quantity)));
  return c.redirect("/", 303);
});

app.post("/cart/clear", (c) => {
  c.var.session.delete("cart");
  return c.redirect("/", 303);
});

app.post("/theme", async (c) => {
  c.var.session.put("theme", (await c.req.parseBody()).theme === "dark" ? "dark" : "light");
  return c.redirect("/", 303);
});

app.post("/login", async (c) => {
  c.var.session.regenerate(); // a new id; the basket comes along
  c.var.session.put("user", { name: nameIn(await c.req.parseBody()) });
  return c.redirect("/", 303);
});

app.post("/logout", async (c) => {
  await c.var.session.destroy();
  return c.redirect("/", 303);
});

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`The shop on Hono: http://localhost:${port}`);
});

// The cookie's name has a prefix in production.
const { cookieName } = fetchSessions(sessions, { secret });
liveSockets(liveShop(sessions), { secret, name: cookieName }).attach(server as Server, { path: "/live" });
