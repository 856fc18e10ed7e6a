// The shop's one page, rendered on the server from a plain model. Every action is an HTML form that works without
// a script; the data-* attributes are what browser.ts holds on to.

import { accountInner, cartInner, itemsText, statusText, type Theme } from "./cart-view.ts";
import { type CartLine, catalog, countItems, money, type Product, total } from "./catalog.ts";
import { type Html, html } from "./html.ts";

export interface PageModel {
  cart: CartLine[];
  theme: Theme;
  user: { name: string } | null;
  /** Shown once, at the top of the page. */
  flash?: string;
  /** Whether the page loads the browser script and goes live. */
  script: boolean;
}

export function shopPage(view: PageModel): string {
  const page = html`<!doctype html>
<html lang="en" data-theme="${view.theme}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Gale &amp; Daughters, kite makers</title>
  <meta name="description" content="Kites for every wind, sewn by hand above the boathouse.">
  <link rel="icon" href="/mark.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/style.css">
  ${view.script && html`<script type="module" src="/browser.js"></script>`}
</head>
<body>
  <a class="skip" href="#basket">Skip to your basket</a>
  ${endedBanner()}
  ${masthead(view)}
  <p class="notice" role="status" data-notice${!view.flash && html` hidden`}>${view.flash}</p>
  <main class="shop">
    <section class="shelf" aria-labelledby="shelf-title">
      <div class="shelf-head">
        <h2 id="shelf-title">This season’s kites</h2>
        <p>The bars show which winds each one likes, from a breath (1) to a strong breeze (6).</p>
      </div>
      <ul class="products">${catalog.map((product) => productCard(product, view))}</ul>
      ${basketBar(view)}
    </section>
    ${cartPanel(view)}
  </main>
  <footer class="colophon">
    <p>Gale &amp; Daughters, the loft above the boathouse. Open when it is too calm to fly.</p>
    <p id="demo-note">This is a demonstration: nothing is for sale, and any name signs you in. There is no password.</p>
  </footer>
  <p class="unseen" aria-live="polite" data-announce></p>
</body>
</html>
`;
  return page.markup;
}

/** A page of another make, with the shop's looks and masthead. `head` and `main` are markup. */
export function shopFrame(view: PageModel, head: string, main: string): string {
  return `<!doctype html>
<html lang="en" data-theme="${view.theme}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gale &amp; Daughters, kite makers</title>
<link rel="icon" href="/mark.svg"><link rel="stylesheet" href="/style.css">
${head}
<body>${masthead(view).markup}
${main}
</body>
</html>`;
}

/** The basket's panel. `[data-cart]` is what scrolls, so that a new inside keeps the place. */
export function cartPanel(view: PageModel): Html {
  return html`<aside class="cart" id="basket" aria-labelledby="basket-title" data-cart>
    ${cartInner(view)}
  </aside>`;
}

function masthead(view: PageModel): Html {
  return html`<header class="masthead">
    ${horizon()}
    <div class="bar">
      <a class="wordmark" href="/">
        <img src="/mark.svg" alt="" width="34" height="34"><span>Gale <i>&amp;</i> Daughters</span>
      </a>
      <div class="tools">
        ${
          view.script &&
          html`<p class="chip" data-status="connecting" title="The live connection of this tab" hidden>
            <span data-status-text>${statusText.connecting}</span>
          </p>`
        }
        ${themeSwitch(view)}
        <div class="account" data-user>${accountInner(view)}</div>
      </div>
    </div>
    <div class="welcome">
      <h1>A kite for every wind we’ve met</h1>
      <p>Cut, sewn and test-flown by hand in the loft above the boathouse.</p>
    </div>
  </header>`;
}

export function themeSwitch(view: PageModel): Html {
  const choice = (theme: Theme, label: string) =>
    html`<button name="theme" value="${theme}" aria-pressed="${String(view.theme === theme)}">${label}</button>`;
  return html`<form class="themes" method="post" action="/theme" data-action="setTheme" aria-label="Theme">
    ${choice("light", "Day")}${choice("dark", "Night")}
  </form>`;
}

export function productCard(product: Product, view: PageModel): Html {
  const { id, name, description, price, picture } = product;
  const inCart = view.cart.find((line) => line.id === id)?.quantity ?? 0;
  return html`
    <li class="product">
      <div class="picture">
        <img src="/pictures/${picture}" alt="" width="400" height="400" loading="lazy">
        <span class="in-cart" data-in-cart="${id}"${inCart === 0 && html` hidden`}>${inCart} in basket</span>
      </div>
      <h3>${name}</h3>
      <p class="description">${description}</p>
      ${windScale(product)}
      <form class="buy" method="post" action="/cart/add" data-action="addToCart" data-id="${id}">
        <input type="hidden" name="id" value="${id}">
        <span class="price">${money(price)}</span>
        <button class="add">Add<span class="unseen"> ${name} to your basket</span></button>
      </form>
    </li>`;
}

