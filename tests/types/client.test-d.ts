// Compiled by `npm run types`, never run: what a browser knows of an app by its type alone.

import { createLiveSessions } from "live-session";
import { type CallError, connect } from "live-session/client";
import { WebSocket } from "ws";
import { z } from "zod";

interface Data {
  cart: { id: string; quantity: number }[];
  secret: string;
}

const sessions = createLiveSessions<Data>();
const app = sessions.app({
  view: ({ cart = [] }) => ({ ids: cart.map(({ id }) => id) }),
  actions: {
    add: sessions.action(z.object({ id: z.string() }), (_session, { id }) => id.length),
    clear: sessions.action(async (session) => {
      await session.delete("cart");
    }),
    limit: sessions.action(z.number().optional(), (_session, count) => ({ count: count ?? 10 })),
    page: sessions.action(z.coerce.number<string>(), (_session, page) => page * 2),
    put: sessions.action(z.string(), (session, secret) => session.put("secret", secret)),
  },
});

const live = connect<typeof app>({ url: "/live", WebSocket });

live.view?.ids.map((id) => id.length);
// @ts-expect-error undefined until the first
live.view.ids;
// @ts-expect-error the view does not show it
live.view?.secret;
live.status satisfies "connecting" | "live" | "stale" | "ended";
live.endReason satisfies
  | "destroyed"
  | "expired"
  | "revoked"
  | "regenerated"
  | "unknown"
  | "refused"
  | "closed"
  | undefined;

// Actions take and give what the server's do.
const length: Promise<number> = live.actions.add({ id: "kite" });
// @ts-expect-error no such action
void live.actions.remove({ id: "kite" });
// @ts-expect-error not this input
void live.actions.add({ id: 1 });
// @ts-expect-error it takes input
void live.actions.add();
// @ts-expect-error another output
const wrong: Promise<string> = live.actions.add({ id: "kite" });

// No input, optional input, and input that the schema turns into another type.
const nothing: Promise<void> = live.actions.clear();
// @ts-expect-error takes none
void live.actions.clear("all");
void live.actions.limit().then(({ count }) => count.toFixed());
void live.actions.limit(5);
void live.actions.page("7");
// @ts-expect-error what is sent is the text
void live.actions.page(7);

// What a write gives back, returned in passing, stays on the server.
const stays: Promise<undefined> = live.actions.put("hidden");

// Guesses are of the view's type.
void live.actions.clear(undefined, { optimistic: () => ({ ids: [] }), signal: AbortSignal.timeout(1_000) });
// @ts-expect-error not the view's
void live.actions.clear(undefined, { optimistic: ({ ids }) => ids });

// Without the type of an app: anything, unknown.
const any = connect({ url: "/live" });
void any.actions.whatever?.({ id: 1 }).then((result) => result satisfies unknown);
// @ts-expect-error unknown
any.view.ids;

declare const error: CallError;
if (error.code === "outcome_unknown" || error.code === "invalid_input") error.issues?.[0]?.path;
// @ts-expect-error no such code
if (error.code === "unknown") throw error;

export { length, nothing, stays, wrong };
