// The shop's forms as changes to a plain session object, for examples whose frameworks hold one.

import { addLine, isProduct, setQuantity } from "./catalog.ts";
import type { PageModel } from "./pages.ts";

/** What the shop keeps in a session. */
export interface PlainSession {
  cart?: PageModel["cart"];
  theme?: PageModel["theme"];
  user?: { name: string };
  flash?: string;
}

/** The page of a session; its flash is shown once. */
export function pageOf(session: PlainSession): PageModel {
  const { cart = [], theme = "light", user = null, flash } = session;
  delete session.flash;
  return { cart, theme, user, script: false, ...(flash !== undefined && { flash }) };
}

/** Does what a form asks for. False for a path that is none of the forms'; signing in and out are the framework's. */
export function post(path: string, form: Readonly<Record<string, unknown>>, session: PlainSession): boolean {
  const { cart = [] } = session;
  const { id, quantity, theme } = form;
  if (path === "/cart/clear") session.cart = [];
  else if (path === "/theme") session.theme = theme === "dark" ? "dark" : "light";
  else if (!["/cart/add", "/cart/quantity", "/cart/remove"].includes(path)) return false;
  else if (!isProduct(id)) session.flash = "We do not sell that.";
  else if (path === "/cart/add") session.cart = addLine(cart, id);
  else if (path === "/cart/remove") session.cart = setQuantity(cart, id, 0);
  else if (/^\d{1,3}$/.test(String(quantity))) session.cart = setQuantity(cart, id, Number(quantity));
  else session.flash = "That is not a quantity we can sell.";
  return true;
}

export function nameIn(form: Readonly<Record<string, unknown>>): string {
  const name = String(form.name ?? "")
    .trim()
    .slice(0, 40);
  return name || "friend";
}
