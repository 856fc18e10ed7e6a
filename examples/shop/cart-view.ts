// The parts of the page that follow the session, as HTML. The server renders them into the page and the browser
// renders them again whenever the live view changes, with this same code, so nothing here may import from Node.

import { type Cart, countItems, findProduct, MAX_QUANTITY, money, type Product, total } from "./catalog.ts";
import { type Html, html } from "./html.ts";

export type Theme = "light" | "dark";
export type Status = "connecting" | "live" | "stale" | "ended";

/** What a browser tab sees of the session. */
export interface ShopView {
  readonly cart: Cart;
  readonly theme: Theme;
  readonly user: { readonly name: string } | null;
}

export const statusText: Record<Status, string> = {
  connecting: "Connecting",
  live: "Live",
  stale: "Reconnecting",
  ended: "Ended",
};

export function itemsText(count: number): string {
  return count === 1 ? "1 item" : `${count} items`;
}

/** The inside of `[data-cart]`. */
export function cartInner({ cart }: { readonly cart: Cart }): Html {
  const lines = cart.flatMap((line) => {
    const product = findProduct(line.id);
    return product ? [cartLine(product, line.quantity)] : [];
  });
  return html`
    <div class="cart-head">
      <h2 id="basket-title" tabindex="-1">Your basket</h2>
      <span class="cart-items">${itemsText(countItems(cart))}</span>
    </div>
    ${
      lines.length === 0
        ? html`<div class="cart-empty">
            <img src="/pictures/old-reliable.webp" alt="" width="72" height="72">
            <p><strong>Nothing on the line yet.</strong> Pick a kite and it shows here, in every tab you have open.</p>
          </div>`
        : html`<ul class="cart-lines">${lines}</ul>
          <div class="cart-foot">
            <dl class="cart-total"><dt>Total</dt><dd>${money(total(cart))}</dd></dl>
            <form method="post" action="/cart/clear" data-action="clearCart">
              <button class="link" data-key="clear">Empty the basket</button>
            </form>
          </div>`
    }`;
}

function cartLine({ id, name, picture, price }: Product, quantity: number): Html {
  // One form for each button: a form with two fields called "quantity" would post both.
  const step = (to: number, sign: string, label: string, key: string) => html`
    <form method="post" action="/cart/quantity" data-action="setQuantity" data-id="${id}">
      <input type="hidden" name="id" value="${id}"><input type="hidden" name="quantity" value="${to}">
      <button class="step" data-key="${key}:${id}" aria-label="${label} ${name}"${to > MAX_QUANTITY && html` disabled`}>
        <span aria-hidden="true">${sign}</span>
      </button>
    </form>`;
  return html`
    <li class="cart-line" data-line="${id}">
      <img src="/pictures/${picture}" alt="" width="64" height="64">
      <div class="cart-what">
        <h3>${name}</h3>
        <p>${money(price)} each</p>
      </div>
      <p class="cart-sum">${money(price * quantity)}</p>
      <div class="cart-quantity">
        ${step(quantity - 1, "−", "One less of", "less")}
        <form id="set-${id}" method="post" action="/cart/quantity" data-action="setQuantity" data-id="${id}">
          <input type="hidden" name="id" value="${id}">
          <input class="quantity" type="number" name="quantity" value="${quantity}" min="0" max="${MAX_QUANTITY}"
            required inputmode="numeric" autocomplete="off" data-key="quantity:${id}" aria-label="Quantity of ${name}">
        </form>
        ${step(quantity + 1, "+", "One more of", "more")}
        <button class="set" form="set-${id}" data-key="set:${id}" aria-label="Set the quantity of ${name}">Set</button>
      </div>
      <form class="cart-remove" method="post" action="/cart/remove" data-action="removeFromCart" data-id="${id}">
        <input type="hidden" name="id" value="${id}">
        <button class="link" data-key="remove:${id}" aria-label="Remove ${name}">Remove</button>
      </form>
    </li>`;
}

/** The inside of `[data-cart]` once the session is over. */
export function cartEnded(): Html {
  return html`
    <div class="cart-head"><h2 id="basket-title" tabindex="-1">Your basket</h2></div>
    <p class="cart-empty">It was put away when the session ended.</p>`;
}

/** The inside of `[data-user]`: sign in, or who is signed in. */
export function accountInner({ user }: Pick<ShopView, "user">): Html {
  if (user) {
    return html`
      <p class="who">Hello, <strong data-user-name title="${user.name}">${user.name}</strong></p>
      <form method="post" action="/logout"><button class="small">Sign out</button></form>`;
  }
  return html`
    <form class="sign-in" method="post" action="/login">
      <label class="unseen" for="name">Your name</label>
      <input id="name" name="name" required maxlength="40" placeholder="Your name" autocomplete="nickname"
        aria-describedby="demo-note">
      <button class="small">Sign in</button>
    </form>`;
}
