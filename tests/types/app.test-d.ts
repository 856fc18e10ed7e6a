// Compiled by `npm run types`, never run: an app's view and actions, as the server declares and as a browser has them.

import { createServer } from "node:http";
import {
  type ActionsOf,
  createLiveSessions,
  type InputOf,
  type LiveSession,
  type LiveSessionMessage,
  type OutputOf,
  type Session,
  type ViewOf,
} from "live-session";
import { attachSocket, liveSockets } from "live-session/ws";
import { z } from "zod";

interface Shop {
  cart: { id: string; quantity: number }[];
  theme: "light" | "dark";
}

const sessions = createLiveSessions<Shop>();
const { action } = sessions;

const app = sessions.app({
  view: ({ cart = [], theme = "light" }) => ({ count: cart.length, theme }),
  actions: {
    add: action(z.object({ id: z.string(), quantity: z.coerce.number<string>() }), async (session, input) => {
      input.quantity satisfies number; // what the schema puts out
      await session.update("cart", (cart = []) => [...cart, input]);
      return { added: input.id };
    }),
    clear: action(async (session) => {
      await session.put("cart", []);
    }),
    wrong: action(z.string(), async (session, name) => {
      // @ts-expect-error no such theme
      await session.put("theme", name);
      // @ts-expect-error no such key
      await session.put("name", name);
    }),
  },
});

// A browser has the view and the actions, with what the schema takes and what the action returns.
type App = typeof app;
const view: ViewOf<App> = { count: 1, theme: "dark" };
const input: InputOf<ActionsOf<App>["add"]> = { id: "kite", quantity: "1" };
const output: OutputOf<ActionsOf<App>["add"]> = { added: "kite" };
const none: InputOf<ActionsOf<App>["clear"]> = undefined;
// @ts-expect-error the view has no cart
view.cart;
// @ts-expect-error what goes in is a text
const number: InputOf<ActionsOf<App>["add"]> = { id: "kite", quantity: 1 };
// @ts-expect-error no such action
export type None = ActionsOf<App>["remove"];
// @ts-expect-error nothing is returned
const something: OutputOf<ActionsOf<App>["clear"]> = 1;

// What a browser gets of an output has no session map in it, at any depth.
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Brand = string & { readonly brand: "id" };
interface Tree {
  name: string;
  children: Tree[];
}
const passing = {
  top: action((session) => session.put("theme", "dark")),
  listed: action((session) => Promise.all([session.put("theme", "dark"), session.put("cart", [])])),
  named: action(async (session) => ({
    id: "kite" as Brand,
    after: await session.put("cart", []),
    deep: [{ before: session.data, n: 1 as number | null }],
  })),
  either: action((session): Session<Shop> | string => session.data),
  maybe: action((session): { after?: Session<Shop> | string } => ({ after: session.data })),
  list: action((session): (Session<Shop> | number)[] => [session.data, 1]),
  tree: action((): Tree => ({ name: "root", children: [] })),
  message: action((_session): LiveSessionMessage<Shop> => ({ type: "live_session_status", status: "live" })),
  anything: action((): unknown => 1),
};
type Passed = { [Name in keyof typeof passing]: OutputOf<(typeof passing)[Name]> };
true satisfies Equal<Passed["top"], undefined>;
true satisfies Equal<Passed["listed"], [null, null]>;
true satisfies Equal<Passed["named"], { id: Brand; deep: { n: number | null }[] }>;
true satisfies Equal<Passed["either"], string | undefined>;
true satisfies Equal<Passed["maybe"], { after?: string }>;
true satisfies Equal<Passed["list"], (number | null)[]>;
true satisfies Equal<Passed["anything"], unknown>;
"leaf" satisfies NonNullable<Passed["tree"]["children"][number]["children"][number]>["name"];
// @ts-expect-error the message's session stays on the server
export type Told = Extract<Passed["message"], { type: "live_session_updated" }>["session"];

// Views get what TypeScript lets nobody change.
sessions.app({
  view: (session) => {
    // @ts-expect-error readonly
    session.theme = "dark";
    // @ts-expect-error readonly all the way down
    session.cart?.push({ id: "kite", quantity: 1 });
    return null;
  },
});

// Without a view, it is null.
const bare = sessions.app({});
const nothing: ViewOf<typeof bare> = null;

liveSockets(app, { secret: ["new", "old"], origins: ["https://shop.example"], pingInterval: "30s" })
  .attach(createServer(), { path: "/live" })
  .close() satisfies Promise<void>;
// @ts-expect-error the secret is needed
liveSockets(app, {});
// @ts-expect-error no such unit
liveSockets(app, { secret: "s", pingInterval: "30 seconds" });
// @ts-expect-error a hub is no app
liveSockets(sessions, { secret: "s" });

declare const socket: import("ws").WebSocket;
declare const request: import("node:http").IncomingMessage;
attachSocket(sessions, socket, request, { secret: "s" }) satisfies Promise<LiveSession<Shop>>;

export { input, none, nothing, number, output, something };
