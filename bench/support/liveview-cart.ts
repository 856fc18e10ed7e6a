// The live view of the benchmarks: a cart whose rows say a few things each. And the same cart as a server renders it that
// knows only strings.

import { assign, each, html, liveView, maybeSubscribe } from "live-session/liveview";

export interface Line {
  id: string;
  name: string;
  price: number;
  quantity: number;
}
export interface Shop {
  cart: Line[];
}

export const line = (index: number): Line => ({
  id: `kite-${index}`,
  name: `Kite number ${index}`,
  price: 3200 + index,
  quantity: 1,
});

/** One more of a product. */
export function added(cart: readonly Line[], productId: unknown): Line[] {
  return cart.map((each) => (each.id === productId ? { ...each, quantity: each.quantity + 1 } : each));
}

const total = (cart: readonly Line[]) => cart.reduce((sum, { price, quantity }) => sum + price * quantity, 0);

const row = ({ id, name, price, quantity }: Readonly<Line>) => html`<li class="cart-line" id="line-${id}">
    <img src="/pictures/${id}.svg" alt="" width="64" height="64">
    <div class="cart-what"><h3>${name}</h3><p>${price} each</p></div>
    <p class="cart-sum">${price * quantity}</p>
    <button class="step" phx-click="remove_from_cart" phx-value-product_id="${id}">−</button>
    <span class="count">${quantity}</span>
    <button class="step" phx-click="add_to_cart" phx-value-product_id="${id}">+</button>
  </li>`;

export const cartHtml = ({
  cart,
}: {
  readonly cart: readonly Line[];
}) => html`<aside class="cart"><h2>Your cart</h2><span>${cart.length} items</span>
    <ul>${each(cart, ({ id }) => id, row)}</ul>
    <p>Total ${total(cart)}</p></aside>`;

export const Cart = liveView<{ cart: Line[] }, Shop>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    assign(socket, { cart: session.cart ?? [] });
  },
  handleEvent: {
    add_to_cart({ product_id }, socket) {
      assign(socket, { cart: added(socket.assigns.cart, product_id) });
    },
  },
  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assign(socket, { cart: message.session.cart ?? [] });
  },
  render: cartHtml,
});

const replacements: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (value: string | number) => String(value).replace(/[&<>"']/g, (each) => replacements[each] ?? each);

const rowText = ({ id, name, price, quantity }: Line) => `<li class="cart-line" id="line-${escaped(id)}">
    <img src="/pictures/${escaped(id)}.svg" alt="" width="64" height="64">
    <div class="cart-what"><h3>${escaped(name)}</h3><p>${escaped(price)} each</p></div>
    <p class="cart-sum">${escaped(price * quantity)}</p>
    <button class="step" phx-click="remove_from_cart" phx-value-product_id="${escaped(id)}">−</button>
    <span class="count">${escaped(quantity)}</span>
    <button class="step" phx-click="add_to_cart" phx-value-product_id="${escaped(id)}">+</button>
  </li>`;

/** The text of `cartHtml`. */
export function cartText(cart: readonly Line[]): string {
  return `<aside class="cart"><h2>Your cart</h2><span>${cart.length} items</span>
    <ul>${cart.map(rowText).join("")}</ul>
    <p>Total ${total(cart)}</p></aside>`;
}
