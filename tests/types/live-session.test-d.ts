// Compiled by `npm run types`, never run: what the types allow, and what they must refuse.

import {
  createLiveSessions,
  type LiveSession,
  putSession,
  type Session,
  type SessionKey,
  updateSession,
} from "live-session";
import { z } from "zod";

interface Shop {
  cart: { id: string; quantity: number }[];
  theme: "light" | "dark";
}

const sessions = createLiveSessions<Shop>();
// Limits: rates and counts where they belong, and what they refused.
createLiveSessions({ limits: { perSession: { actions: { rate: 5, per: "1m", burst: 20 }, maxConnections: false } } });
createLiveSessions({ limits: false });
// @ts-expect-error sessions are counted by address
createLiveSessions({ limits: { perSession: { sessions: { rate: 5 } } } });
// @ts-expect-error a rate is no number
createLiveSessions({ limits: { perAddress: { connections: 5 } } });
sessions.refused.perAddress.sessions satisfies number;
// @ts-expect-error it is a copy, to be read
sessions.refused.perAddress.sessions = 0;

declare const live: LiveSession<Shop>;
declare const session: Session<Shop>;

// Keys and values are those of the user's interface.
void live.put("theme", "dark");
void live.update("cart", (cart = []) => [...cart, { id: "kite", quantity: 1 }]);
void live.transaction((draft) => {
  draft.theme = "light";
  draft.cart?.push({ id: "kite", quantity: 1 });
});
void putSession(session, "theme", "light");
void updateSession(session, "cart", (cart) => cart?.slice(1));
// @ts-expect-error no such theme
void live.put("theme", "blue");
// @ts-expect-error no such key
void live.put("them", "dark");
// @ts-expect-error wrong value
void putSession(session, "cart", ["kite"]);
// @ts-expect-error update must give the key's type
void live.update("cart", () => "kite");
// @ts-expect-error no such key
void live.get("basket");

// Any key may be absent, and nothing can be changed in place.
const theme: "light" | "dark" | undefined = live.get("theme");
// @ts-expect-error may be undefined
const certain: "light" | "dark" = live.data.theme;
// @ts-expect-error readonly
live.data.theme = "dark";
// @ts-expect-error readonly all the way down
live.get("cart")?.push({ id: "kite", quantity: 1 });
// @ts-expect-error readonly all the way down
for (const line of session.cart ?? []) line.quantity++;

live.subscribe((message) => {
  if (message.type === "live_session_updated") message.session.cart?.map(({ id }) => id);
  if (message.type === "live_session_ended")
    message.reason satisfies "destroyed" | "expired" | "revoked" | "regenerated";
  // @ts-expect-error no such message
  if (message.type === "updated") return;
});

// A key is no id.
declare const key: SessionKey;
void sessions.attachKey(key);
// @ts-expect-error a plain string may be an id
void sessions.attachKey("an id");

// Options.
createLiveSessions({ lifetime: "30m", deadline: "12h", cleanInterval: 5000 });
// @ts-expect-error no such unit
createLiveSessions({ lifetime: "30 minutes" });
createLiveSessions<{ n: number }>({ schema: z.object({ n: z.number().optional() }) });
// @ts-expect-error another type than the data's
createLiveSessions<{ n: number }>({ schema: z.object({ n: z.string() }) });

// Without a type of their own, sessions hold anything that JSON has.
void createLiveSessions()
  .create({ anything: 1 })
  .then(({ session }) => putSession(session, "else", [2]));

export { certain, theme };
