// What a client should not send, and what it is answered. After each, the process, other tabs and new joins are well.

import { assign, event, html, liveComponent, liveView, maybeSubscribe } from "live-session/liveview";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import {
  serveLiveViews,
  type Tab,
  type TestServer,
  type TestServerOptions,
  type TestSession,
} from "../support/liveview.ts";

const Part = liveComponent<object>({ handleEvent: { touch() {} }, render: () => html`<b></b>` });

const Shop = liveView<{ count: number }, TestSession>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    assign(socket, { count: session.count ?? 0 });
  },
  handleEvent: {
    ok() {},
    strict: event(z.object({ id: z.string() }), () => {}),
    fail() {
      throw new Error("broken");
    },
  },
  render: ({ count }) => html`<p>${count}</p>${Part({ id: 1 })}`,
});
const Admin = liveView<object>({ render: () => html`<p>admin</p>` });
const Broken = liveView<{ connected: boolean }>({
  mount(_params, _session, socket) {
    if (socket.core.connected) throw new Error("no mount today");
  },
  render: () => html`<p></p>`,
});

const routes = { "/": Shop, "/admin": Admin, "/broken": Broken };

let uncaught: unknown[] = [];
process.on("unhandledRejection", (error) => uncaught.push(error));
afterEach(() => {
  expect(uncaught).toEqual([]);
  uncaught = [];
});

async function start(options: TestServerOptions = {}): Promise<{ server: TestServer; tab: Tab; other: Tab }> {
  const server = await serveLiveViews(routes, options);
  const ada = server.visitor();
  return { server, tab: await ada.tab("/"), other: await ada.tab("/") };
}

/** The other tab of the session still works, and so do new ones. */
async function allIsWell({ server, other }: { server: TestServer; other: Tab }): Promise<void> {
  expect(await other.event("ok")).toEqual({ status: "ok", response: {} });
  expect((await (await server.visitor().tab("/")).event("ok")).status).toBe("ok");
}

describe("what is no message closes the connection", () => {
  const rows: [what: string, text: string | Buffer, code: number][] = [
    ["no JSON", "hello", 1007],
    ["half a message", '["1","2","lv:x"', 1007],
    ["an object", '{"topic":"lv:x"}', 1007],
    ["too short", '["1","2","lv:x","event"]', 1007],
    ["too long", '["1","2","lv:x","event",{},1]', 1007],
    ["a payload that is text", '["1","2","lv:x","event","text"]', 1007],
    ["a payload that is a list", '["1","2","lv:x","event",[]]', 1007],
    ["a payload that is null", '["1","2","lv:x","event",null]', 1007],
    ["a topic that is a number", '["1","2",3,"event",{}]', 1007],
    ["a topic without end", `["1","2","lv:${"x".repeat(500)}","event",{}]`, 1007],
    ["an event that is nothing", '["1","2","lv:x","",{}]', 1007],
    ["refs that are objects", '[{},{},"lv:x","event",{}]', 1007],
    ["bytes", Buffer.from([0, 1, 2, 3]), 1003],
    ["more than the limit", JSON.stringify(["1", "2", "lv:x", "event", { text: "x".repeat(300_000) }]), 1009],
  ];
  test.each(rows)("%s", async (_what, data, code) => {
    const { server, tab, other } = await start();
    tab.socket.send(data);
    expect((await tab.closed)[0]).toBe(code);
    await allIsWell({ server, other });
  });
});

