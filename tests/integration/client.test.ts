// The browser client against the real server, over real sockets. The ws package stands in for the browser's WebSocket.

import { createServer } from "node:http";
import { generateSessionId, type LiveApp, localBus, memoryStore, type SessionStore } from "live-session";
import { type CallError, connect, type LiveClient } from "live-session/client";
import { liveSockets } from "live-session/ws";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import { Gate } from "../support/express.ts";
import { rejection } from "../support/sessions.ts";
import { cookie, hub, listen, secret, serve } from "../support/ws.ts";

interface Shop {
  cart: string[];
}

async function shop() {
  const { sessions } = hub<Shop>();
  const gate = new Gate();
  const runs: string[] = [];
  const app = sessions.app({
    view: ({ cart = [] }) => ({ cart }),
    actions: {
      add: sessions.action(z.string().max(20), async (session, id) => {
        runs.push(id);
        await session.update("cart", (cart = []) => [...cart, id]);
        return id.length;
      }),
      slow: sessions.action(z.string(), async (session, id) => {
        runs.push(id);
        await gate.wait();
        await session.update("cart", (cart = []) => [...cart, id]);
      }),
      fail: sessions.action(() => {
        throw new Error("on the server");
      }),
    },
  });
  const { id } = await sessions.create({ cart: [] });
  let server = createServer();
  let sockets = liveSockets(app, { secret }).attach(server, { path: "/live" });
  const port = await listen(server);
  const tabs: WebSocket[] = [];
  onTestFinished(() => sockets.close());

  return {
    sessions,
    gate,
    runs,
    id,
    /** The connections of all tabs, in the order made. */
    tabs,
    tab(of = id): LiveClient<typeof app> {
      const live = connect<typeof app>({
        url: `http://127.0.0.1:${port}/live`,
        retryMin: 20,
        WebSocket: class extends WebSocket {
          constructor(url: string) {
            super(url, { headers: { cookie: cookie(of) } });
            tabs.push(this);
          }
        },
      });
      onTestFinished(() => live.close());
      return live;
    },
    /** Another process takes over the port; what the first knew of tabs is gone. */
    async restart(between = async () => {}): Promise<void> {
      const gone = new Promise((resolve) => server.close(resolve));
      await sockets.close();
      server.closeAllConnections();
      await gone;
      await between();
      server = createServer();
      sockets = liveSockets(app as LiveApp<Shop, unknown, Record<string, unknown>>, { secret }).attach(server, {
        path: "/live",
      });
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      const { close } = server;
      onTestFinished(() => void close.call(server));
    },
  };
}

/** Resolves when what a page sees is so. */
function until<App>(live: LiveClient<App>, isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (!isSo()) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = live.subscribe(check);
    check();
  });
}

const isLive = <App>(live: LiveClient<App>) => until(live, () => live.status === "live");

test("two tabs of a session are in step; a result comes back, and the view holds the effect by then", async () => {
  const { tab } = await shop();
  const [one, two] = [tab(), tab()];
  await Promise.all([isLive(one), isLive(two)]);
  expect(await one.actions.add("kite")).toBe(4);
  expect(one.view).toEqual({ cart: ["kite"] });
  await until(two, () => two.view?.cart.length === 1);
  await two.actions.add("string");
  await until(one, () => one.view?.cart.length === 2);
  expect(one.view).toEqual(two.view);
  expect(one.version).toBe(two.version);
});

test("a guess is confirmed without a flicker, or taken back", async () => {
  const { tab } = await shop();
  const live = tab();
  await isLive(live);
  const seen: unknown[] = [];
  live.subscribe(() => seen.push(live.view?.cart));
  const optimistic = ({ cart }: { cart: readonly string[] }) => ({ cart: [...cart, "kite"] });
  await live.actions.add("kite", { optimistic });
  expect(new Set(seen.map((cart) => JSON.stringify(cart)))).toEqual(new Set(['["kite"]']));
  const failing = rejection(live.actions.fail(undefined, { optimistic }));
  expect(live.view?.cart).toEqual(["kite", "kite"]);
  expect((await failing).code).toBe("action_failed");
  expect(live.view?.cart).toEqual(["kite"]);
});

test("a call in flight on a connection that breaks is answered over the next one, and ran once", async () => {
  const { tab, tabs, gate, runs } = await shop();
  const live = tab();
  await isLive(live);
  const call = live.actions.slow("kite");
  await gate.full; // it runs
  tabs[0]?.terminate();
  await until(live, () => live.status === "stale");
  await isLive(live);
  gate.open();
  await call;
  expect(live.view).toEqual({ cart: ["kite"] });
  expect(runs).toEqual(["kite"]);
});

