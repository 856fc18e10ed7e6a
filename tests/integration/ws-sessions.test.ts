// A browser's WebSocket is attached to the session that its cookie names: what it is sent, and when.

import { expect, test } from "vitest";
import { hub, serve } from "../support/ws.ts";

interface Shop {
  cart: string[];
  theme: string;
}

test("hello is answered with a welcome and the view, every change with the view after it", async () => {
  const { sessions } = hub<Shop>();
  const app = sessions.app({ view: ({ cart = [] }) => ({ cart }) });
  const { connect } = await serve(app);
  const { id } = await sessions.create({ cart: ["kite"], theme: "dark" });
  const peer = connect(id);
  const { welcome, view } = await peer.hello();
  expect(welcome).toEqual({ t: "welcome", v: 1, resumed: false });
  expect(view).toEqual({ t: "view", version: 1, view: { cart: ["kite"] } });
  const live = await sessions.attach(id);
  await live.put("cart", ["kite", "string"]);
  expect(await peer.next()).toEqual({ t: "view", version: 2, view: { cart: ["kite", "string"] } });
  live.detach();
});
