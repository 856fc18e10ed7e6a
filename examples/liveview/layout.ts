// The page around the live views, and the classic page: the same cart in plain forms, which need no script.

import { type Html, html, type PageParts } from "live-session/liveview";
import { catalog, findProduct, money } from "../shop/catalog.ts";

const head = (title: string, rest: Html | false) => html`<!doctype html>
<html lang="en" data-theme="light">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title data-suffix=" · Gale &amp; Daughters">${title} · Gale &amp; Daughters</title>
  <link rel="icon" href="/mark.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/style.css">
  <link rel="stylesheet" href="/live.css">
  ${rest}
</head>`;

export function layout({ content, title, csrfToken, flash }: PageParts): Html {
  const script = html`<meta name="csrf-token" content="${csrfToken}"><script type="module" src="/liveview.js"></script>`;
  return html`${head(title, script)}
<body>
  ${flash.error && html`<p class="notice" role="status">${flash.error}</p>`}
  ${content}
  <footer class="colophon"><p>This is a demonstration: nothing is for sale.</p></footer>
</body>
</html>
`;
}

export function classicPage(cart: readonly string[]): Html {
  const total = cart.reduce((sum, id) => sum + (findProduct(id)?.price ?? 0), 0);
  return html`${head("Order form", false)}
<body>
  <main class="classic">
    <p><a href="/">← The live shop</a></p>
    <h1>Order form</h1>
    <p>A page as ever: Express, forms, no script. Keep the live shop open beside it.</p>
    <form method="post" action="/classic/add">
      <select name="product_id" aria-label="Kite">
        ${catalog.map(({ id, name, price }) => html`<option value="${id}">${name}, ${money(price)}</option>`)}
      </select>
      <button class="add">Add to the cart</button>
    </form>
    <h2>Your cart</h2>
    <ol id="classic-cart">${cart.map((id) => html`<li>${findProduct(id)?.name ?? id}</li>`)}</ol>
    <p><strong>${cart.length === 0 ? "It is empty." : money(total)}</strong></p>
    <form method="post" action="/classic/leave"><button class="small">Leave the shop, for good</button></form>
  </main>
</body>
</html>
`;
}
