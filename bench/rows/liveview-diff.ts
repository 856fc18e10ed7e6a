// One click in a live view of a cart, beside a server that renders the whole cart as a string and sends that.

import { createServer } from "node:http";
import { createLiveSessions } from "live-session";
import { html, htmlText, liveViews } from "live-session/liveview";
import { WebSocketServer } from "ws";
import { cookieOf, secret } from "../support/cookies.ts";
import { added, Cart, cartHtml, cartText, line, type Shop } from "../support/liveview-cart.ts";
import { compare, type Row, rateOf } from "../support/measure.ts";
import { nextWrite, type StubSocket, upgrade, wrote } from "../support/stub-socket.ts";

const LINES = 50;
const CLICKS = 500;
const PEER = "the whole view as a string";

const cart = () => Array.from({ length: LINES }, (_, index) => line(index));
const productOf = (click: number) => `kite-${click % LINES}`;

interface Side {
  readonly name: string;
  readonly close: () => void;
  /** Resolves to the bytes that were sent. */
  readonly click: (n: number) => Promise<number>;
}

/** The answer to a click is all that is written. */
function answerTo(socket: StubSocket, text: string): Promise<number> {
  const answer = nextWrite(socket);
  socket.say(text);
  return answer;
}

async function live(): Promise<Side> {
  const server = createServer();
  const sessions = createLiveSessions<Shop>({ limits: false });
  const { id } = await sessions.create({ cart: cart() });
  const views = liveViews(sessions, {
    secret,
    routes: { "/": Cart },
    layout: ({ content, csrfToken }) => html`${content}<meta content="${csrfToken}">`,
  });
  views.attach(server);
  const page = (await views.renderPage({ sessionId: id, url: new URL("http://localhost/") }))?.body ?? "";
  const found = (pattern: RegExp) => pattern.exec(page)?.[1] ?? "";
  const topic = `lv:${found(/id="([^"]*)"/)}`;
  const socket = upgrade(server, "/live/websocket?vsn=2.0.0", { cookie: cookieOf(id) });
  await wrote(socket, 1);
  const params = { _csrf_token: found(/meta content="([^"]*)"/), _mounts: 0 };
  const join = { url: "http://localhost/", session: found(/data-phx-session="([^"]*)"/), params };
  await answerTo(socket, JSON.stringify(["1", "1", topic, "phx_join", join]));
  const event = (n: number) => ({ type: "click", event: "add_to_cart", value: { product_id: productOf(n) } });
  return {
    name: "live view",
    click: (n) => answerTo(socket, JSON.stringify(["1", `${n + 2}`, topic, "event", event(n)])),
    close: () => void sessions.close(),
  };
}

async function wholeString(): Promise<Side> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  let lines = cart();
  if (cartText(lines) !== htmlText(cartHtml({ cart: lines }))) throw new Error("The two carts are not the same.");
  sockets.on("connection", (socket) => {
    socket.on("message", (data) => {
      lines = added(lines, JSON.parse(String(data)).value.product_id);
      socket.send(cartText(lines));
    });
  });
  const socket = upgrade(server, "/");
  await wrote(socket, 1);
  return {
    name: PEER,
    click: (n) => answerTo(socket, JSON.stringify({ event: "add_to_cart", value: { product_id: productOf(n) } })),
    close: () => sockets.close(),
  };
}

export const row: Row = {
  group: "Live views",
  title: "a click in a live view of a cart",
  about:
    `One more of a product in a cart of ${LINES} rows: from the click's message to the answer written, through the WebSocket ` +
    "code of `ws` on both sides, down to a TCP socket that counts bytes. The peer renders the same cart by template strings " +
    "and sends all of it.",
  async *run() {
    const sides = [await live(), await wholeString()];
    const beside = { [PEER]: { kind: "peer" as const, goal: { atMost: 1 } } };
    yield await compare({
      name: "bytes sent",
      unit: "bytes",
      better: "less",
      sides: sides.map(({ name, click }) => ({ name, measure: () => click(0) })),
      beside,
      rounds: 1,
    });
    let n = 0;
    const rate = ({ click }: Side) =>
      rateOf(CLICKS, async () => {
        for (let each = 0; each < CLICKS; each++) await click(n++);
      });
    yield await compare({
      name: "time from the click to the answer",
      unit: "µs",
      better: "less",
      sides: sides.map((side) => ({ name: side.name, measure: async () => 1e6 / (await rate(side)) })),
      beside,
    });
    for (const { close } of sides) close();
  },
};
