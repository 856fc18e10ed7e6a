// The shop's session: what it holds, what browsers see of it, and what they can do to it.

import type { LiveSessions } from "live-session";
import { z } from "zod";
import type { ShopView, Theme } from "./cart-view.ts";
import { addLine, type CartLine, isProduct, MAX_QUANTITY, setQuantity } from "./catalog.ts";

export interface ShopSession {
  cart: CartLine[];
  theme: Theme;
  user: { name: string };
  /** A sentence for the next page, shown once. */
  flash: string;
}

// The same session, as the request side types it.
declare module "express-session" {
  interface SessionData extends Partial<ShopSession> {}
}

export function liveShop(sessions: LiveSessions<ShopSession>) {
  const { action } = sessions;
  const product = z.string().refine(isProduct, "no such product");
  return sessions.app({
    view: ({ cart = [], theme = "light", user = null }): ShopView => ({ cart, theme, user }),
    actions: {
      addToCart: action(z.object({ id: product }), async (session, { id }) => {
        await session.update("cart", (cart = []) => addLine(cart, id));
      }),
      setQuantity: action(
        z.object({ id: product, quantity: z.int().min(0).max(MAX_QUANTITY) }),
        async (session, { id, quantity }) => {
          await session.update("cart", (cart = []) => setQuantity(cart, id, quantity));
        },
      ),
      removeFromCart: action(z.object({ id: product }), async (session, { id }) => {
        await session.update("cart", (cart = []) => setQuantity(cart, id, 0));
      }),
      clearCart: action(z.object({}), async (session) => {
        await session.put("cart", []);
      }),
      setTheme: action(z.object({ theme: z.enum(["light", "dark"]) }), async (session, { theme }) => {
        await session.put("theme", theme);
      }),
    },
  });
}

/** What browser.ts connects to. Types only. */
export type ShopApp = ReturnType<typeof liveShop>;
