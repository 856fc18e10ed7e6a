// The client as a page has it, one promise of docs/client.md at a time.

import { type CallError, type ConnectOptions, connect } from "live-session/client";
import { ManualClock } from "live-session/conformance";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ServerMessage } from "../../src/core/wire.ts";
import { type ModelApp, ModelServer, type ModelSocket, type ModelView } from "../support/model-server.ts";
import { rejection, settle } from "../support/sessions.ts";

function start(options: Partial<ConnectOptions> = {}, server = new ModelServer()) {
  const clock = new ManualClock();
  const live = connect<ModelApp>({
    url: "ws://model/live",
    WebSocket: server.WebSocket,
    after: (ms, callback) => clock.after(ms, callback),
    random: () => 0.5,
    ...options,
  });
  return { server, clock, live, flow: () => server.last.flow() };
}

function started(options?: Partial<ConnectOptions>) {
  const world = start(options);
  world.flow();
  return world;
}

const adding =
  (label: string) =>
  ({ labels }: ModelView): ModelView => ({ labels: [...labels, label] });

/** The next thing that the server did arrives, once it has got everything. */
function serveAll({ server }: { server: ModelServer }): void {
  while (server.last.toServer.length > 0) server.last.serve();
}

afterEach(() => vi.unstubAllGlobals());

describe("status and view", () => {
  test("connecting until the first view, live with it, stale while the connection is away, live again", () => {
    const { server, clock, live, flow } = start();
    const seen: unknown[] = [[live.status, live.view]];
    live.subscribe(() => seen.push([live.status, live.view]));
    flow();
    server.last.cut();
    flow();
    server.write("meanwhile");
    clock.advance(500);
    flow();
    expect(seen).toEqual([
      ["connecting", undefined],
      ["live", { labels: [] }],
      ["stale", { labels: [] }],
      ["live", { labels: ["meanwhile"] }],
    ]);
  });

  test("stale while the server says so", () => {
    const { server, live, flow } = started();
    server.last.tell({ t: "status", status: "stale" });
    flow();
    expect(live.status).toBe("stale");
    server.last.tell({ t: "status", status: "live" });
    flow();
    expect(live.status).toBe("live");
  });

  test("after a new connection it is not live before the server has sent a view", () => {
    const { server, clock, live, flow } = started();
    server.last.cut();
    flow();
    clock.advance(500);
    server.last.arrive(); // open
    server.last.serve(); // hello
    server.last.arrive(); // welcome
    expect(live.status).toBe("stale");
    server.last.arrive(); // view
    expect(live.status).toBe("live");
  });

  test("the view is the same object until it changed, whatever comes in between", async () => {
    const { server, clock, live, flow } = started();
    const listener = vi.fn();
    const { view } = live;
    live.subscribe(listener);
    server.version++; // a change of something that the view does not show
    server.last.tell(server.view(), server.view());
    const call = rejection(live.actions.refuse("a"));
    flow();
    await call;
    expect(live.view).toBe(view);
    expect(live.version).toBe(2);
    expect(listener).not.toHaveBeenCalled();
    server.last.cut();
    flow();
    clock.advance(500);
    flow();
    expect(live.view).toBe(view);
  });

  test("a view older than the one shown is dropped", () => {
    const { server, live, flow } = started();
    const old = server.view();
    server.write("new");
    server.last.tell(old);
    flow();
    expect(live.view).toEqual({ labels: ["new"] });
    expect(live.version).toBe(2);
  });

  test("another server, which knows nothing of the tab, may count from anew", () => {
    const { server, clock, live, flow } = started();
    server.write("old");
    flow();
    server.version = 0;
    server.restart();
    flow();
    clock.advance(500);
    flow();
    expect(live.version).toBe(0);
    expect(live.status).toBe("live");
  });

  test("a listener that throws keeps none from the others, and its error is seen", async () => {
    const uncaught = new Promise((resolve) => {
      vi.stubGlobal("queueMicrotask", (task: () => void) => {
        try {
          task();
        } catch (error) {
          resolve(error);
        }
      });
    });
    const { live, flow } = start();
    const listener = vi.fn();
    live.subscribe(() => {
      throw new Error("mine");
    });
    live.subscribe(listener);
    flow();
    expect(listener).toHaveBeenCalledOnce();
    expect(await uncaught).toEqual(new Error("mine"));
  });

  test("a listener that another one unsubscribes is not called any more", () => {
    const { live, flow } = start();
    const listener = vi.fn();
    live.subscribe(() => unsubscribe());
    const unsubscribe = live.subscribe(listener);
    flow();
    expect(listener).not.toHaveBeenCalled();
  });

  test("a listener is called until it unsubscribes; one that subscribed twice is two", () => {
    const { server, live, flow } = start();
    const listener = vi.fn();
    const unsubscribe = live.subscribe(listener);
    live.subscribe(listener);
    flow();
    expect(listener).toHaveBeenCalledTimes(2);
    unsubscribe();
    unsubscribe();
    server.write("a");
    flow();
    expect(listener).toHaveBeenCalledTimes(3);
  });
});

