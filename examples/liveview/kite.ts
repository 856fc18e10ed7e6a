// One kite: another live view, reached without loading a page.

import {
  assign,
  type Html,
  html,
  liveView,
  maybeSubscribe,
  navigateTo,
  pushNavigate,
  putFlash,
  putTitle,
  raw,
  updateSession,
} from "live-session/liveview";
import { findProduct, money, type Product } from "../shop/catalog.ts";
import { windScale } from "../shop/pages.ts";
import { addButton, countOf, masthead } from "./markup.ts";
import type { ProductId, ShopSession } from "./shopping-cart.ts";

interface KiteAssigns {
  kite: Product | null;
  cart: ProductId[];
}

export const Kite = liveView<KiteAssigns, ShopSession>({
  mount({ id }, session, socket) {
    const kite = findProduct(id);
    assign(socket, { kite: kite ?? null, cart: session.shopping_cart ?? [] });
    if (!kite) return pushNavigate(putFlash(socket, "error", "We do not make that kite."), "/");
    maybeSubscribe(putTitle(socket, kite.name), session);
  },

  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assign(socket, { cart: message.session.shopping_cart ?? [] });
  },

  handleEvent: {
    async add_to_cart(_params, socket) {
      const { kite } = socket.assigns;
      if (kite) await updateSession(socket, "shopping_cart", (cart = []) => [kite.id, ...cart]);
    },
  },

  render: ({ kite, cart }) =>
    html`${masthead()}<main class="kite-page">${kite && kitePage(kite, countOf(cart, kite.id))}</main>`,
});

function kitePage(kite: Product, inCart: number): Html {
  return html`<p><a ${navigateTo("/")}>← All kites</a></p>
    <article>
      <img src="/pictures/${kite.picture}" alt="" width="400" height="400">
      <div>
        <h2>${kite.name}</h2>
        <p>${kite.description}</p>
        ${raw(windScale(kite).markup)}
        <div class="buy"><span class="price">${money(kite.price)}</span>${addButton(kite)}</div>
        <p id="kite-count">${inCart === 0 ? "None in your cart yet." : `${inCart} in your cart.`}</p>
      </div>
    </article>`;
}
