import type { LiveClient } from "live-session/client";
import type { useLiveSession as hook } from "live-session/react";
import type { Suspense as Boundary, ComponentType } from "react";
import type { hydrateRoot as hydrate, Root } from "react-dom/client";
import type { renderToString as rendering } from "react-dom/server";
import type { shop as app } from "./server.ts";

declare global {
  const root: Root;
  const container: HTMLElement;
  const shop: typeof app;
  const live: LiveClient<typeof app>;
  const view: { cart: string[] };
  const useLiveSession: typeof hook;
  const Suspense: typeof Boundary;
  const renderToString: typeof rendering;
  const hydrateRoot: typeof hydrate;
  const App: ComponentType;
  const Cart: ComponentType;
  const LiveSessionProvider: typeof import("live-session/react").LiveSessionProvider;
}
