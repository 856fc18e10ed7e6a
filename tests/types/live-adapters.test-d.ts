// Compiled by `npm run types`, never run: apps and sessions keep their types through sse and Socket.IO.

import { createLiveSessions } from "live-session";
import { connect } from "live-session/client";
import { sseTransport } from "live-session/client-sse";
import { type LiveServerEvents, type LiveSocketData, liveSession } from "live-session/socket.io";
import { liveStreams, turboStream } from "live-session/sse";
import { Server } from "socket.io";

interface Data {
  cart: string[];
  secret: string;
}

interface View {
  readonly cart: readonly string[];
}

const sessions = createLiveSessions<Data>();
const app = sessions.app({ view: ({ cart = [] }): View => ({ cart }) });

liveStreams(app, { secret: "s", render: ({ cart }) => turboStream("update", "cart", cart.join()) });
liveStreams(app, { secret: "s", render: (view) => view.cart.map((data) => ({ event: "line", data })) });
// @ts-expect-error the view does not show it
liveStreams(app, { secret: "s", render: (view) => ({ data: view.secret }) });
// @ts-expect-error no such action of Turbo
turboStream("explode", "cart");

connect<typeof app>({ url: "/live", transport: sseTransport() }).view?.cart.length;

// Servers with their own events, and without any.
interface Own {
  add: (id: string) => void;
}
const io = new Server<Own, LiveServerEvents<View>, Own, LiveSocketData<Data>>();
io.use(liveSession(sessions, { secret: "s", app }));
io.on("connection", (socket) => {
  socket.on("add", (id) => void socket.data.session.update("cart", (cart = []) => [...cart, id]));
  // @ts-expect-error no such key
  socket.data.session.get("basket");
  // @ts-expect-error not this type
  void socket.data.session.put("secret", 1);
});
new Server().use(liveSession(sessions, { secret: "s" }));

interface Other {
  n: number;
}
// @ts-expect-error sessions of other data
new Server<Own, Own, Own, LiveSocketData<Other>>().use(liveSession(sessions, { secret: "s" }));