describe("connections", () => {
  test.each([
    ["https://shop.example/live", "wss://shop.example/live"],
    ["ws://shop.example/live", "ws://shop.example/live"],
    ["/live?x=1", "wss://page.example/live?x=1"],
  ])("%s is %s", (url, socket) => {
    vi.stubGlobal("location", { href: "https://page.example/cart#top" });
    expect(start({ url }).server.last.url).toBe(socket);
  });

  test("without a page, a path is no URL; without a WebSocket, there is nothing to connect with", () => {
    expect(() => start({ url: "/live" })).toThrow(TypeError);
    vi.stubGlobal("WebSocket", undefined);
    expect(() => connect({ url: "ws://model/" })).toThrow("connect: pass a WebSocket");
  });

  test("the wait before the next is random, up to the bound", () => {
    const { server, clock, flow } = started({ random: () => 0.25 });
    server.last.cut();
    flow();
    clock.advance(124);
    expect(server.all).toHaveLength(1);
    clock.advance(1);
    expect(server.all).toHaveLength(2);
  });

  test("one that is dead without saying so is noticed by a ping without an answer, and given up", () => {
    const { server, clock, live, flow } = started();
    clock.advance(25_000);
    flow(); // pong
    clock.advance(25_000);
    expect(server.last.toServer).toEqual(['{"t":"ping"}']);
    clock.advance(9_999);
    expect(live.status).toBe("live");
    clock.advance(1);
    expect(live.status).toBe("stale");
    const [first] = server.all;
    expect(first?.closed).toBe(true);
    clock.advance(500);
    expect(server.all).toHaveLength(2);
  });

  test("one that does not open, or says no welcome, is given up", () => {
    const { server, clock } = start();
    clock.advance(10_000 + 250);
    expect(server.all).toHaveLength(2);
    server.last.arrive();
    clock.advance(10_000 + 500);
    expect(server.all).toHaveLength(3);
  });

  test("the browser is online again: at once, and a connection that is there is tested", () => {
    const listeners = new Map<string, () => void>();
    vi.stubGlobal("addEventListener", (name: string, listener: () => void) => listeners.set(name, listener));
    const { server, flow } = started();
    server.last.cut();
    flow();
    listeners.get("online")?.();
    expect(server.all).toHaveLength(2);
    flow();
    listeners.get("online")?.();
    listeners.get("online")?.();
    expect(server.last.toServer).toEqual(['{"t":"ping"}']);
  });

  test("the tab is looked at again: at once; after close() it is left in peace", () => {
    const document = Object.assign(new EventTarget(), { hidden: true });
    vi.stubGlobal("document", document);
    const listen = vi.spyOn(document, "addEventListener");
    const { server, live, flow } = started();
    server.last.cut();
    flow();
    document.dispatchEvent(new Event("visibilitychange"));
    expect(server.all).toHaveLength(1);
    document.hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    expect(server.all).toHaveLength(2);
    live.close();
    expect(listen.mock.calls[0]).toMatchObject([expect.anything(), expect.anything(), { signal: { aborted: true } }]);
  });

  test("what a connection that was given up still says is not listened to", () => {
    const { server, clock, live, flow } = started();
    clock.advance(25_000 + 10_000 + 250);
    flow();
    const [first] = server.all as [ModelSocket];
    expect(first).not.toBe(server.last);
    first.closed = false; // it speaks all the same
    first.tell({ t: "view", version: 9, view: { labels: ["from the old one"] } });
    first.arrive();
    expect(live.view).toEqual({ labels: [] });
    expect(live.status).toBe("live");
  });

  test.each([
    "not JSON",
    "null",
    "[]",
    "7",
    "{}",
    '{"t":7}',
    '{"t":"view","version":"2","view":{}}',
    '{"t":"view","version":2}',
    '{"t":"ok"}',
    '{"t":"ok","id":"1"}',
    '{"t":"error","id":"1","code":"a","message":""}',
    '{"t":"welcome","v":1}',
    '{"t":"welcome","v":1,"resumed":true}',
  ])("a message that is none (%s) changes nothing shown, and leads to a new connection", (text) => {
    const { server, clock, live, flow } = started();
    server.last.queue({ data: text });
    flow();
    expect(live.view).toEqual({ labels: [] });
    expect(live.status).toBe("stale");
    clock.advance(500);
    flow();
    expect(live.status).toBe("live");
  });

  test("binary data is no message", () => {
    const { server, live, flow } = started();
    server.last.queue({ data: Buffer.from(JSON.stringify(server.view())) });
    flow();
    expect(live.status).toBe("stale");
  });

  test.each(['{"t":"news"}', '{"t":"constructor"}', '{"t":"garbage"}', '{"t":"close"}'])(
    "a message of a later protocol (%s) is ignored",
    (text) => {
      const { server, live, flow } = started();
      server.last.queue({ data: text });
      flow();
      expect(live.status).toBe("live");
    },
  );

  test("a WebSocket that cannot be made is tried again", async () => {
    const errors: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (task: () => void) => {
      try {
        task();
      } catch (error) {
        errors.push(error);
      }
    });
    const server = new ModelServer();
    let blocked = true;
    const WebSocket = class extends server.WebSocket {
      constructor(url: string) {
        if (blocked) throw new Error("blocked");
        super(url);
      }
    };
    const { clock, live, flow } = start({ WebSocket }, server);
    blocked = false;
    clock.advance(10_000 + 250);
    flow();
    expect(live.status).toBe("live");
    expect(errors).toEqual([new Error("blocked")]);
  });
});