describe("a join that does not fit is refused", () => {
  type Make = (tab: Tab, server: TestServer) => Promise<Record<string, unknown>> | Record<string, unknown>;
  const flip = (text: string) => (text.endsWith("A") ? `${text.slice(0, -1)}B` : `${text.slice(0, -1)}A`);
  const params = (csrf: unknown) => ({ params: { _csrf_token: csrf, _mounts: 0 } });

  const rows: [what: string, make: Make, reason: string][] = [
    ["no token", () => ({ session: undefined }), "stale"],
    ["a token that is a number", () => ({ session: 7 }), "stale"],
    ["a forged token", (tab) => ({ session: flip(tab.page.session) }), "stale"],
    ["a token of huge length", () => ({ session: "x".repeat(10_000) }), "stale"],
    [
      "a token of another visitor",
      async (_tab, server) => ({ session: (await server.visitor().open("/")).session }),
      "stale",
    ],
    [
      "a token from before there was a session",
      async (_tab, server) => ({ session: (await server.visitor({ session: false }).open("/")).session }),
      "stale",
    ],
    ["a CSRF token in the token's place", (tab) => ({ session: tab.page.csrf }), "stale"],
    ["no CSRF token", () => params(undefined), "stale"],
    ["a forged CSRF token", (tab) => params(`x${tab.page.csrf}`), "stale"],
    ["another visitor's CSRF token", async (_tab, server) => params((await server.visitor().open("/")).csrf), "stale"],
    ["params that are text", () => ({ params: "_csrf_token" }), "stale"],
    ["no URL", () => ({ url: undefined }), "unauthorized"],
    ["a URL that is none", () => ({ url: "::" }), "unauthorized"],
    ["a URL of another kind", () => ({ url: "javascript:alert(1)" }), "unauthorized"],
    ["a URL of another site", () => ({ url: "https://evil.example/" }), "unauthorized"],
    ["going to another site", () => ({ url: undefined, redirect: "https://evil.example/" }), "unauthorized"],
    ["a URL without a view", (_tab, server) => ({ url: `${server.url}/nowhere` }), "unauthorized"],
    ["another view's URL", (_tab, server) => ({ url: `${server.url}/admin` }), "unauthorized"],
    [
      "going to where no view is",
      (_tab, server) => ({ url: undefined, redirect: `${server.url}/nowhere` }),
      "unauthorized",
    ],
  ];
  test.each(rows)("with %s", async (_what, make, reason) => {
    const { server, tab, other } = await start();
    const changes = await make(tab, server);
    expect(await tab.join(changes)).toEqual({ status: "error", response: { reason } });
    await allIsWell({ server, other });
  });

  test("on a topic that is not the token's", async () => {
    const { server, tab, other } = await start();
    const answer = await tab.push("phx_join", tab.joinPayload(), { topic: "lv:phx-another" });
    expect(answer).toEqual({ status: "error", response: { reason: "unauthorized" } });
    await allIsWell({ server, other });
  });

  test.each(["room:lobby", "lvu:1", "phoenix2"])("on the topic %s, which is no live view's", async (topic) => {
    const { server, tab, other } = await start();
    const answer = await tab.push("phx_join", tab.joinPayload(), { topic });
    expect(answer).toEqual({ status: "error", response: { reason: "unmatched topic" } });
    await allIsWell({ server, other });
  });

  test("with a page that was open for too long", async () => {
    let late = 0;
    const clock = { now: () => Date.now() + late, after: () => () => {} };
    const { server, tab, other } = await start({ pageLifetime: "1h", sessions: { clock } });
    late = 3_600_001;
    expect(await tab.join()).toEqual({ status: "error", response: { reason: "stale" } });
    await allIsWell({ server, other });
  });

  test("with a token of another server's secret", async () => {
    const { tab } = await start();
    const other = await serveLiveViews(routes, { secret: "the secret of another server" });
    const nobody = other.visitor({ session: false });
    const elsewhere = await nobody.connect(await nobody.open("/"));
    const answer = await elsewhere.join({ session: tab.page.session });
    expect(answer).toEqual({ status: "error", response: { reason: "no session cookie" } });
  });

  test("of more views than one connection may have", async () => {
    const { server, tab, other } = await start({ maxViews: 1 });
    const answer = await tab.push("phx_join", tab.joinPayload(), { topic: "lv:phx-second" });
    expect(answer).toEqual({ status: "error", response: { reason: "too many views" } });
    await allIsWell({ server, other });
  });

  test("of a view whose mount throws", async () => {
    const { server, tab, other } = await start();
    const broken = await server.visitor().tab("/broken");
    expect(broken.received[0]?.[4]).toEqual({ status: "error", response: { reason: "join crashed" } });
    expect(server.reported.map(({ error }) => error.message)).toEqual(["no mount today"]);
    expect((await tab.event("ok")).status).toBe("ok");
    await allIsWell({ server, other });
  });

  test("while the store is away", async () => {
    const { server, tab } = await start();
    await server.sessions.close();
    const answer = await tab.join();
    expect(answer).toEqual({ status: "error", response: { reason: "join crashed" } });
  });
});

describe("a message that a view cannot take ends that view", () => {
  const rows: [what: string, event: string, payload: object][] = [
    ["an event without a handler", "event", { type: "click", event: "unknown", value: {} }],
    ["an event named as what every object has", "event", { type: "click", event: "constructor", value: {} }],
    ["an event without a name", "event", { type: "click", value: {} }],
    ["an event whose name is an object", "event", { type: "click", event: {}, value: {} }],
    ["an event whose params do not pass", "event", { type: "click", event: "strict", value: { id: 7 } }],
    ["an event whose handler throws", "event", { type: "click", event: "fail", value: {} }],
    ["an event that a component has no handler for", "event", { type: "click", event: "ok", value: {}, cid: 1 }],
    ["an upload, which is not supported", "allow_upload", { ref: "1", entries: [] }],
    ["a message that no live view knows", "shutdown", {}],
  ];
  test.each(rows)("%s", async (_what, event, payload) => {
    const { server, tab, other } = await start();
    tab.send(JSON.stringify([tab.joinRef, "9", tab.topic, event, payload]));
    expect(await tab.next("phx_error")).toEqual({});
    expect(server.reported).toHaveLength(1);
    expect((await tab.event("ok")).response).toEqual({ reason: "unmatched topic" });
    expect((await tab.join()).status).toBe("ok"); // as the client does
    await allIsWell({ server, other });
  });
});

