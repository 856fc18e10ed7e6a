// Live views: what "add to cart" costs on the wire, and a thousand views of one session in one process, without a network
// and over real WebSockets, whose other ends are in a process of their own.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createLiveSessions, type LiveSessions } from "live-session";
import { html, htmlText } from "live-session/liveview";
import { Connection } from "../src/liveview/connection.ts";
import { renderPage } from "../src/liveview/page.ts";
import { makeRouter } from "../src/liveview/router.ts";
import type { LiveViewServer } from "../src/liveview/server.ts";
import { makeTokens } from "../src/liveview/tokens.ts";
import { Cart, type Line, line, type Shop } from "./support/liveview-cart.ts";
import type { ServerAnswer, ServerOrder } from "./support/liveview-server.ts";

function liveServer(sessions: LiveSessions<Shop>): LiveViewServer {
  return {
    sessions: sessions as unknown as LiveViewServer["sessions"],
    router: makeRouter({ "/": Cart }),
    tokens: makeTokens(["a secret of the benchmark"], 3_600_000),
    layout: ({ content, csrfToken }) => html`${content}<meta content="${csrfToken}">`,
    clock: sessions.clock,
    report: sessions.report,
    cookieMissed: () => {},
    activity: false,
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
      { sessionId, allowsOrigin: () => true, allowance: server.sessions.limits.connection(null, null) },
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

/** As many views of one session, and as quickly, as no browser has. */
const limits = false;

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
  const sessions = createLiveSessions<Shop>({ limits });
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
  for (const { connection } of all) connection.closed();
  await sessions.close();
  return {
    [`${count} views: put to last diff, median ms`]: round(median(times)),
    [`${count} views: put to last diff, worst ms`]: round(Math.max(...times)),
    [`${count} views: heap a view, bytes`]: Math.round(memory),
  };
}

/** One process with the server, one with the browsers' ends. */
class Both {
  readonly #server = start("liveview-server.ts");
  readonly #clients = start("liveview-clients.ts");

  async open(): Promise<void> {
    const [{ url, cookie }] = (await once(this.#server, "message")) as [{ url: string; cookie: string }];
    await this.clients({ url, cookie });
  }

  server(order: ServerOrder): Promise<ServerAnswer> {
    return this.#ask(this.#server, { order }) as Promise<ServerAnswer>;
  }

  /** Resolves to the time, on the machine's own clock; of the last diff, where diffs were counted. */
  clients(order: object): Promise<{ readonly at: number }> {
    return this.#ask(this.#clients, order) as Promise<{ at: number }>;
  }

  close(): void {
    this.#server.kill("SIGKILL");
    this.#clients.kill("SIGKILL");
  }

  async #ask(child: ChildProcess, order: object): Promise<unknown> {
    child.send(order);
    const [answer] = await once(child, "message");
    return answer;
  }
}

function start(file: string): ChildProcess {
  const path = fileURLToPath(new URL(`support/${file}`, import.meta.url));
  return fork(path, { execArgv: ["--expose-gc", "--import", "tsx"] });
}

/** From a put to the last diff written, and to the last client that has it. */
async function overSockets(count: number): Promise<Record<string, number>> {
  const both = new Both();
  try {
    await both.open();
    await both.clients({ open: 10 }); // what is loaded once
    await both.clients({ close: true });
    const before = await both.server("left");
    await both.clients({ open: count });
    const after = await both.server("memory");
    if (after.views !== count) throw new Error(`Only ${after.views} views are joined.`);
    const written: number[] = [];
    const received: number[] = [];
    for (let round = 0; round < 21; round++) {
      await both.clients({ count });
      const put = await both.server("put");
      const last = await both.clients({ counted: true });
      written.push(put.written - put.began);
      received.push(last.at - put.began);
    }
    const name = count === 1 ? "1 view over a WebSocket" : `${count} views over WebSockets`;
    return {
      [`${name}: put to last diff written, median ms`]: round(median(written)),
      [`${name}: put to last diff written, worst ms`]: round(Math.max(...written)),
      [`${name}: put to last client has it, median ms`]: round(median(received)),
      [`${name}: put to last client has it, worst ms`]: round(Math.max(...received)),
      // Of one alone, what the process does besides would be all there is to see.
      ...(count >= 100 && {
        [`${name}: heap a view, bytes`]: Math.round((after.heap - before.heap) / count),
        [`${name}: resident a view, bytes`]: Math.round((after.resident - before.resident) / count),
      }),
    };
  } finally {
    both.close();
  }
}

/** The server's heap after each of ten rounds in which so many views join and hang up. */
async function leakOverSockets(count: number): Promise<Record<string, number>> {
  const both = new Both();
  const after: number[] = [];
  try {
    await both.open();
    for (let round = 0; round < 11; round++) {
      await both.clients({ open: count });
      const { views } = await both.server("memory");
      if (views !== count) throw new Error(`Only ${views} views are joined.`);
      await both.clients({ close: true });
      after.push((await both.server("left")).heap);
    }
  } finally {
    both.close();
  }
  return heapRounds(`${count} views over WebSockets`, after);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

/** The first round warms up. */
function heapRounds(name: string, after: readonly number[]): Record<string, number> {
  return {
    [`${name}: heap after round 1, KiB`]: Math.round((after[1] as number) / 1024),
    [`${name}: heap after round 10, KiB`]: Math.round((after[10] as number) / 1024),
  };
}

/** The heap after each of ten rounds of so many views that join and leave. */
async function leak(count: number): Promise<Record<string, number>> {
  const sessions = createLiveSessions<Shop>({ limits });
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
  return heapRounds(`${count} views`, after);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export async function run(): Promise<void> {
  console.table({ ...(await bytes()), ...(await fanOut(1)), ...(await fanOut(1_000)), ...(await leak(1_000)) });
  console.table({ ...(await overSockets(1)), ...(await overSockets(1_000)), ...(await leakOverSockets(1_000)) });
}
