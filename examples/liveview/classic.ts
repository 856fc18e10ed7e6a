// The cart over plain HTML forms: controllers as in any Express app, on req.session alone.

import express, { Router } from "express";
import { htmlText } from "live-session/liveview";
import { isProduct } from "../shop/catalog.ts";
import { classicPage } from "./layout.ts";
import type { ShopSession } from "./shopping-cart.ts";

// The same session, as the request side types it.
declare module "express-session" {
  interface SessionData {
    shopping_cart: ShopSession["shopping_cart"];
    note: ShopSession["note"];
  }
}

export function classicForms(): Router {
  const router = Router();
  router.use(express.urlencoded({ extended: false, limit: "10kb" }));

  router.get("/", (request, response) => {
    response.set("Cache-Control", "no-store").send(htmlText(classicPage(request.session.shopping_cart ?? [])));
  });

  router.post("/add", (request, response) => {
    const { product_id } = request.body ?? {};
    const { shopping_cart = [] } = request.session;
    if (isProduct(product_id)) request.session.shopping_cart = [product_id, ...shopping_cart];
    response.redirect(303, "/classic");
  });

  router.post("/leave", (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.redirect(303, "/classic")));
  });

  return router;
}
