// Types of live views: the example of the announcement as it stands, and what must not compile.

import type { Session } from "live-session";
import {
  assign,
  event,
  html,
  type LiveSocket,
  liveComponent,
  liveStream,
  liveView,
  maybeSubscribe,
  putSession,
  send,
  streamInsert,
  updateSession,
} from "live-session/liveview";
import { z } from "zod";

type ProductId = `product-${number}`;
interface ShopSession {
  cart: ProductId[];
  theme: "light" | "dark";
}

export const ShoppingCart = liveView<{ cart: ProductId[] }, ShopSession>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    assignCart(socket, session);
  },
  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assignCart(socket, message.session);
  },
  handleEvent: {
    async add_to_cart({ product_id }, socket) {
      await updateSession(socket, "cart", (cart = []) => [product_id, ...cart]);
    },
    checked: event(z.object({ id: z.number() }), async ({ id }, socket) => {
      await putSession(socket, "cart", [`product-${id}`]);
    }),
    annotated: ({ id }: { id: ProductId }, socket) => putSession(socket, "cart", [id]),
  },
  render: ({ cart }) => html`<ul>${cart.map((id) => html`<li>${id}</li>`)}</ul>`,
});

function assignCart(socket: LiveSocket<{ cart: ProductId[] }, ShopSession>, session: Session<ShopSession>) {
  return assign(socket, { cart: session.cart ?? [] });
}

liveView<{ count: number }, ShopSession, { type: "tick"; at: number }>({
  async mount(_params, session, socket) {
    send(socket, { type: "tick", at: 1 });
    const after: Session<ShopSession> = await putSession(session, "theme", "dark");
    await updateSession(session, "theme", (theme) => (theme === "dark" ? "light" : "dark"));
    assign(socket, { count: after.cart?.length ?? 0 });

    // @ts-expect-error: no such assign
    assign(socket, { counted: 1 });
    // @ts-expect-error: an assign of another type
    assign(socket, { count: "1" });
    // @ts-expect-error: no such key
    await putSession(socket, "basket", []);
    // @ts-expect-error: a value of another type
    await putSession(socket, "theme", "blue");
    // @ts-expect-error: a value of another type, by update
    await updateSession(socket, "theme", () => 7);
    // @ts-expect-error: no message of this view
    send(socket, { type: "tock" });
    // @ts-expect-error: the session's data is not to be changed in place
    session.cart?.push("product-1");
    // @ts-expect-error: another session's map
    maybeSubscribe(socket, session.cart);
  },
  handleInfo(message) {
    if (message.type === "tick") message.at.toFixed();
    // @ts-expect-error: no such message
    if (message.type === "tock") return;
  },
  render(assigns) {
    // @ts-expect-error: assigns are set with `assign`
    assigns.count = 2;
    return html`${assigns.count}`;
  },
});

const Counter = liveComponent<{ label: string }, { count: number }>({
  mount: (socket) => void assign(socket, { count: 0 }),
  render: ({ label, count }, { myself }) => html`<b id="${myself}">${label}${count}</b>`,
});
html`${Counter({ id: 1, label: "a" })}`;
// @ts-expect-error: a component needs an id
Counter({ label: "a" });
// @ts-expect-error: and its props
Counter({ id: 1 });
// @ts-expect-error: objects are not shown
html`${{ toString: () => "x" }}`;

const songs = liveStream<{ id: number }>("songs", ({ id }) => id);
declare const socket: LiveSocket;
streamInsert(socket, songs, { id: 1 });
// @ts-expect-error: an item of another type
streamInsert(socket, songs, { name: "x" });
