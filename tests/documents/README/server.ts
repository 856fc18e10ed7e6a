import { createLiveSessions } from "live-session";
import { z } from "zod";

export const sessions = createLiveSessions<{ cart: string[] }>();
export const shop = sessions.app({
  view: ({ cart = [] }) => ({ cart }),
  actions: {
    add: sessions.action(z.string(), async (session, id) => {
      await session.update("cart", (cart = []) => [...cart, id]);
    }),
  },
});
