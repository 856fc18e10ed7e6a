// The basket as fragments of HTML over an event stream, for htmx and for Turbo. No script of our own.

import { createRequire } from "node:module";
import { type RequestHandler, Router } from "express";
import { liveStreams, turboStream } from "live-session/sse";
import { cartEnded, cartInner } from "../shop/cart-view.ts";
import { catalog } from "../shop/catalog.ts";
import type { ShopApp } from "../shop/live-shop.ts";
import { type PageModel, productCard, shopFrame } from "../shop/pages.ts";

const file = createRequire(import.meta.url).resolve;
const scripts: Record<string, string> = {
  "htmx.js": file("htmx.org/dist/htmx.js"),
  "htmx-sse.js": file("htmx-ext-sse/dist/sse.js"),
  "htmx4.js": file("htmx4/dist/htmx.js"),
  "htmx4-sse.js": file("htmx4/dist/ext/hx-sse.js"),
  "turbo.js": file("@hotwired/turbo/dist/turbo.es2017-umd.js"),
};

interface Flavour {
  readonly head: readonly string[];
  /** A plain form's attributes, as those of a form that calls an action. */
  readonly form: (action: string, plain: string) => string;
  /** The basket, and what connects it to its stream. */
  readonly basket: (inner: string) => string;
}

/** Without a script its forms are plain ones still. */
const htmxForm = (action: string, plain: string) => `${plain} hx-post="/htmx/live?action=${action}" hx-swap="none"`;

// `sse-close`: htmx would connect again for ever, whatever the server answers.
const htmx: Flavour = {
  head: ["htmx.js", "htmx-sse.js"],
  form: htmxForm,
  basket: (inner) =>
    `<div hx-ext="sse" sse-connect="/htmx/live" sse-close="ended">
      <aside class="cart" id="basket" sse-swap="message">${inner}</aside>
    </div>`,
};

const htmx4: Flavour = {
  head: ["htmx4.js", "htmx4-sse.js"],
  form: htmxForm,
  basket: (inner) =>
    `<aside class="cart" id="basket" hx-sse:connect="/htmx/live" hx-sse:close="ended">${inner}</aside>`,
};

const turbo: Flavour = {
  head: ["turbo.js"],
  form: (action) => `action="/turbo/live?action=${action}"`,
  basket: (inner) =>
    `<aside class="cart" id="basket">${inner}</aside><turbo-stream-source src="/turbo/live"></turbo-stream-source>`,
};

/** The pages at /htmx, /htmx4 and /turbo, their streams and their scripts. */
export function ssePages(shop: ShopApp, secret: string): Router {
  const formInput = ({ quantity, ...rest }: Readonly<Record<string, unknown>>) =>
    quantity === undefined ? rest : { ...rest, quantity: Number(quantity) };
  const basketOf = (flavour: Flavour, view: Parameters<typeof cartInner>[0]) => live(flavour, cartInner(view).markup);

  const forHtmx = liveStreams(shop, {
    secret,
    formInput,
    render: (view) => ({ data: basketOf(htmx, view) }),
    renderEnd: () => ({ data: cartEnded().markup }),
  });
  const forTurbo = liveStreams(shop, {
    secret,
    formInput,
    render: (view) => turboStream("update", "basket", basketOf(turbo, view)),
    renderEnd: () => turboStream("update", "basket", cartEnded().markup),
  });

  const router = Router();
  router.use("/htmx/live", forHtmx.handle);
  router.use("/turbo/live", forTurbo.handle);
  router.get("/htmx", page(htmx));
  router.get("/htmx4", page(htmx4));
  router.get("/turbo", page(turbo));
  router.get("/vendor/:name", (request, response) => {
    const path = scripts[request.params.name];
    if (path) response.sendFile(path, { dotfiles: "allow" });
    else response.sendStatus(404);
  });
  return router;
}

function live({ form }: Flavour, markup: string): string {
  return markup.replace(/(action="[^"]*") data-action="(\w+)"/g, (_, plain, action) => form(action, plain));
}

function page(flavour: Flavour): RequestHandler {
  return ({ session }, response) => {
    session.theme ??= "light"; // a first visit makes the session, so that its tab can go live
    const { cart = [], theme, user = null } = session;
    const model: PageModel = { cart, theme, user, script: false };
    const head = flavour.head.map((name) => `<script src="/vendor/${name}" defer></script>`).join("");
    const products = catalog.map((product) => live(flavour, productCard(product, model).markup)).join("");
    const main = `<main class="shop">
  <section class="shelf" aria-label="Kites"><ul class="products">${products}</ul></section>
  ${flavour.basket(live(flavour, cartInner(model).markup))}
</main>`;
    response.set("Cache-Control", "no-store").send(shopFrame(model, head, main));
  };
}
