// The shopping cart with which PhoenixLiveSession was announced, in TypeScript: products to search, and a cart that is
// the session's, the same in every tab and on the pages of plain forms.

import type { Session } from "live-session";
import {
  assign,
  type LiveSocket,
  liveView,
  maybeSubscribe,
  pushEvent,
  pushPatch,
  putTitle,
  updateSession,
} from "live-session/liveview";
import { catalog, isProduct, type Product } from "../shop/catalog.ts";
import { shopMarkup } from "./markup.ts";

export type ProductId = string;

export interface ShopSession {
  /** Newest first; an id as often as it was added. */
  shopping_cart: ProductId[];
  /** To go with a present. */
  note: string;
}

export interface ShopAssigns {
  cart: ProductId[];
  query: string;
  found: readonly Product[];
}

type Socket = LiveSocket<ShopAssigns, ShopSession>;

export const ShoppingCart = liveView<ShopAssigns, ShopSession>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    assignCart(socket, session);
  },

  handleInfo(message, socket) {
    if (message.type !== "live_session_updated") return;
    assignCart(socket, message.session);
    pushEvent(socket, "cart_changed");
  },

  handleParams({ q = "" }, _url, socket) {
    assign(socket, { query: q, found: search(q) });
  },

  handleEvent: {
    async add_to_cart({ product_id }, socket) {
      if (isProduct(product_id)) await updateSession(socket, "shopping_cart", (cart = []) => [product_id, ...cart]);
    },

    async remove_from_cart({ product_id }, socket) {
      await updateSession(socket, "shopping_cart", (cart = []) => {
        const at = cart.indexOf(product_id);
        return at === -1 ? cart : cart.toSpliced(at, 1);
      });
    },

    search({ q = "" }, socket) {
      pushPatch(socket, q === "" ? "/" : `/?q=${encodeURIComponent(q)}`, { replace: true });
    },
  },

  render: shopMarkup,
});

function assignCart(socket: Socket, { shopping_cart: cart = [] }: Session<ShopSession>): Socket {
  putTitle(socket, cart.length === 0 ? "Kites" : `Kites (${cart.length})`);
  return assign(socket, { cart });
}

function search(query: string): readonly Product[] {
  const words = query.toLowerCase().split(/\s+/);
  return catalog.filter(({ name, description }) =>
    words.every((word) => `${name} ${description}`.toLowerCase().includes(word)),
  );
}
