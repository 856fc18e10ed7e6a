// What the live views look like. The styles are the shop's.

import { each, type Html, html, JS, navigateTo, raw } from "live-session/liveview";
import { findProduct, money, type Product } from "../shop/catalog.ts";
import { horizon, windScale } from "../shop/pages.ts";
import { GiftNote } from "./gift-note.ts";
import type { ProductId } from "./shopping-cart.ts";

type Cart = readonly ProductId[];

interface ShopState {
  readonly cart: Cart;
  readonly query: string;
  readonly found: readonly Product[];
}

export function shopMarkup({ cart, query, found }: ShopState): Html {
  return html`
    ${masthead()}
    <main class="shop">
      <section class="shelf" aria-labelledby="shelf-title">
        <div class="shelf-head">
          <h2 id="shelf-title">This season’s kites</h2>
          <form id="search" class="search" role="search" phx-change="search" phx-submit="search">
            <label class="unseen" for="q">Search the kites</label>
            <input id="q" type="search" name="q" value="${query}" placeholder="Search, as you type" autocomplete="off"
              phx-debounce="120">
            <span id="found" role="status">${found.length === 1 ? "1 kite" : `${found.length} kites`}</span>
          </form>
        </div>
        <ul class="products" id="products">
          ${each(
            found,
            ({ id }) => id,
            (product) => productCard(product, countOf(cart, product.id)),
          )}
        </ul>
        ${found.length === 0 && html`<p class="none">No kite of that description. Try “silk”, or “calm”.</p>`}
      </section>
      ${cartPanel(cart)}
    </main>`;
}

export function masthead(): Html {
  const status = (name: string) => JS.setAttribute("data-status", name, { to: "#status" });
  return html`<header class="masthead">
    ${raw(horizon().markup)}
    <div class="bar">
      <a class="wordmark" ${navigateTo("/")}>
        <img src="/mark.svg" alt="" width="34" height="34"><span>Gale <i>&amp;</i> Daughters</span>
      </a>
      <div class="tools">
        <p class="chip" id="status" data-status="connecting" phx-connected="${status("live")}"
          phx-disconnected="${status("stale")}"></p>
        <a href="/classic">The same cart, in plain forms</a>
      </div>
    </div>
    <div class="welcome">
      <h1>A kite for every wind we’ve met</h1>
      <p>Rendered on the server, and live in every tab you open.</p>
    </div>
  </header>`;
}

export function productCard(product: Product, inCart: number): Html {
  const { id, name, price, picture, description } = product;
  return html`<li class="product" id="product-${id}">
    <a class="picture" ${navigateTo(`/kites/${id}`)}>
      <img src="/pictures/${picture}" alt="" width="400" height="400" loading="lazy">
      ${inCart > 0 && html`<span class="in-cart">${inCart} in your cart</span>`}
    </a>
    <h3><a ${navigateTo(`/kites/${id}`)}>${name}</a></h3>
    <p class="description">${description}</p>
    ${raw(windScale(product).markup)}
    <div class="buy">
      <span class="price">${money(price)}</span>
      ${addButton(product)}
    </div>
  </li>`;
}

export function addButton({ id, name }: Product): Html {
  const add = JS.push("add_to_cart", { value: { product_id: id } }).transition("added", { time: 250, blocking: false });
  return html`<button class="add" phx-click="${add}">Add<span class="unseen"> ${name} to your cart</span></button>`;
}

export function cartPanel(cart: Cart): Html {
  const lines = [...new Set(cart)].flatMap((id) => {
    const product = findProduct(id);
    return product ? [{ product, count: countOf(cart, id) }] : [];
  });
  const total = lines.reduce((sum, { product, count }) => sum + product.price * count, 0);
  return html`<aside class="cart" id="cart" phx-hook="Pulse" aria-labelledby="cart-title">
    <div class="cart-head">
      <h2 id="cart-title">Your cart</h2>
      <span class="cart-items" id="cart-count">${cart.length === 1 ? "1 item" : `${cart.length} items`}</span>
    </div>
    ${
      lines.length === 0
        ? html`<div class="cart-empty">
            <img src="/pictures/old-reliable.webp" alt="" width="72" height="72">
            <p><strong>Nothing on the line yet.</strong> Add a kite, and see it in every tab.</p>
          </div>`
        : html`<ul class="cart-lines">${each(lines, ({ product }) => product.id, cartLine)}</ul>
          <div class="cart-foot"><dl class="cart-total"><dt>Total</dt><dd>${money(total)}</dd></dl></div>`
    }
    ${GiftNote({ id: "gift-note" })}
  </aside>`;
}

function cartLine({ product, count }: { readonly product: Product; readonly count: number }): Html {
  const { id, name, picture, price } = product;
  return html`<li class="cart-line" id="line-${id}">
    <img src="/pictures/${picture}" alt="" width="64" height="64">
    <div class="cart-what"><h3>${name}</h3><p>${money(price)} each</p></div>
    <p class="cart-sum">${money(price * count)}</p>
    <div class="cart-quantity">
      <button class="step" phx-click="remove_from_cart" phx-value-product_id="${id}" aria-label="One less of ${name}">−</button>
      <span class="count">${count}</span>
      <button class="step" phx-click="add_to_cart" phx-value-product_id="${id}" aria-label="One more of ${name}">+</button>
    </div>
  </li>`;
}

export function countOf(cart: Cart, id: ProductId): number {
  return cart.filter((each) => each === id).length;
}