describe("the end", () => {
  test.each<[ServerMessage, string]>([
    [{ t: "ended", reason: "revoked" }, "revoked"],
    [{ t: "error", code: "unknown_session", message: "" }, "unknown"],
  ])("%o is final", async (message, reason) => {
    const { server, clock, live, flow } = started();
    const call = rejection(live.actions.add("a"));
    server.last.tell(message, { close: 1008 });
    server.last.arrive();
    expect(live.status).toBe("ended");
    expect(live.endReason).toBe(reason);
    expect(live.view).toEqual({ labels: [] });
    expect((await call).code).toBe("session_ended");
    expect((await rejection(live.actions.add("b"))).code).toBe("session_ended");
    flow();
    live.reconnect();
    live.close();
    clock.advance(3_600_000);
    expect(server.all).toHaveLength(1);
    expect(live.endReason).toBe(reason);
  });

  test("a guess of a call that the end rejected is not shown any more", async () => {
    const { server, live } = started();
    const call = rejection(live.actions.add("a", { optimistic: adding("a") }));
    server.last.tell({ t: "ended", reason: "destroyed" });
    server.last.arrive();
    expect(live.view).toEqual({ labels: [] });
    await call;
  });

  test("close() disconnects for good, stops every timer, and rejects what is pending", async () => {
    let timers = 0;
    const clock = new ManualClock();
    const after = (ms: number, callback: () => void) => {
      timers++;
      const cancel = clock.after(ms, callback);
      return () => {
        timers--;
        cancel();
      };
    };
    const { server, live } = started({ after });
    const call = rejection(live.actions.add("a"));
    live.close();
    live.close();
    expect((await call).code).toBe("closed");
    expect((await rejection(live.actions.add("b"))).code).toBe("closed");
    expect([live.status, live.endReason]).toEqual(["ended", "closed"]);
    expect(server.last.closed).toBe(true);
    expect(timers).toBe(0);
    clock.advance(3_600_000);
    expect(server.all).toHaveLength(1);
  });
});

