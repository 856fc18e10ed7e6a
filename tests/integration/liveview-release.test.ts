// A view that is over lets go of its session at once, however it ended.

import { localBus } from "live-session";
import { html, liveView, maybeSubscribe, pushNavigate } from "live-session/liveview";
import { expect, test } from "vitest";
import { serveLiveViews, type Tab, type TestServer, type TestSession } from "../support/liveview.ts";

const ends: string[] = [];

const View = liveView<object, TestSession>({
  mount: (_params, session, socket) => void maybeSubscribe(socket, session),
  handleEvent: {
    go: (_params, socket) => void pushNavigate(socket, "/"),
    fail() {
      throw new Error("broken");
    },
  },
  terminate: () => void ends.push("over"),
  render: () => html`<p></p>`,
});

/** A bus that counts who listens. */
function countingBus() {
  const bus = localBus();
  const waiting = new Set<() => void>();
  const counting = {
    ...bus,
    open: 0,
    async subscribe(...parameters: Parameters<typeof bus.subscribe>) {
      const stop = await bus.subscribe(...parameters);
      counting.open++;
      return () => {
        counting.open--;
        stop();
        for (const wake of waiting) wake();
      };
    },
    /** Resolves when nobody listens. */
    async empty() {
      while (counting.open > 0) await new Promise<void>((resolve) => waiting.add(resolve));
    },
  };
  return counting;
}

const sent = (tab: Tab, event: string) =>
  tab.send(JSON.stringify([tab.joinRef, "9", tab.topic, "event", { type: "click", event, value: {} }]));

const ways: [what: string, end: (tab: Tab, server: TestServer) => unknown][] = [
  ["by leaving", (tab) => tab.push("phx_leave", {})],
  ["with its connection", (tab) => tab.socket.terminate()],
  ["by an error", (tab) => sent(tab, "fail")],
  ["by going elsewhere", (tab) => tab.event("go")],
  ["by a message that is none", (tab) => tab.send("no message")],
  ["when the server closes", (_tab, { views }) => views.close()],
];

test.each(ways)("%s", async (_what, end) => {
  ends.length = 0;
  const bus = countingBus();
  const server = await serveLiveViews({ "/": View }, { sessions: { bus } });
  const tab = await server.visitor().tab("/");
  expect([bus.open, server.views.connections]).toEqual([1, 1]);
  expect(server.sessions.attached().connections).toEqual({ liveview: 1 });
  await end(tab, server);
  await bus.empty();
  expect(ends).toEqual(["over"]);
});

test("a join that is refused holds nothing", async () => {
  const bus = countingBus();
  const server = await serveLiveViews({ "/": View }, { sessions: { bus } });
  const ada = server.visitor();
  const tab = await ada.connect(await ada.open("/"));
  expect((await tab.join({ session: "forged" })).status).toBe("error");
  await bus.empty();
  expect(bus.open).toBe(0);
});

test("a client that falls silent is cut off", async () => {
  let now = Date.now();
  const timers = new Set<() => void>();
  const clock = {
    now: () => now,
    after: (_ms: number, callback: () => void) => {
      timers.add(callback);
      return () => void timers.delete(callback);
    },
  };
  const server = await serveLiveViews({ "/": View }, { sessions: { clock } });
  const tab = await server.visitor().tab("/");
  now += 90_001;
  for (const timer of [...timers]) timer();
  expect((await tab.closed)[0]).toBe(1006); // no goodbye for who will not hear it
  expect(server.views.connections).toBe(0);
});
