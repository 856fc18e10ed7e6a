// The shop over plain HTML forms: controllers as in any Express app, on req.session alone.

import express, { type RequestHandler, Router } from "express";
import { bindSession } from "live-session/express";
import { addLine, isProduct, setQuantity } from "./catalog.ts";
import { shopPage } from "./pages.ts";

/** `script`: whether pages load the browser's half. */
export function shopForms({ script }: { readonly script: boolean }): Router {
  const router = Router();
  router.use(express.urlencoded({ extended: false, limit: "10kb" }));

  router.get("/", (request, response) => {
    const { session } = request;
    session.theme ??= "light"; // a first visit makes the session, so that its tab can go live
    const { cart = [], theme, user = null, flash } = session;
    delete session.flash;
    response.set("Cache-Control", "no-store").send(shopPage({ cart, theme, user, flash, script }));
  });

  router.post("/cart/add", (request, response) => {
    const { id } = request.body ?? {};
    if (isProduct(id)) request.session.cart = addLine(request.session.cart ?? [], id);
    else request.session.flash = "We do not sell that.";
    response.redirect(303, "/");
  });

  router.post("/cart/quantity", (request, response) => {
    const { id, quantity } = request.body ?? {};
    if (isProduct(id) && /^\d{1,3}$/.test(quantity)) {
      request.session.cart = setQuantity(request.session.cart ?? [], id, Number(quantity));
    } else request.session.flash = "That is not a quantity we can sell.";
    response.redirect(303, "/");
  });

  router.post("/cart/remove", (request, response) => {
    const { id } = request.body ?? {};
    if (isProduct(id)) request.session.cart = setQuantity(request.session.cart ?? [], id, 0);
    response.redirect(303, "/");
  });

  router.post("/cart/clear", (request, response) => {
    request.session.cart = [];
    response.redirect(303, "/");
  });

  router.post("/theme", (request, response) => {
    request.session.theme = request.body?.theme === "dark" ? "dark" : "light";
    response.redirect(303, "/");
  });

  router.post("/login", login);

  router.post("/logout", (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.redirect(303, "/")));
  });

  return router;
}

/** A new id at login, so that an id planted before is worth nothing after; the basket moves along, and is now theirs. */
const login: RequestHandler = (request, response, next) => {
  const name = String(request.body?.name ?? "")
    .trim()
    .slice(0, 40);
  if (name === "") {
    request.session.flash = "Please tell us your name.";
    return response.redirect(303, "/");
  }
  const { cart = [], theme = "light" } = request.session;
  request.session.regenerate((error) => {
    if (error) return next(error);
    Object.assign(request.session, { cart, theme, user: { name } });
    bindSession(request.session, name);
    response.redirect(303, "/");
  });
};