describe("calls", () => {
  test("one that was made before the connection is sent with it, in order", async () => {
    const { server, live, flow } = start();
    const calls = [live.actions.add("a"), live.actions.add("b")];
    flow();
    expect(await Promise.all(calls)).toEqual(["a", "b"]);
    expect(server.labels).toEqual(["a", "b"]);
  });

  test("one in flight is sent again to a server that knows the tab, and is not run again", async () => {
    const world = started();
    const { server, clock, live, flow } = world;
    const call = live.actions.add("a");
    serveAll(world); // it ran, but the answer is lost
    server.last.cut();
    flow();
    clock.advance(500);
    flow();
    expect(await call).toBe("a");
    expect(server.runs.get("a")).toBe(1);
  });

  test("one in flight is not sent to a server that knows nothing of it, one that only waited is", async () => {
    const world = started();
    const { server, clock, live, flow } = world;
    const inFlight = rejection(live.actions.add("a"));
    serveAll(world);
    server.restart();
    flow();
    const waiting = live.actions.add("b");
    clock.advance(500);
    flow();
    expect((await inFlight).code).toBe("outcome_unknown");
    expect(await waiting).toBe("b");
    expect(server.labels).toEqual(["a", "b"]);
  });

  test("one that waited for a connection is in flight from then on, as any other", async () => {
    const world = start();
    const { server, clock, live, flow } = world;
    const call = rejection(live.actions.add("a"));
    server.last.arrive(); // open
    server.last.serve(); // hello
    server.last.arrive(); // welcome
    serveAll(world); // it ran, but the answer is lost
    server.restart();
    flow();
    clock.advance(500);
    flow();
    expect((await call).code).toBe("outcome_unknown");
    expect(server.runs.get("a")).toBe(1);
  });

  test("a server that only knows the tab by a welcome that was lost does not get what another one may have run", async () => {
    const world = started();
    const { server, clock, live, flow } = world;
    const call = rejection(live.actions.add("a"));
    serveAll(world);
    server.restart();
    flow();
    clock.advance(500);
    server.last.arrive(); // open
    server.last.serve(); // hello: from now on the tab is known again
    server.last.cut();
    flow();
    clock.advance(1_000);
    flow();
    expect((await call).code).toBe("outcome_unknown");
    expect(server.runs.get("a")).toBe(1);
  });

  test("while there is no connection so many may be pending; one more is rejected, and never sent", async () => {
    const { server, live, flow } = start({ maxQueued: 1 });
    const first = live.actions.add("a");
    expect((await rejection(live.actions.add("b"))).code).toBe("not_connected");
    flow();
    await first;
    expect(server.labels).toEqual(["a"]);
  });

  test("a refusal carries the server's code, message and issues", async () => {
    const { server, live, flow } = started();
    const call = rejection(live.actions.add("a"));
    const issues = [{ message: "no", path: ["id"] }];
    server.last.tell({ t: "error", id: 1, code: "invalid_input", message: "words", issues });
    flow();
    const error = (await call) as CallError;
    expect({ ...error, message: error.message }).toEqual({
      name: "CallError",
      code: "invalid_input",
      message: "words",
      issues,
    });
  });

  test.each<[string, (server: ModelServer) => void]>([
    ["says so", ({ last }) => last.tell({ t: "error", code: "message_too_large", message: "too large" })],
    ["cuts it off", ({ last }) => last.cut(1009)],
  ])("one too large is rejected when the server %s, and does not break the next connection", async (_how, refuse) => {
    const { server, clock, live, flow } = started();
    const call = rejection(live.actions.add("huge"));
    refuse(server);
    server.last.arrive();
    expect((await call).code).toBe("message_too_large");
    clock.advance(500);
    flow();
    expect(live.status).toBe("live");
    expect(server.runs.size).toBe(0);
  });

  test("when the server did not understand one of several, none of them is sent again", async () => {
    const { server, clock, live, flow } = started();
    const calls = [rejection(live.actions.add("a")), rejection(live.actions.add("b"))];
    server.last.tell({ t: "error", code: "bad_message", message: "" });
    server.last.arrive();
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(["outcome_unknown", "outcome_unknown"]);
    clock.advance(500);
    flow();
    expect(server.runs.size).toBe(0);
  });

  test("input that is not JSON is rejected at once, and is as it was when the call was made", async () => {
    const { server, live, flow } = start();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect((await rejection(live.actions.add(cycle as unknown as string))).code).toBe("not_json");
    const list = ["a"];
    const call = live.actions.add(list as unknown as string);
    list.push("b");
    flow();
    await call;
    expect(server.labels).toEqual(["a"]);
  });

  test("an aborted one is rejected and, if it was not sent, never is", async () => {
    const { server, live, flow } = start();
    const controller = new AbortController();
    const call = rejection(live.actions.add("a", { signal: controller.signal, optimistic: adding("a") }));
    controller.abort("enough");
    const error = (await call) as CallError;
    expect([error.code, error.cause]).toEqual(["aborted", "enough"]);
    expect((await rejection(live.actions.add("b", { signal: controller.signal }))).code).toBe("aborted");
    flow();
    expect(server.runs.size).toBe(0);
    expect(live.view).toEqual({ labels: [] });
  });

  test("a signal that outlives its call is let go", async () => {
    const { live, flow } = started();
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, "removeEventListener");
    const call = live.actions.add("a", { signal: controller.signal });
    flow();
    await call;
    expect(remove).toHaveBeenCalledOnce();
    controller.abort();
    await settle();
  });

  test("actions is no promise, and an action is the same function each time", async () => {
    const { live } = start();
    expect(await live.actions).toBe(live.actions);
    expect(live.actions.add).toBe(live.actions.add);
  });
});

