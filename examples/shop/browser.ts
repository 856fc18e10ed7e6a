// The browser's half of the shop. Without it every button is a plain form; with it, the forms become actions on
// the live session and the page follows the session, whichever tab or request changed it.

import { connect } from "live-session/client";
import { accountInner, cartEnded, cartInner, itemsText, type ShopView, statusText, type Theme } from "./cart-view.ts";
import { addLine, countItems, money, setQuantity, total } from "./catalog.ts";
import type { ShopApp } from "./live-shop.ts";
import { morph } from "./morph.ts";

const live = connect<ShopApp>({ url: "/live" });

const root = document.documentElement;
const all = (selector: string) => document.querySelectorAll<HTMLElement>(selector);
const one = (selector: string) => document.querySelector<HTMLElement>(selector);

/** What the page shows now; undefined until the first live view. */
let shown: ShopView | undefined;
/** True while this tab makes a change, which then needs no highlight. */
let acting = false;

root.dataset.enhanced = "";
live.subscribe(update);
update();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || live.status !== "live") return; // not live: the plain form does it
  acting = true;
  const sent = act(form.dataset.action, new FormData(form, event.submitter));
  if (sent) update();
  acting = false;
  if (!sent) return;
  event.preventDefault();
  sent.then(
    () => notice(""),
    (error: { code?: string }) => notice(`That change was not saved (${error.code ?? "unknown"}). Please try again.`),
  );
});

// Leaving a quantity field sets it, as Enter does.
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field instanceof HTMLInputElement && field.matches(".quantity") && live.status === "live") {
    field.form?.requestSubmit();
  }
});

/** The action of a form, already shown before the server has answered; undefined if the form is not an action. */
function act(action: string | undefined, fields: FormData): Promise<unknown> | undefined {
  const id = String(fields.get("id"));
  const quantity = Number(fields.get("quantity"));
  const theme: Theme = fields.get("theme") === "dark" ? "dark" : "light";
  const { actions } = live;
  switch (action) {
    case "addToCart":
      return actions.addToCart({ id }, { optimistic: (view) => ({ ...view, cart: addLine(view.cart, id) }) });
    case "setQuantity":
      // Enter in a changed field is first a change and then a submit: once is enough.
      if (shown?.cart.some((line) => line.id === id && line.quantity === quantity)) return Promise.resolve();
      return actions.setQuantity(
        { id, quantity },
        { optimistic: (view) => ({ ...view, cart: setQuantity(view.cart, id, quantity) }) },
      );
    case "removeFromCart":
      return actions.removeFromCart(
        { id },
        { optimistic: (view) => ({ ...view, cart: setQuantity(view.cart, id, 0) }) },
      );
    case "clearCart":
      return actions.clearCart({}, { optimistic: (view) => ({ ...view, cart: [] }) });
    case "setTheme":
      return actions.setTheme({ theme }, { optimistic: (view) => ({ ...view, theme }) });
    default:
      return undefined;
  }
}

/** Brings the page in line with the live session. */
function update(): void {
  for (const chip of all("[data-status]")) {
    chip.hidden = false;
    chip.dataset.status = live.status;
    for (const text of all("[data-status-text]")) text.textContent = statusText[live.status];
  }
  if (live.status === "ended") end();
  const view = live.view;
  if (!view || live.status === "ended") return;
  const before = shown;
  shown = view;
  root.dataset.theme = view.theme;
  for (const button of all('[name="theme"]')) {
    button.setAttribute("aria-pressed", String(button.getAttribute("value") === view.theme));
  }
  if (!same(before?.user, view.user))
    for (const account of all("[data-user]")) morph(account, accountInner(view).markup);
  if (same(before?.cart, view.cart)) return;
  for (const panel of all("[data-cart]")) morph(panel, cartInner(view).markup);
  for (const badge of all("[data-in-cart]")) {
    const quantity = view.cart.find((line) => line.id === badge.dataset.inCart)?.quantity ?? 0;
    badge.textContent = `${quantity} in basket`;
    badge.hidden = quantity === 0;
  }
  const count = itemsText(countItems(view.cart));
  for (const element of all("[data-cart-count]")) element.textContent = count;
  for (const element of all("[data-cart-total]")) element.textContent = money(total(view.cart));
  if (!before) return;
  if (!acting) highlight(before, view);
  const announcement = one("[data-announce]");
  if (announcement) announcement.textContent = `Your basket now has ${count}, ${money(total(view.cart))}.`;
}

function highlight(before: ShopView, after: ShopView): void {
  const panel = one("[data-cart]");
  const quantities = new Map(before.cart.map((line) => [line.id, line.quantity]));
  const changed = after.cart.filter((line) => line.quantity !== quantities.get(line.id));
  const lines = changed.map((line) => one(`[data-line="${CSS.escape(line.id)}"]`));
  for (const element of [panel, one("[data-basket-bar]"), ...lines]) {
    element?.classList.remove("from-elsewhere");
    void element?.offsetWidth; // so that a second change starts the animation again
    element?.classList.add("from-elsewhere");
  }
}

/** The session is over: show nothing of it any more, and take no more orders in this tab. */
function end(): void {
  if (root.dataset.over !== undefined) return;
  const reasons: Record<string, string> = {
    destroyed: "You signed out.",
    expired: "This basket has expired.",
    regenerated: "You signed in, in another tab.", // this tab still shows the basket of before
  };
  root.dataset.over = live.endReason ?? "";
  for (const account of all("[data-user]")) account.replaceChildren();
  for (const panel of all("[data-cart]")) morph(panel, cartEnded().markup);
  for (const badge of all("[data-in-cart], [data-basket-bar]")) badge.hidden = true;
  for (const control of all("form :is(button, input)")) control.setAttribute("disabled", "");
  const text = one("[data-ended-text]");
  if (text) text.textContent = reasons[live.endReason ?? ""] ?? "This basket has ended.";
  for (const banner of all("[data-ended]")) banner.hidden = false;
}

function notice(text: string): void {
  const element = one("[data-notice]");
  if (!element) return;
  element.textContent = text;
  element.hidden = text === "";
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
