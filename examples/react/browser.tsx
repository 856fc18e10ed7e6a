// The browser's half: the page that the server rendered, made live.

import { connect } from "live-session/client";
import { LiveSessionProvider } from "live-session/react";
import { hydrateRoot } from "react-dom/client";
import type { ShopApp } from "../shop/live-shop.ts";
import { App } from "./app.tsx";

const root = document.querySelector("#app") as HTMLElement;
hydrateRoot(
  root,
  <LiveSessionProvider client={connect<ShopApp>({ url: "/live" })} initial={JSON.parse(root.dataset.view as string)}>
    <App />
  </LiveSessionProvider>,
);