test("after a restart of the server the client is live again; what waited is sent, what was in flight is not", async () => {
  const { sessions, id, tab, gate, runs, restart } = await shop();
  const live = tab();
  await isLive(live);
  const inFlight = rejection(live.actions.slow("perhaps"));
  await gate.full;
  let waiting: Promise<number> | undefined;
  await restart(async () => {
    await until(live, () => live.status === "stale");
    waiting = live.actions.add("waited");
    await (await sessions.attach(id)).put("cart", ["meanwhile"]);
  });
  expect(await waiting).toBe(6);
  expect(live.view).toEqual({ cart: ["meanwhile", "waited"] });
  expect((await inFlight).code).toBe("outcome_unknown");
  expect(runs).toEqual(["perhaps", "waited"]);
  gate.open();
});

test("a logout elsewhere ends every tab, at once and for good", async () => {
  const { sessions, id, tab, tabs } = await shop();
  const [one, two] = [tab(), tab()];
  await Promise.all([isLive(one), isLive(two)]);
  await sessions.end(id);
  await Promise.all([one, two].map((live) => until(live, () => live.status === "ended")));
  expect([one.endReason, two.endReason]).toEqual(["destroyed", "destroyed"]);
  expect((await rejection(one.actions.add("kite"))).code).toBe("session_ended");
  expect(tabs).toHaveLength(2);
});

test("an end while the connection was away is heard of at the next one", async () => {
  const { sessions, id, tab, restart } = await shop();
  const live = tab();
  await isLive(live);
  await restart(async () => sessions.end(id, "revoked").then(() => {}));
  await until(live, () => live.status === "ended");
  expect(live.endReason).toBe("revoked");
});

test("without a session the client is told, and does not try again", async () => {
  const { tab, tabs } = await shop();
  const live = tab(generateSessionId());
  await until(live, () => live.status === "ended");
  expect(live.endReason).toBe("unknown");
  expect(tabs).toHaveLength(1);
});

test("input that the schema refuses comes back with its issues; input that is too large harms no other call", async () => {
  const { tab } = await shop();
  const live = tab();
  await isLive(live);
  const error = (await rejection(live.actions.add("a name that is far too long"))) as CallError;
  expect(error.code).toBe("invalid_input");
  expect(error.issues).toEqual([{ message: expect.any(String), path: [] }]);
  for (const size of [100_000, 1_000_000]) {
    expect((await rejection(live.actions.add("x".repeat(size)))).code).toBe("message_too_large");
    await isLive(live);
  }
  expect(await live.actions.add("kite")).toBe(4);
});

/** Two nodes on one store that hear nothing of each other, and a tab that connects to one after the other. */
async function twoDeafNodes() {
  const store = memoryStore();
  const away = { is: false };
  const reads: SessionStore = {
    ...store,
    read(key) {
      if (away.is) throw new Error("away");
      return store.read(key);
    },
  };
  const nodes = [store, reads].map((each) => hub<Shop>({ store: each, bus: localBus() }).sessions);
  const [here, there] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
  const app = (sessions: typeof here) => sessions.app({ view: ({ cart = [] }) => ({ cart }) });
  const ports = [(await serve(app(here))).port, (await serve(app(there))).port];
  const { id } = await here.create({ cart: [] });
  const tabs: WebSocket[] = [];
  const live = connect<ReturnType<typeof app>>({
    url: "ws://wherever/live",
    retryMin: 20,
    WebSocket: class extends WebSocket {
      constructor() {
        super(`ws://127.0.0.1:${ports[Math.min(tabs.length, 1)]}/live`, { headers: { cookie: cookie(id) } });
        tabs.push(this);
      }
    },
  });
  onTestFinished(() => live.close());
  const seen: (number | undefined)[] = [];
  live.subscribe(() => seen.push(live.version));
  await isLive(live);
  // Someone is attached there, so that a tab that comes finds the snapshot of version 1.
  await there.attach(id);
  await (await here.attach(id)).put("cart", ["kite"]);
  await until(live, () => live.version === 2);
  return { live, seen, tabs, away };
}

test("a tab that comes to a node which is behind does not go back in time: that node catches up first", async () => {
  const { live, seen, tabs } = await twoDeafNodes();
  tabs[0]?.terminate();
  await until(live, () => live.status !== "live");
  await isLive(live);
  expect(seen).toEqual([...seen].sort());
  expect(live.view).toEqual({ cart: ["kite"] });
});

test("a node that is behind and cannot ask the store sends a tab away until it can", async () => {
  const { live, seen, tabs, away } = await twoDeafNodes();
  away.is = true;
  const refused = new Promise((resolve) => {
    tabs[0]?.once("close", async () => {
      while (tabs.length < 2) await new Promise(setImmediate);
      tabs[1]?.once("close", resolve);
    });
  });
  tabs[0]?.terminate();
  expect(await refused).toBe(1013);
  away.is = false;
  await isLive(live);
  expect(seen).toEqual([...seen].sort());
});
