// Compiled by `npm run types`, never run: what a component knows of the app, and what must not compile.

import { createLiveSessions } from "live-session";
import { connect } from "live-session/client";
import { LiveSessionProvider, useLiveSession, useLiveView } from "live-session/react";
import { z } from "zod";

const sessions = createLiveSessions<{ cart: string[]; secret: string }>();
const shop = sessions.app({
  view: ({ cart = [] }) => ({ cart }),
  actions: {
    add: sessions.action(z.object({ id: z.string() }), async () => 7),
    clear: sessions.action(async (session) => void (await session.clear())),
  },
});
type Shop = typeof shop;

export function Cart() {
  const { view, actions, status } = useLiveSession<Shop>();
  const cart: readonly string[] | undefined = view?.cart;
  const seven: Promise<number> = actions.add(
    { id: "kite" },
    { optimistic: ({ cart }) => ({ cart: [...cart, "kite"] }) },
  );
  void actions.clear();
  status satisfies "connecting" | "live" | "stale" | "ended";
  // @ts-expect-error there may be no view yet
  view.cart;
  // @ts-expect-error not in the view
  view?.secret;
  // @ts-expect-error no such action
  actions.remove();
  // @ts-expect-error wrong input
  void actions.add({ id: 7 });
  return [cart, seven];
}

const useShop = useLiveSession.withTypes<Shop>();

export function Count() {
  const count: number | undefined = useShop(({ view }) => view?.cart.length);
  const lines = useShop(
    ({ view }) => view?.cart ?? [],
    (one, other) => one.length === other.length,
  );
  // @ts-expect-error a selector's result has its own type
  const wrong: string = useShop(({ status }) => status === "live");
  return [count, lines[0]?.toUpperCase(), wrong, useLiveView<Shop>().cart.length];
}

const client = connect<Shop>({ url: "/live" });
export const page = (
  <LiveSessionProvider client={client} initial={{ cart: [] }}>
    <Count />
  </LiveSessionProvider>
);
// @ts-expect-error not the view of this app
export const wrong = <LiveSessionProvider client={client} initial={{ basket: [] }} />;
