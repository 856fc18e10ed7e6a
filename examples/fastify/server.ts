// `npm run example:fastify`: the kite shop on Fastify, by plain forms and live.

import fastifyCookie from "@fastify/cookie";
import Fastify from "fastify";
import { createLiveSessions } from "live-session";
import { fastifyLiveSession } from "live-session/fastify";
import { liveSockets } from "live-session/ws";
import { assetAt, browserScript, isForeign } from "../shop/assets.ts";
import { liveShop, type ShopSession } from "../shop/live-shop.ts";
import { shopPage } from "../shop/pages.ts";
import { nameIn, type PlainSession, pageOf, post } from "../shop/posts.ts";

const sessions = createLiveSessions<ShopSession>({ lifetime: "2d" });
const secret = process.env.SESSION_SECRET ?? "a secret for development, not for production";
const app = Fastify();
const script = await browserScript();
liveSockets(liveShop(sessions), { secret, name: "sessionId" }).attach(app.server, { path: "/live" });

app.register(fastifyCookie);
app.register(fastifyLiveSession, {
  sessions, // the one line that an app changes
  secret,
  cookiePrefix: "s:",
  saveUninitialized: false,
  cookie: { secure: "auto", sameSite: "lax" },
});

app.addContentTypeParser(
  "application/x-www-form-urlencoded",
  { parseAs: "string", bodyLimit: 10_000 },
  (_r, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
);

app.get("/", async (request, reply) => {
  const session = request.session as unknown as PlainSession;
  session.theme ??= "light"; // a first visit makes the session, so that its tab can go live
  return reply
    .type("text/html")
    .header("cache-control", "no-store")
    .send(shopPage({ ...pageOf(session), script: true }));
});

app.get("/browser.js", async (_request, reply) => reply.type("text/javascript").send(script));

app.get("/*", async (request, reply) => {
  const asset = await assetAt(request.url);
  return asset ? reply.type(asset.type).send(asset.body) : reply.code(404).send("There is no such page.");
});

app.post("/*", async (request, reply) => {
  if (isForeign((name) => request.headers[name]?.toString())) return reply.code(403).send("Not sent from the shop.");
  const form = (request.body ?? {}) as Record<string, unknown>;
  if (request.url === "/login") {
    await request.session.regenerate(["cart", "theme"] as never[]); // a new id; the basket comes along
    Object.assign(request.session, { user: { name: nameIn(form) } });
  } else if (request.url === "/logout") await request.session.destroy();
  else if (!post(request.url, form, request.session as unknown as PlainSession)) return reply.code(404).send();
  return reply.redirect("/", 303);
});

console.log(`The shop on Fastify: ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}`);
