// The live view of the benchmarks: a cart whose rows say a few things each.

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

const row = ({ id, name, price, quantity }: Readonly<Line>) => html`<li class="cart-line" id="line-${id}">
    <img src="/pictures/${id}.svg" alt="" width="64" height="64">
    <div class="cart-what"><h3>${name}</h3><p>${price} each</p></div>
    <p class="cart-sum">${price * quantity}</p>
    <button class="step" phx-click="remove_from_cart" phx-value-product_id="${id}">−</button>
    <span class="count">${quantity}</span>
    <button class="step" phx-click="add_to_cart" phx-value-product_id="${id}">+</button>
  </li>`;

export const Cart = liveView<{ cart: Line[] }, Shop>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    assign(socket, { cart: session.cart ?? [] });
  },
  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assign(socket, { cart: message.session.cart ?? [] });
  },
  render: ({ cart }) => html`<aside class="cart"><h2>Your cart</h2><span>${cart.length} items</span>
    <ul>${each(cart, ({ id }) => id, row)}</ul>
    <p>Total ${cart.reduce((sum, { price, quantity }) => sum + price * quantity, 0)}</p></aside>`,
});
