// Live views: what "add to cart" costs on the wire, and a thousand views of one session in one process.
// Alone: `node --expose-gc --import tsx bench/liveview.ts`

import { pathToFileURL } from "node:url";
import { createLiveSessions, type LiveSessions } from "live-session";
import { assign, each, html, htmlText, liveView, maybeSubscribe } from "live-session/liveview";
import { Connection } from "../src/liveview/connection.ts";
import { renderPage } from "../src/liveview/page.ts";
import { makeRouter } from "../src/liveview/router.ts";
import type { LiveViewServer } from "../src/liveview/server.ts";
import { makeTokens } from "../src/liveview/tokens.ts";

interface Line {
  id: string;
  name: string;
  price: number;
  quantity: number;
}
interface Shop {
  cart: Line[];
}

const line = (index: number): Line => ({
  id: `kite-${index}`,
  name: `Kite number ${index}`,
  price: 3200 + index,
  quantity: 1,
});

const row = ({ id, name, price, quantity }: Readonly<Line>) => html`<li class="cart-line" id="line-${id}">
    <img src="/pictures/${id}.svg" alt="" width="64" height="64">
    <div class="cart-what"><h3>${name}</h3><p>${price} each</p></div>
    <p class="cart-sum">${price * quantity}</p>
    <button class="step" phx-click="remove_from_cart" phx-value-product_id="${id}">−</button>
    <span class="count">${quantity}</span>
    <button class="step" phx-click="add_to_cart" phx-value-product_id="${id}">+</button>
  </li>`;

const Cart = liveView<{ cart: Line[] }, Shop>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    assign(socket, { cart: session.cart ?? [] });
  },
  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assign(socket, { cart: message.session.cart ?? [] });
  },
  render: ({ cart }) => html`<aside class="cart"><h2>Your cart</h2><span>${cart.length} items</span>
    <ul>${each(cart, ({ id }) => id, row)}</ul>
    <p>Total ${cart.reduce((sum, { price, quantity }) => sum + price * quantity, 0)}</p></aside>`,
});

function liveServer(sessions: LiveSessions<Shop>): LiveViewServer {
  return {
    sessions: sessions as unknown as LiveViewServer["sessions"],
    router: makeRouter({ "/": Cart }),
    tokens: makeTokens(["a secret of the benchmark"], 3_600_000),
    layout: ({ content, csrfToken }) => html`${content}<meta content="${csrfToken}">`,
    clock: sessions.clock,
    report: sessions.report,
    cookieMissed: () => {},
    version: "1.2.12",
    maxWaiting: 1_000,
    maxViews: 50,
  };
}

interface Viewer {
  readonly connection: Connection;
  readonly received: string[];
  /** Called with each message. */
  told: () => void;
}

/** A page and its joined view, as a browser has them, without the network in between. */
async function view(server: LiveViewServer, sessionId: string): Promise<Viewer> {
  const url = new URL("http://localhost/");
  const page = (await renderPage(server, { sessionId, url }))?.body ?? "";
  const found = (pattern: RegExp) => pattern.exec(page)?.[1] ?? "";
  const received: string[] = [];
  const viewer: Viewer = {
    received,
    told: () => {},
    connection: new Connection(
      server,
      {
        send: (text) => {
          received.push(text);
          viewer.told();
        },
        close() {},
      },
      { sessionId, allowsOrigin: () => true },
    ),
  };
  const joined = new Promise<void>((resolve) => {
    viewer.told = resolve;
  });
  const params = { _csrf_token: found(/meta content="([^"]*)"/), _mounts: 0 };
  const join = { url: url.href, session: found(/data-phx-session="([^"]*)"/), params };
  viewer.connection.receive(JSON.stringify(["1", "1", `lv:${found(/id="([^"]*)"/)}`, "phx_join", join]));
  await joined;
  return viewer;
}

function views(server: LiveViewServer, sessionId: string, count: number): Promise<Viewer[]> {
  return Promise.all(Array.from({ length: count }, () => view(server, sessionId)));
}

function heap(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Bytes of one "add to cart" with 50 rows, to what the whole view is. */
async function bytes(): Promise<Record<string, number>> {
  const sessions = createLiveSessions<Shop>();
  const { id } = await sessions.create({ cart: Array.from({ length: 50 }, (_, index) => line(index)) });
  const viewer = await view(liveServer(sessions), id);
  const told = new Promise<void>((resolve) => {
    viewer.told = resolve;
  });
  const live = await sessions.attach(id);
  await live.update("cart", (cart = []) => [line(99), ...cart]);
  await told;
  const whole = htmlText(Cart.definition.render({ cart: live.data.cart ?? [] } as never, {} as never));
  await sessions.close();
  const [join = "", diff = ""] = viewer.received;
  return {
    "bytes: diff": Buffer.byteLength(diff),
    "bytes: whole HTML": Buffer.byteLength(whole),
    "bytes: join, as a tree": Buffer.byteLength(join),
  };
}

/** From a put to the last diff handed to its transport, by number of views. */
async function fanOut(count: number): Promise<Record<string, number>> {
  const sessions = createLiveSessions<Shop>();
  const { id } = await sessions.create({ cart: Array.from({ length: 10 }, (_, index) => line(index)) });
  const server = liveServer(sessions);
  await view(server, id); // what is loaded once
  const before = heap();
  const all = await views(server, id, count);
  for (const viewer of all) viewer.received.length = 0;
  const memory = (heap() - before) / count;
  const live = await sessions.attach(id);
  const times: number[] = [];
  for (let round = 0; round < 21; round++) {
    let missing = count;
    const done = new Promise<void>((resolve) => {
      for (const viewer of all) viewer.told = () => --missing === 0 && resolve();
    });
    const start = performance.now();
    await live.put("cart", [line(100 + round), ...(live.data.cart ?? []).slice(0, 10)] as Line[]);
    await done;
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  for (const { connection } of all) connection.closed();
  await sessions.close();
  return {
    [`${count} views: put to last diff, median ms`]: round(times[10] as number),
    [`${count} views: put to last diff, worst ms`]: round(times.at(-1) as number),
    [`${count} views: heap a view, bytes`]: Math.round(memory),
  };
}

/** The heap after each of ten rounds of so many views that join and leave. */
async function leak(count: number): Promise<Record<string, number>> {
  const sessions = createLiveSessions<Shop>();
  const { id } = await sessions.create({ cart: [line(1)] });
  const server = liveServer(sessions);
  const after: number[] = [];
  for (let round = 0; round < 11; round++) {
    const all = await views(server, id, count);
    for (const { connection } of all) connection.closed();
    await turn();
    after.push(heap());
  }
  await sessions.close();
  // The first round warms up.
  return {
    [`${count} views: heap after round 1, KiB`]: Math.round((after[1] as number) / 1024),
    [`${count} views: heap after round 10, KiB`]: Math.round((after[10] as number) / 1024),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export async function run(): Promise<void> {
  console.table({ ...(await bytes()), ...(await fanOut(1)), ...(await fanOut(1_000)), ...(await leak(1_000)) });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await run();