describe("optimistic updates", () => {
  test("are shown at once, on top of what the server sends meanwhile, and give way to the server's", async () => {
    const world = started();
    const { server, clock, live, flow } = world;
    const call = live.actions.add("a", { optimistic: () => ({ labels: ["guess"] }) });
    expect(live.view).toEqual({ labels: ["guess"] });
    serveAll(world);
    flow();
    expect(live.view).toEqual({ labels: ["a"] });
    expect(await call).toBe("a");
    const second = live.actions.add("b", { optimistic: adding("b") });
    server.last.tell({ t: "view", version: 9, view: { labels: ["a", "another's"] } });
    server.last.arrive();
    clock.advance(100);
    expect(live.view).toEqual({ labels: ["a", "another's", "b"] });
    live.close();
    await rejection(second);
  });

  test("the effect and the guess of it are never shown together", async () => {
    const world = started();
    const { live, flow } = world;
    const seen: unknown[] = [];
    live.subscribe(() => seen.push(live.view?.labels));
    const call = live.actions.add("a", { optimistic: adding("a") });
    flow(); // view, then ok
    await call;
    expect(seen).toEqual([["a"], ["a"]]);
  });

  test("a view waits for an answer for 100 ms at most", () => {
    const { server, clock, live, flow } = started();
    rejection(live.actions.add("a", { optimistic: adding("a") }));
    server.last.toServer.length = 0; // the answer will be long in coming
    server.write("another's");
    flow();
    clock.advance(99);
    expect(live.view).toEqual({ labels: ["a"] });
    clock.advance(1);
    expect(live.view).toEqual({ labels: ["another's", "a"] });
    expect(live.version).toBe(2);
  });

  test("of one call do not keep the effect of another from being shown when that resolves", async () => {
    const { server, live, flow } = started();
    rejection(live.actions.add("a", { optimistic: adding("a") }));
    server.last.toServer.length = 0; // the answer will be long in coming
    const plain = live.actions.add("b");
    flow();
    await plain;
    expect(live.view).toEqual({ labels: ["b", "a"] });
  });

  test("stay the same object when a call without one is answered", async () => {
    const { server, live, flow } = started();
    rejection(live.actions.add("a", { optimistic: adding("a") }));
    server.last.toServer.length = 0;
    const { view } = live;
    const plain = rejection(live.actions.refuse("b"));
    flow();
    await plain;
    expect(live.view).toBe(view);
  });

  test("are taken back when the call fails", async () => {
    const { live, flow } = started();
    const call = rejection(live.actions.refuse("a", { optimistic: adding("a") }));
    expect(live.view).toEqual({ labels: ["a"] });
    flow();
    expect((await call).code).toBe("action_failed");
    expect(live.view).toEqual({ labels: [] });
  });

  test("one that throws is none: the call goes on, and its error is seen", async () => {
    const errors: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (task: () => void) => {
      try {
        task();
      } catch (error) {
        errors.push(error);
      }
    });
    const { server, clock, live, flow } = started();
    const call = live.actions.add("a", {
      optimistic: () => {
        throw new Error("mine");
      },
    });
    server.last.tell({ t: "view", version: 1, view: { labels: ["another's"] } });
    server.last.arrive();
    clock.advance(100); // it is not guessed again on the new view
    flow();
    expect(await call).toBe("a");
    expect(live.view).toEqual({ labels: ["a"] });
    expect(errors).toEqual([new Error("mine")]);
  });

  test("before the first view there is nothing to guess on", async () => {
    const { live, flow } = start();
    const call = live.actions.add("a", { optimistic: adding("a") });
    expect(live.view).toBeUndefined();
    flow();
    await call;
    expect(live.view).toEqual({ labels: ["a"] });
  });
});
