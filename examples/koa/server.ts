// `npm run example:koa`: the kite shop on Koa, by plain forms.

import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import Koa from "koa";
import session from "koa-session";
import { createLiveSessions } from "live-session";
import { type KoaContext, koaStore } from "live-session/koa";
import { assetAt, isForeign } from "../shop/assets.ts";
import { shopPage } from "../shop/pages.ts";
import { nameIn, type PlainSession, pageOf, post } from "../shop/posts.ts";

const sessions = createLiveSessions<PlainSession>({ lifetime: "2d" });
const app = new Koa<Koa.DefaultState, KoaContext<PlainSession>>();
app.keys = [process.env.SESSION_SECRET ?? "a secret for development"];
app.use(session({ store: koaStore(sessions), sameSite: "lax", rolling: true }, app)); // the store is all that changes

app.use(async (ctx) => {
  if (ctx.method === "POST") return answerForm(ctx);
  const asset = await assetAt(ctx.path);
  if (asset) {
    ctx.type = asset.type;
    ctx.body = asset.body;
  } else if (ctx.path === "/" && ctx.session) {
    ctx.set("cache-control", "no-store");
    ctx.body = shopPage(pageOf(ctx.session));
  }
});

async function answerForm(ctx: Koa.ParameterizedContext<Koa.DefaultState, KoaContext<PlainSession>>): Promise<void> {
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
app.listen(port, () => console.log(`The shop on Koa: http://localhost:${port}`));