export function windScale({ wind }: Product): Html {
  if (!wind) return html`<p class="wind">For any kite</p>`;
  const [from, to] = wind;
  const bars = [1, 2, 3, 4, 5, 6].map((force) => html`<i${force >= from && force <= to && html` class="on"`}></i>`);
  return html`<p class="wind"><span class="bars" aria-hidden="true">${bars}</span>Force ${from} to ${to}</p>`;
}

function basketBar({ cart }: PageModel): Html {
  return html`<a class="basket-bar" href="#basket" data-basket-bar>
    <span>Your basket</span>
    <span>
      <span data-cart-count>${itemsText(countItems(cart))}</span> ·
      <strong data-cart-total>${money(total(cart))}</strong>
    </span>
  </a>`;
}

/** Hidden until the session of an open tab ends; browser.ts fills in the reason. */
function endedBanner(): Html {
  return html`<div class="ended" role="alert" data-ended hidden>
    <p><strong data-ended-text>This basket has ended.</strong> Nothing you do in this tab is saved any more.</p>
    <a class="ended-link" href="/">Start a new basket</a>
  </div>`;
}

/** The view from the loft. Its colours follow the theme (see style.css). */
export function horizon(): Html {
  return html`<svg class="horizon" viewBox="0 0 1440 340" aria-hidden="true">
      <g class="stars">
        <circle cx="620" cy="72" r="1.6"/><circle cx="742" cy="118" r="2.2"/><circle cx="858" cy="60" r="1.5"/>
        <circle cx="960" cy="140" r="1.8"/><circle cx="1042" cy="78" r="1.3"/><circle cx="1306" cy="92" r="2"/>
        <circle cx="1392" cy="150" r="1.5"/><circle cx="1340" cy="196" r="1.2"/><circle cx="538" cy="150" r="1.3"/>
      </g>
      <g class="sun"><circle cx="872" cy="186" r="44"/></g>
      <g class="moon"><path d="M884 108a44 44 0 1 0 42 62 36 36 0 0 1-42-62z"/></g>
      <g class="clouds">
        <path transform="translate(120 -86)" d="M560 172c3-22 34-28 44-12 10-28 62-28 68 6 22-8 42 2 42 18 0
          10-8 14-20 14H578c-20 0-22-18-18-26z"/>
        <path d="M1252 142c2-16 24-20 32-8 7-20 44-20 48 4 16-6 30 2 30 13 0 7-6 10-14 10h-82c-14 0-16-13-14-19z"/>
      </g>
      <path class="sea" d="M-1600 248h3060v92h-3060z"/>
      <path class="glint" d="M760 262h150M806 276h190M700 292h96M1180 266h90M1240 282h120M470 270h90"/>
      <path class="far" d="M-1600 250c500-34 1000 20 1600 8 140-3 300-22 420 8 90 22 190 40 330 52v22h-2350z"/>
      <path class="far" d="M1460 232c-120-24-230 0-320 30-90 30-190 48-330 56v22h650z"/>
      <path class="near" d="M-1600 320c600-50 1420 20 1600-16 190-38 390-34 600-10s430 26 860-30v80h-3060z"/>
      <path class="grass" d="M1210 292l-6-20M1216 291l2-22M1222 290l9-17
        M1330 278l-5-18M1337 277l4-20M930 306l-5-16M936 306l3-18M300 284l-5-17M306 284l4-18"/>
      <path class="string" d="M1124 96C1108 170 1070 236 1021 282"/>
      <g class="kite">
        <path fill="#c5402e" d="M1140 26l-46 52 30 18z"/><path fill="#f4c356" d="M1140 26l32 66-48 4z"/>
        <path fill="#fbf3de" d="M1094 78l30 18-14 78z"/><path fill="#e9704f" d="M1172 92l-48 4-14 78z"/>
        <path class="string" d="M1110 174c-8 22 14 30 4 52s8 18 2 34"/>
        <path fill="#f4c356" d="M1112 196l-13-5v12zM1112 196l13-7v12z"/>
        <path fill="#c5402e" d="M1116 226l-14-2 3 11zM1116 226l12-9 2 12z"/>
      </g>
      <g class="person">
        <path d="M1012 304l3-22 10-1 3 23h-5l-3-13-3 13zM1014 284l4-16c3-6 12-4 12 3l-3 12z
          M1018 272l8-2 6-4 2 4-8 7-8 2z"/>
        <circle cx="1021" cy="261" r="6"/>
      </g>
    </svg>`;
}
