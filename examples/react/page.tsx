// The page at /react: rendered with the session's view, so that it is whole before any script runs.

import { Router } from "express";
import { LiveSessionProvider } from "live-session/react";
import { renderToString } from "react-dom/server";
import { browserScript } from "../shop/assets.ts";
import { escapeHtml } from "../shop/html.ts";
import type { ShopApp } from "../shop/live-shop.ts";
import { shopFrame } from "../shop/pages.ts";
import { App } from "./app.tsx";

export async function reactPage(): Promise<Router> {
  const script = await browserScript(new URL("browser.tsx", import.meta.url));
  const router = Router();
  router.get("/react.js", (_request, response) => void response.type("js").send(script));
  router.get("/react", ({ session }, response) => {
    session.theme ??= "light"; // a first visit makes the session, so that its tab can go live
    const { cart = [], theme, user = null } = session;
    const view = { cart, theme, user };
    const app = renderToString(
      <LiveSessionProvider<ShopApp> client={null} initial={view}>
        <App />
      </LiveSessionProvider>,
    );
    const main = `<div id="app" data-view="${escapeHtml(JSON.stringify(view))}">${app}</div>`;
    response.set("Cache-Control", "no-store");
    response.send(shopFrame({ ...view, script: false }, '<script type="module" src="/react.js"></script>', main));
  });
  return router;
}