describe("a message that came late, or to nobody, is answered", () => {
  type Act = (tab: Tab, server: TestServer) => Promise<unknown>;
  const unmatched = { status: "error", response: { reason: "unmatched topic" } };
  const rows: [what: string, act: Act, answer: unknown][] = [
    ["an event to a view that left", (tab) => tab.push("phx_leave", {}).then(() => tab.event("ok")), unmatched],
    [
      "an event of an earlier join",
      async (tab) => {
        const joinRef = tab.joinRef;
        await tab.join();
        return tab.push("event", { type: "click", event: "ok", value: {} }, { joinRef });
      },
      unmatched,
    ],
    ["an event to a view that never was", (tab) => tab.push("event", {}, { topic: "lv:phx-nobody" }), unmatched],
    ["an event on the protocol's own topic", (tab) => tab.push("event", {}, { topic: "phoenix" }), unmatched],
    [
      "leaving twice",
      (tab) => tab.push("phx_leave", {}).then(() => tab.push("phx_leave", {})),
      { status: "ok", response: {} },
    ],
    [
      "leaving an earlier join",
      async (tab) => {
        const joinRef = tab.joinRef;
        await tab.join();
        const answer = await tab.push("phx_leave", {}, { joinRef });
        expect((await tab.event("ok")).status).toBe("ok"); // the later one stays
        return answer;
      },
      { status: "ok", response: {} },
    ],
    [
      "an event to a component that is not there",
      (tab) => tab.event("touch", {}, { cid: 99 }),
      { status: "ok", response: {} },
    ],
    [
      "components gone that never were",
      (tab) => tab.push("cids_destroyed", { cids: [1, 99, "x", null] }),
      { status: "ok", response: { cids: [] } },
    ],
    [
      "components gone, without a list",
      (tab) => tab.push("cids_will_destroy", { cids: "all" }),
      { status: "ok", response: {} },
    ],
    [
      "a patch to another view",
      (tab, { url }) => tab.push("live_patch", { url: `${url}/admin` }),
      { status: "ok", response: { link_redirect: true } },
    ],
    [
      "a patch to another site",
      (tab) => tab.push("live_patch", { url: "https://evil.example/" }),
      { status: "ok", response: { link_redirect: true } },
    ],
    ["a patch to nowhere", (tab) => tab.push("live_patch", {}), { status: "ok", response: { link_redirect: true } }],
    ["a form that is no text", (tab) => tab.form("ok", { a: 1 } as never), { status: "ok", response: {} }],
    ["a form of too many fields", (tab) => tab.form("ok", "a=1&".repeat(5_000)), { status: "ok", response: {} }],
    ["a form of too deep names", (tab) => tab.form("ok", `a${"[b]".repeat(1_000)}=1`), { status: "ok", response: {} }],
  ];
  test.each(rows)("%s", async (_what, act, answer) => {
    const { server, tab, other } = await start();
    expect(await act(tab, server)).toEqual(answer);
    await allIsWell({ server, other });
  });

  test("a second join of a topic takes the place of the first, which is told", async () => {
    const { server, tab, other } = await start();
    const first = tab.joinRef;
    expect((await tab.join()).status).toBe("ok");
    expect(await tab.until(([, , , name]) => name === "phx_close")).toEqual([first, first, tab.topic, "phx_close", {}]);
    await allIsWell({ server, other });
  });
});

describe("a connection is refused", () => {
  const refused = (url: string, headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/live/websocket?vsn=2.0.0`, { headers });
      socket.on("unexpected-response", (request, response) => {
        request.destroy();
        resolve(response.statusCode ?? 0);
      });
      socket.on("open", () => reject(new Error("It was let in.")));
      socket.on("error", () => {}); // of the request that was destroyed
    });

  test.each(["https://evil.example", "null", "http://127.0.0.1.evil.example"])(
    "from the foreign origin %s",
    async (origin) => {
      const { server, tab, other } = await start();
      expect(await refused(server.url, { origin })).toBe(403);
      const poll = await fetch(`${server.url}/live/longpoll?vsn=2.0.0`, { headers: { origin } });
      expect(await poll.json()).toEqual({ status: 403 });
      expect(tab.received).toHaveLength(1);
      await allIsWell({ server, other });
    },
  );

  test("a cookie that nobody signed is no session: the page does not fit it", async () => {
    const { server, tab, other } = await start();
    const page = await server.visitor().open("/");
    const forged = await server
      .visitor({ session: false })
      .connect(page, { cookie: `connect.sid=s%3A${"a".repeat(32)}.forged` });
    expect(await forged.join()).toEqual({ status: "error", response: { reason: "no session cookie" } });
    expect(tab.received).toHaveLength(1);
    await allIsWell({ server, other });
  });
});
