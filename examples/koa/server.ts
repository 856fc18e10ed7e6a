// `npm run example:koa`: the kite shop on Koa, by plain forms and live.

import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import Koa from "koa";
import session from "koa-session";
import { createLiveSessions } from "live-session";
import { type KoaContext, koaStore, signedCookie } from "live-session/koa";
import { liveSockets } from "live-session/ws";
import { assetAt, browserScript, isForeign } from "../shop/assets.ts";
import { liveShop, type ShopSession } from "../shop/live-shop.ts";
import { shopPage } from "../shop/pages.ts";
import { nameIn, pageOf, post } from "../shop/posts.ts";

const sessions = createLiveSessions<ShopSession>({ lifetime: "2d" });
const secret = process.env.SESSION_SECRET ?? "a secret for development, not for production";
const script = await browserScript();
const app = new Koa<Koa.DefaultState, KoaContext<ShopSession>>();
app.use(
  session(
    {
      store: koaStore(sessions), // what an app changes
      externalKey: signedCookie({ secret }), // and this, where sockets are to read the cookie
      signed: false,
      key: "sid",
      sameSite: "lax",
      rolling: true,
    },
    app,
  ),
);

app.use(async (ctx) => {
  if (ctx.method === "POST") return answerForm(ctx);
  const asset = await assetAt(ctx.path);
  if (asset) {
    ctx.type = asset.type;
    ctx.body = asset.body;
  } else if (ctx.path === "/browser.js") {
    ctx.type = "text/javascript";
    ctx.body = script;
  } else if (ctx.path === "/" && ctx.session) {
    ctx.session.theme ??= "light"; // a first visit makes the session, so that its tab can go live
    ctx.set("cache-control", "no-store");
    ctx.body = shopPage({ ...pageOf(ctx.session), script: true });
  }
});

async function answerForm(ctx: Koa.ParameterizedContext<Koa.DefaultState, KoaContext<ShopSession>>): Promise<void> {
  if (isForeign((name) => ctx.get(name))) return ctx.throw(403, "Not sent from the shop.");
  const form = await formOf(ctx.req);
  if (ctx.path === "/logout") ctx.session = null;
  else if (ctx.path === "/login" && ctx.session) {
    ctx.session.user = { name: nameIn(form) };
    await ctx.session.regenerate(); // a new id; the basket comes along
  } else if (!ctx.session || !post(ctx.path, form, ctx.session)) return;
  ctx.redirect("/");
  ctx.status = 303;
}

async function formOf(request: IncomingMessage): Promise<Record<string, string>> {
  if (Number(request.headers["content-length"] ?? 0) > 10_000) return {};
  return Object.fromEntries(new URLSearchParams(await text(request)));
}

const port = Number(process.env.PORT ?? 3000);
const server = app.listen(port, () => console.log(`The shop on Koa: http://localhost:${port}`));
liveSockets(liveShop(sessions), { secret, name: "sid" }).attach(server, { path: "/live" });
