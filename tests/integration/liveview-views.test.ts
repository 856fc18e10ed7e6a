import { ManualClock } from "live-session/conformance";
import {
  assign,
  clearFlash,
  connected,
  each,
  html,
  liveComponent,
  liveStream,
  liveView,
  maybeSubscribe,
  pushEvent,
  pushNavigate,
  pushPatch,
  putFlash,
  putSession,
  putTitle,
  redirect,
  reply,
  send,
  sendUpdate,
  stream,
  streamDelete,
  streamInsert,
  updateSession,
} from "live-session/liveview";
import { describe, expect, test } from "vitest";
import { bag, Gate } from "../support/express.ts";
import { serveLiveViews, type TestSession } from "../support/liveview.ts";
import { clientVersion } from "../support/liveview-client.ts";

const Cart = liveView<{ cart: readonly string[] }, TestSession>({
  mount(_params, session, socket) {
    maybeSubscribe(socket, session);
    assign(socket, { cart: session.cart ?? [] });
  },
  handleInfo(message, socket) {
    if (message.type === "live_session_updated") assign(socket, { cart: message.session.cart ?? [] });
  },
  handleEvent: {
    async add({ id }, socket) {
      await updateSession(socket, "cart", (cart = []) => [id, ...cart]);
    },
  },
  render: ({ cart }) =>
    html`<ul>${each(
      cart,
      (id) => id,
      (id) => html`<li>${id}</li>`,
    )}</ul>`,
});

describe("joining", () => {
  test("the page comes rendered, and the join has the same tree", async () => {
    const { visitor, sessions } = await serveLiveViews({ "/": Cart });
    const ada = visitor();
    await ada.open("/");
    await (await sessions.attach(ada.id)).put("cart", ["kite"]);
    const tab = await ada.tab("/");
    expect(tab.page.text).toContain("<ul><li>kite</li></ul>");
    expect(tab.received[0]?.[4]).toEqual({
      status: "ok",
      response: {
        rendered: { 0: { s: ["<li>", "</li>"], k: { 0: { 0: "kite" }, kc: 1 } }, s: ["<ul>", "</ul>"] },
        liveview_version: clientVersion,
      },
    });
  });

  test("neither the page's token nor its other signs hold session data or the session id", async () => {
    const { visitor, sessions } = await serveLiveViews({ "/": Cart });
    const ada = visitor();
    await ada.open("/");
    await (await sessions.attach(ada.id)).put("count", 424242);
    const page = await ada.open("/");
    for (const sign of [page.session, page.csrf]) {
      const decoded = sign.split(".").map((part) => Buffer.from(part, "base64url").toString());
      for (const text of [sign, ...decoded]) expect(text).not.toMatch(new RegExp(`424242|${ada.id}`));
    }
  });

  test("mount knows whether there is a connection", async () => {
    const Whether = liveView<{ live: boolean }>({
      mount: (_params, _session, socket) => void assign(socket, { live: connected(socket) }),
      render: ({ live }) => html`<p>${live ? "live" : "page"}</p>`,
    });
    const { visitor } = await serveLiveViews({ "/": Whether });
    const tab = await visitor().tab("/");
    expect(tab.page.text).toContain("<p>page</p>");
    expect(tab.received[0]?.[4].response.rendered[0]).toBe("live");
  });

  test("a visitor without a session has live views, whose writes are refused", async () => {
    const { visitor, reported } = await serveLiveViews({ "/": Cart });
    const nobody = visitor({ session: false });
    const tab = await nobody.tab("/");
    expect(tab.received[0]?.[4].status).toBe("ok");
    expect(nobody.cookies.size).toBe(0);
    tab.send(
      JSON.stringify([tab.joinRef, "9", tab.topic, "event", { type: "click", event: "add", value: { id: "x" } }]),
    );
    await tab.next("phx_error");
    expect(reported.map(({ error }) => error.code)).toEqual(["unknown_session"]);
  });

  describe("of a browser that takes no cookies", () => {
    /** A first visit, which makes a session: its cookie is the browser's to take or not. */
    const firstVisit = async () => {
      const server = await serveLiveViews(
        { "/": Cart },
        {
          before: (app) =>
            app.use((request, _response, next) => {
              bag(request).cart = ["given"];
              next();
            }),
        },
      );
      const ada = server.visitor({ session: false });
      const page = await ada.open("/");
      expect(page.text).toContain("given");
      return { ...server, ada, page };
    };

    test("is admitted without a session, rather than told to load the page anew for ever", async () => {
      const { ada, page, sessions } = await firstVisit();
      const { id } = ada;
      ada.cookies.clear();
      const tab = await ada.connect(page);
      const joined = await tab.join();
      expect(joined.status).toBe("ok");
      expect(JSON.stringify(joined.response.rendered)).not.toContain("given");
      const live = await sessions.attach(id);
      await live.put("cart", ["secret"]); // of a session that it has not shown to be its own
      await tab.push("phx_leave", {});
      expect(JSON.stringify(tab.received)).not.toContain("secret");
    });

    test("with a cookie the first page is as good as any, for its own session alone", async () => {
      const { ada, page, sessions, visitor } = await firstVisit();
      expect(JSON.stringify(await (await ada.connect(page)).join())).toContain("given");
      const stale = { status: "error", response: { reason: "stale" } };
      const bob = visitor();
      await bob.open("/");
      expect(await (await bob.connect(page)).join()).toEqual(stale);
      await sessions.end(ada.id);
      expect(await (await ada.connect(page)).join()).toEqual(stale);
    });

    test("a page that was loaded with a cookie is not joined without, which is reported once", async () => {
      const { ada, reported } = await firstVisit();
      const page = await ada.open("/");
      const elsewhere = { status: "error", response: { reason: "no session cookie" } };
      ada.cookies.clear();
      const tab = await ada.connect(page);
      expect(await tab.join()).toEqual(elsewhere);
      expect(await tab.join()).toEqual(elsewhere);
      expect(reported.map(({ error, context }) => [error.code, context.stage])).toEqual([
        ["unknown_session", "liveview:join"],
      ]);
      expect(reported[0]?.error.message).toContain("Path");
      // One that was joined before has lost its cookie since then: with a new page it will be well.
      const { params } = tab.joinPayload() as { params: object };
      const later = await tab.join({ params: { ...params, _mounts: 1 } });
      expect(later).toEqual({ status: "error", response: { reason: "stale" } });
    });

    test("a page of no session that was open for too long is stale, as ever", async () => {
      const clock = new ManualClock();
      const { visitor, reported } = await serveLiveViews({ "/": Cart }, { pageLifetime: "1h", sessions: { clock } });
      const nobody = visitor({ session: false });
      const tab = await nobody.connect(await nobody.open("/"));
      clock.advance(3_600_001);
      expect(await tab.join()).toEqual({ status: "error", response: { reason: "stale" } });
      expect(reported).toEqual([]);
    });
  });

  test("the join loads the session afresh: what the page showed may be old", async () => {
    const { visitor, sessions } = await serveLiveViews({ "/": Cart });
    const ada = visitor();
    const page = await ada.open("/");
    await (await sessions.attach(ada.id)).put("cart", ["since then"]);
    const tab = await ada.connect(page);
    const { response } = await tab.join();
    expect(response.rendered[0].k[0]).toEqual({ 0: "since then" });
  });
});

describe("the session", () => {
  test("a write in one tab is in every other, as a diff of what changed", async () => {
    const { visitor } = await serveLiveViews({ "/": Cart });
    const ada = visitor();
    const [one, two] = [await ada.tab("/"), await ada.tab("/")];
    expect(await one.event("add", { id: "kite" })).toEqual({ status: "ok", response: {} });
    expect(await one.next("diff")).toEqual({ 0: { s: ["<li>", "</li>"], k: { 0: { 0: "kite" }, kc: 1 } } });
    await two.event("add", { id: "string" });
    const added = { 0: { k: { 0: { 0: "string" }, 1: 0, kc: 2, km: true } } };
    expect(await one.next("diff")).toEqual(added);
    await two.next("diff");
    expect(await two.next("diff")).toEqual(added);
  });

  test("a controller's write is in the tabs, and the tab's write in the next request", async () => {
    const { visitor } = await serveLiveViews(
      { "/": Cart },
      {
        before: (app) =>
          app.get("/form", (request, response) => {
            const own = bag(request) as Partial<TestSession>;
            own.cart = [...(own.cart ?? []), "by form"];
            response.json(own.cart);
          }),
      },
    );
    const ada = visitor();
    const tab = await ada.tab("/");
    await tab.event("add", { id: "by view" });
    expect(await (await ada.get("/form")).json()).toEqual(["by view", "by form"]);
    await tab.next("diff");
    expect(await tab.next("diff")).toEqual({ 0: { k: { 1: { 0: "by form" }, kc: 2 } } });
  });

  test("a view that is busy gets the latest of what came meanwhile, never an older one", async () => {
    const gate = new Gate();
    const seen: (number | undefined)[] = [];
    const Busy = liveView<object, TestSession>({
      mount: (_params, session, socket) => void maybeSubscribe(socket, session),
      handleInfo(message) {
        if (message.type !== "live_session_updated") return;
        seen.push(message.session.count);
        return gate.wait();
      },
      render: () => html`<p></p>`,
    });
    const { visitor, sessions } = await serveLiveViews({ "/": Busy });
    const ada = visitor();
    const tab = await ada.tab("/");
    const live = await sessions.attach(ada.id);
    await live.put("count", 1);
    await gate.full;
    for (let count = 2; count <= 9; count++) await live.put("count", count);
    gate.open();
    const answer = await tab.push("cids_will_destroy", { cids: [] }); // after all that came before
    expect(answer).toEqual({ status: "ok", response: {} });
    expect(seen).toEqual([1, 9]);
  });

  test("a view that did not subscribe hears nothing, and neither does the first rendering", async () => {
    const told: string[] = [];
    const Deaf = liveView<object, TestSession>({
      handleInfo: (message) => void told.push(message.type),
      render: () => html`<p></p>`,
    });
    const { visitor, sessions } = await serveLiveViews({ "/": Deaf, "/cart": Cart });
    const ada = visitor();
    await ada.tab("/");
    const other = await ada.tab("/cart");
    await (await sessions.attach(ada.id)).put("cart", ["x"]);
    await other.next("diff");
    expect(told).toEqual([]);
  });

  test("writes go through the session map, too, also in the first rendering", async () => {
    const Visits = liveView<{ count: number }, TestSession>({
      async mount(_params, session, socket) {
        const now = connected(socket) ? session : await putSession(session, "count", (session.count ?? 0) + 1);
        assign(socket, { count: now.count ?? 0 });
      },
      render: ({ count }) => html`<p>${count}</p>`,
    });
    const { visitor } = await serveLiveViews({ "/": Visits });
    const ada = visitor();
    await ada.open("/");
    const tab = await ada.tab("/");
    expect(tab.page.text).toContain("<p>2</p>");
    expect(tab.received[0]?.[4].response.rendered[0]).toBe("2");
  });

  test("of 40 concurrent updates from many tabs none is lost", async () => {
    const Count = liveView<object, TestSession>({
      handleEvent: {
        async more(_params, socket) {
          await updateSession(socket, "count", (count = 0) => count + 1);
        },
      },
      render: () => html`<p></p>`,
    });
    const { visitor, sessions } = await serveLiveViews({ "/": Count });
    const ada = visitor();
    const tabs = [await ada.tab("/"), await ada.tab("/"), await ada.tab("/"), await ada.tab("/")];
    await Promise.all(tabs.flatMap((tab) => Array.from({ length: 10 }, () => tab.event("more"))));
    expect((await sessions.read(ada.id))?.count).toBe(40);
  });

  test.each(["destroyed", "revoked"] as const)(
    "its end (%s) disconnects every view the way Phoenix does",
    async (reason) => {
      const { visitor, sessions } = await serveLiveViews({ "/": Cart });
      const ada = visitor();
      const [one, two] = [await ada.tab("/"), await ada.tab("/")];
      await sessions.end(ada.id, reason);
      expect(await one.closed).toEqual([1000, "disconnected"]);
      expect(await two.closed).toEqual([1000, "disconnected"]);
      // A client that tries all the same is told to load the page anew.
      const late = await ada.connect(one.page);
      expect(await late.join()).toEqual({ status: "error", response: { reason: "stale" } });
    },
  );

  test.each([
    [false, "does not keep"],
    [true, "keeps"],
  ])("with activity %s, a tab that joins %s it alive", async (activity) => {
    const clock = new ManualClock();
    const options = { activity, idleTimeout: "1h" as const, sessions: { clock, lifetime: "10m" as const } };
    const { visitor, sessions } = await serveLiveViews({ "/": Cart }, options);
    const ada = visitor();
    const page = await ada.open("/");
    clock.advance(8 * 60_000);
    expect((await (await ada.connect(page)).join()).status).toBe("ok");
    clock.advance(3 * 60_000);
    expect((await sessions.read(ada.id)) !== null).toBe(activity);
  });

  test("a view that did not subscribe is not told either that it will expire", async () => {
    const told: Record<string, string[]> = { "/deaf": [], "/told": [] };
    const view = (path: string, subscribes: boolean) =>
      liveView<object, TestSession>({
        mount: (_params, session, socket) => void (subscribes && maybeSubscribe(socket, session)),
        handleInfo: ({ type }) => void told[path]?.push(type),
        render: () => html`<p></p>`,
      });
    const clock = new ManualClock();
    const { visitor } = await serveLiveViews(
      { "/deaf": view("/deaf", false), "/told": view("/told", true) },
      { idleTimeout: "1h", sessions: { clock, lifetime: "10m" } },
    );
    const ada = visitor();
    const tabs = [await ada.tab("/deaf"), await ada.tab("/told")];
    clock.advance(9.5 * 60_000);
    await expect.poll(() => told["/told"]).toContain("live_session_expiring");
    for (const tab of tabs) await tab.push("cids_will_destroy", { cids: [] }); // after all that came before
    expect(told["/deaf"]).toEqual([]);
  });

  test("a view is told of the end and may say where to go", async () => {
    const Polite = liveView<object, TestSession>({
      mount: (_params, session, socket) => void maybeSubscribe(socket, session),
      handleInfo: (message, socket) => {
        if (message.type === "live_session_ended") redirect(socket, `/bye?${message.reason}`);
      },
      render: () => html`<p></p>`,
    });
    const { visitor, sessions } = await serveLiveViews({ "/": Polite });
    const ada = visitor();
    const tab = await ada.tab("/");
    await sessions.end(ada.id);
    expect(await tab.next("redirect")).toEqual({ to: "/bye?destroyed" });
    expect(await tab.closed).toEqual([1000, "disconnected"]);
  });

  test("a view that dawdles at the end does not keep its connection", async () => {
    const gate = new Gate();
    const Slow = liveView<object, TestSession>({
      mount: (_params, session, socket) => void maybeSubscribe(socket, session),
      handleInfo: (message) => (message.type === "live_session_ended" ? gate.wait() : undefined),
      render: () => html`<p></p>`,
    });
    const clock = new ManualClock();
    const { visitor, sessions } = await serveLiveViews({ "/": Slow }, { sessions: { clock } });
    const ada = visitor();
    const tab = await ada.tab("/");
    await sessions.end(ada.id);
    await gate.full;
    clock.advance(2_000);
    expect(await tab.closed).toEqual([1000, "disconnected"]);
    gate.open();
  });
});

describe("events", () => {
  test("are handled in order, one at a time, also when one takes long", async () => {
    const gate = new Gate();
    const log: string[] = [];
    const Slow = liveView<object>({
      handleEvent: {
        async slow() {
          log.push("slow begins");
          await gate.wait();
          log.push("slow ends");
        },
        quick: () => void log.push("quick"),
      },
      render: () => html`<p></p>`,
    });
    const { visitor } = await serveLiveViews({ "/": Slow });
    const tab = await visitor().tab("/");
    const both = [tab.event("slow"), tab.event("quick")];
    await gate.full;
    gate.open();
    await Promise.all(both);
    expect(log).toEqual(["slow begins", "slow ends", "quick"]);
  });

  test("may be answered", async () => {
    const Ask = liveView<{ asked: number }>({
      mount: (_params, _session, socket) => void assign(socket, { asked: 0 }),
      handleEvent: {
        ask({ number }, socket) {
          assign(socket, { asked: number });
          return reply({ twice: number * 2 });
        },
        async leak(_params, socket) {
          return (await putSession(socket, "cart" as never, ["x"] as never)).core.session;
        },
      },
      render: ({ asked }) => html`<p>${asked}</p>`,
    });
    const { visitor } = await serveLiveViews({ "/": Ask });
    const tab = await visitor().tab("/");
    expect(await tab.event("ask", { number: 21 })).toEqual({
      status: "ok",
      response: { diff: { 0: "21", r: { twice: 42 } } },
    });
    expect(await tab.event("leak")).toEqual({ status: "ok", response: {} }); // only `reply` answers
  });

  test("of forms come as nested params", async () => {
    const Form = liveView<object>({
      handleEvent: { change: (params) => reply({ ...params }) },
      render: () => html`<p></p>`,
    });
    const { visitor } = await serveLiveViews({ "/": Form });
    const tab = await visitor().tab("/");
    const value = "user%5Bname%5D=Ada+L&user%5Btags%5D%5B%5D=a&user%5Btags%5D%5B%5D=b&__proto__%5Bx%5D=1";
    const { response } = await tab.form("change", value, { meta: { _target: "user[name]" } });
    expect(response.diff.r).toEqual({
      user: { name: "Ada L", tags: ["a", "b"] },
      ["__proto__"]: { x: "1" },
      _target: ["user", "name"],
    });
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test("an error in a handler ends that view alone; the client joins again", async () => {
    const Fragile = liveView<object>({
      handleEvent: {
        fail() {
          throw new Error("broken");
        },
      },
      render: () => html`<p></p>`,
    });
    const { visitor, reported } = await serveLiveViews({ "/": Fragile });
    const ada = visitor();
    const [one, two] = [await ada.tab("/"), await ada.tab("/")];
    one.send(JSON.stringify([one.joinRef, "9", one.topic, "event", { type: "click", event: "fail", value: {} }]));
    expect(await one.next("phx_error")).toEqual({});
    expect(reported.map(({ error, context }) => [error.message, context.stage])).toEqual([["broken", "liveview"]]);
    expect((await one.push("heartbeat", {}, { topic: "phoenix" })).status).toBe("ok");
    expect((await one.join()).status).toBe("ok");
    expect((await two.push("heartbeat", {}, { topic: "phoenix" })).status).toBe("ok");
  });

  test("that pile up end the view rather than the process", async () => {
    const gate = new Gate();
    const Slow = liveView<object>({ handleEvent: { slow: () => gate.wait() }, render: () => html`<p></p>` });
    const { visitor, reported } = await serveLiveViews({ "/": Slow }, { maxWaiting: 5 });
    const tab = await visitor().tab("/");
    for (let count = 0; count < 8; count++) {
      tab.send(
        JSON.stringify([tab.joinRef, `f${count}`, tab.topic, "event", { type: "click", event: "slow", value: {} }]),
      );
    }
    await tab.next("phx_error");
    expect(reported.map(({ error }) => error.code)).toEqual(["too_many_calls"]);
    gate.open();
  });
});

describe("messages", () => {
  test("reach handleInfo in order, and are dropped when the view is gone", async () => {
    const sockets: { tell: (text: string) => void }[] = [];
    const told: string[] = [];
    const ends: string[] = [];
    const Told = liveView<object, TestSession, { type: "said"; text: string }>({
      mount(_params, _session, socket) {
        if (connected(socket)) sockets.push({ tell: (text) => send(socket, { type: "said", text }) });
      },
      handleInfo: (message) => void (message.type === "said" && told.push(message.text)),
      terminate: () => void ends.push("over"),
      render: () => html`<p></p>`,
    });
    const { visitor } = await serveLiveViews({ "/": Told });
    const tab = await visitor().tab("/");
    sockets[0]?.tell("a");
    sockets[0]?.tell("b");
    expect(await tab.push("phx_leave", {})).toEqual({ status: "ok", response: {} });
    sockets[0]?.tell("too late");
    await tab.push("heartbeat", {}, { topic: "phoenix" });
    expect(told).toEqual(["a", "b"]);
    expect(ends).toEqual(["over"]);
  });
});

describe("beside the tree", () => {
  const Beside = liveView<{ page: string }>({
    mount: (_params, _session, socket) => void putTitle(socket, "First"),
    handleParams: ({ page = "1" }, _url, socket) => void assign(socket, { page }),
    handleEvent: {
      title: ({ to }, socket) => void putTitle(socket, to),
      ping: (_params, socket) => void pushEvent(socket, "pong", { at: 1 }),
      flash: (_params, socket) => void putFlash(socket, "info", "Saved & done"),
      unflash: (_params, socket) => void clearFlash(socket),
      patch: ({ to }, socket) => void pushPatch(socket, to),
      navigate: (_params, socket) => void pushNavigate(putFlash(socket, "info", "along"), "/other"),
      leave: (_params, socket) => void redirect(socket, "https://elsewhere.example/"),
      load: ({ to }, socket) => void redirect(socket, to),
    },
    render: ({ page }, { flash }) => html`<p>${page}</p><p>${flash.info}</p>`,
  });
  const Other = liveView<object>({ render: (_assigns, { flash }) => html`<b>${flash.info}</b>` });
  const routes = { "/": Beside, "/again": Beside, "/other": Other };

  test("titles are sent when they change", async () => {
    const { visitor } = await serveLiveViews(routes);
    const tab = await visitor().tab("/");
    expect(tab.page.text).toContain("<title>First</title>");
    expect(tab.received[0]?.[4].response.rendered.t).toBe("First");
    expect((await tab.event("title", { to: "Second" })).response).toEqual({ diff: { t: "Second" } });
    expect((await tab.event("title", { to: "Second" })).response).toEqual({});
  });

  test("events for the browser go with the diff", async () => {
    const { visitor } = await serveLiveViews(routes);
    const tab = await visitor().tab("/");
    expect((await tab.event("ping")).response).toEqual({ diff: { e: [["pong", { at: 1 }]] } });
  });

  test("flash is shown until it is cleared, by the view or by the client", async () => {
    const { visitor } = await serveLiveViews(routes);
    const tab = await visitor().tab("/");
    expect((await tab.event("flash")).response).toEqual({ diff: { 1: "Saved &amp; done" } });
    expect((await tab.event("unflash")).response).toEqual({ diff: { 1: "" } });
    await tab.event("flash");
    expect((await tab.event("lv:clear-flash", { key: "info" })).response).toEqual({ diff: { 1: "" } });
  });

  test("a patch runs handleParams and tells the URL", async () => {
    const { visitor, url } = await serveLiveViews(routes);
    const tab = await visitor().tab("/?page=7");
    expect(tab.received[0]?.[4].response.rendered[0]).toBe("7");
    expect((await tab.event("patch", { to: "/again?page=2" })).response).toEqual({
      diff: { 0: "2" },
      live_patch: { to: "/again?page=2", kind: "push" },
    });
    expect((await tab.push("live_patch", { url: `${url}/?page=3` })).response).toEqual({ diff: { 0: "3" } });
    expect((await tab.push("live_patch", { url: `${url}/other` })).response).toEqual({ link_redirect: true });
  });

  test("going to another view ends this one and takes the flash along", async () => {
    const { visitor, url } = await serveLiveViews(routes);
    const tab = await visitor().tab("/");
    const { response } = await tab.event("navigate");
    expect(response.live_redirect).toMatchObject({ to: "/other", kind: "push" });
    const { flash } = response.live_redirect;
    const joined = await tab.join({ url: undefined, redirect: `${url}/other`, flash });
    expect(joined.response.rendered[0]).toBe("along");
  });

  test("a redirect ends the view", async () => {
    const { visitor } = await serveLiveViews(routes);
    const tab = await visitor().tab("/");
    expect((await tab.event("leave")).response).toEqual({ redirect: { to: "https://elsewhere.example/" } });
    expect((await tab.event("ping")).response).toEqual({ reason: "unmatched topic" });
  });

  test("mount may send the browser elsewhere, in the page and in the join", async () => {
    let open = true;
    const Door = liveView<object>({
      mount: (_params, _session, socket) => void (open || redirect(putFlash(socket, "info", "closed"), "/other")),
      render: () => html`<p></p>`,
    });
    const { visitor } = await serveLiveViews({ "/door": Door, ...routes });
    const ada = visitor();
    const page = await ada.open("/door");
    open = false;
    const tab = await ada.connect(page);
    expect(await tab.join()).toEqual({
      status: "error",
      response: { redirect: { to: "/other", flash: expect.any(String) } },
    });
    const sent = await ada.open("/door");
    expect([sent.status, sent.location]).toEqual([302, "/other"]);
    const shown = await ada.tab("/other");
    expect(shown.page.text).toContain("<b>closed</b>");
    expect(shown.received[0]?.[4].response.rendered[0]).toBe("closed"); // once more, by the join
    expect((await ada.open("/other")).text).toContain("<b></b>");
  });

  test("a page may be sent to a path of any letters", async () => {
    const Door = liveView<object>({
      mount: (_params, _session, socket) => void redirect(socket, "/?q=凧 é&x=%20"),
      render: () => html``,
    });
    const { visitor } = await serveLiveViews({ "/door": Door, ...routes });
    const sent = await visitor().open("/door");
    expect([sent.status, sent.location]).toEqual([302, "/?q=%E5%87%A7%20%C3%A9&x=%20"]);
  });

  test("a patch to what is not this app is refused", async () => {
    const { visitor, reported } = await serveLiveViews(routes);
    const tab = await visitor().tab("/");
    const elsewhere = ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/other"];
    for (const to of [...elsewhere, "/\t/evil.example", "/\n\\evil.example"]) {
      tab.send(
        JSON.stringify([tab.joinRef, "9", tab.topic, "event", { type: "click", event: "patch", value: { to } }]),
      );
      await tab.next("phx_error");
      await tab.join();
    }
    for (const to of ["//evil.example", "/\r/evil.example", "javascript:alert(1)", "data:text/html,x", "https://"]) {
      tab.send(JSON.stringify([tab.joinRef, "9", tab.topic, "event", { type: "click", event: "load", value: { to } }]));
      await tab.next("phx_error");
      await tab.join();
    }
    expect(reported.map(({ error }) => error.code)).toEqual(Array(12).fill("bad_option"));
  });
});

describe("components", () => {
  const Counter = liveComponent<{ label: string }, { count: number }, TestSession>({
    mount: (socket) => void assign(socket, { count: 0 }),
    handleEvent: {
      async more(_params, socket) {
        assign(socket, { count: socket.assigns.count + 1 });
        await updateSession(socket, "count", (count = 0) => count + 1);
      },
    },
    render: ({ label, count }, { myself }) =>
      html`<button phx-click="more" phx-target="${myself}">${label}: ${count}</button>`,
  });
  const Two = liveView<{ second: boolean; label: string }>({
    mount: (_params, _session, socket) => void assign(socket, { second: true, label: "a" }),
    handleEvent: {
      second: ({ shown }, socket) => void assign(socket, { second: shown }),
      relabel: ({ label }, socket) => void assign(socket, { label }),
      update: (_params, socket) => void sendUpdate(socket, Counter, { id: 2, label: "from outside" }),
    },
    render: ({ second, label }) =>
      html`<main>${Counter({ id: 1, label })}${second && Counter({ id: 2, label: "b" })}</main>`,
  });

  test("keep their own state, take their own events, and are sent alone", async () => {
    const { visitor, sessions } = await serveLiveViews({ "/": Two });
    const ada = visitor();
    const tab = await ada.tab("/");
    expect(tab.page.text).toContain('<button phx-click="more" phx-target="1">a: 0</button>');
    expect(tab.received[0]?.[4].response.rendered).toMatchObject({
      0: 1,
      1: 2,
      c: { 1: { 1: "a", 2: "0" }, 2: { s: 1 } },
    });
    expect((await tab.event("more", {}, { cid: 2 })).response).toEqual({ diff: { c: { 2: { 2: "1" } } } });
    expect((await tab.event("relabel", { label: "z" })).response).toEqual({ diff: { c: { 1: { 1: "z" } } } });
    expect((await sessions.read(ada.id))?.count).toBe(1);
    await tab.event("update");
    expect(await tab.next("diff")).toEqual({ c: { 2: { 1: "from outside" } } });
  });

  test("are forgotten once the client says that they are gone", async () => {
    const { visitor } = await serveLiveViews({ "/": Two });
    const tab = await visitor().tab("/");
    await tab.event("more", {}, { cid: 2 });
    await tab.event("second", { shown: false });
    expect((await tab.push("cids_will_destroy", { cids: [2] })).response).toEqual({});
    expect((await tab.push("cids_destroyed", { cids: [2] })).response).toEqual({ cids: [2] });
    expect((await tab.event("more", {}, { cid: 2 })).response).toEqual({});
    const { response } = await tab.event("second", { shown: true });
    expect(response.diff).toMatchObject({ 1: 3, c: { 3: { 2: "0", s: -1 } } }); // a new one
  });

  test("that came back meanwhile are kept", async () => {
    const { visitor } = await serveLiveViews({ "/": Two });
    const tab = await visitor().tab("/");
    await tab.event("more", {}, { cid: 2 });
    await tab.event("second", { shown: false });
    await tab.push("cids_will_destroy", { cids: [2] });
    expect((await tab.event("second", { shown: true })).response).toEqual({ diff: { 1: 2 } });
    expect((await tab.push("cids_destroyed", { cids: [2] })).response).toEqual({ cids: [] });
    expect((await tab.event("more", {}, { cid: 2 })).response).toEqual({ diff: { c: { 2: { 2: "2" } } } });
  });
});

test("streams send what comes and goes, and keep nothing", async () => {
  const songs = liveStream<{ id: number; name: string }>("songs", ({ id }) => id);
  const song = (id: number) => ({ id, name: `song ${id}` });
  const Songs = liveView<object>({
    mount: (_params, _session, socket) => void stream(socket, songs, [song(1), song(2)]),
    handleEvent: {
      first: (_params, socket) => void streamInsert(socket, songs, song(3), { at: 0, limit: 5 }),
      drop: (_params, socket) => void streamDelete(socket, songs, song(1)),
      reset: (_params, socket) => void stream(socket, songs, [song(9)], { reset: true }),
      empty: (_params, socket) => void stream(socket, songs, [], { reset: true }),
      nothing: (_params, socket) => void clearFlash(socket),
    },
    render: (_assigns, { stream: rows }) =>
      html`<ul id="songs" phx-update="stream">${rows(songs, ({ name }, domId) => html`<li id="${domId}">${name}</li>`)}</ul>`,
  });
  const { visitor } = await serveLiveViews({ "/": Songs });
  const tab = await visitor().tab("/");
  expect(tab.page.text).toContain('<li id="songs-1">song 1</li><li id="songs-2">song 2</li>');
  expect(tab.received[0]?.[4].response.rendered[0]).toEqual({
    s: ['<li id="', '">', "</li>"],
    k: { 0: { 0: "songs-1", 1: "song 1" }, 1: { 0: "songs-2", 1: "song 2" }, kc: 2 },
    stream: [
      "0",
      [
        ["songs-1", -1, null, false],
        ["songs-2", -1, null, false],
      ],
      [],
    ],
  });
  expect((await tab.event("first")).response.diff[0]).toEqual({
    k: { 0: { 0: "songs-3", 1: "song 3" }, kc: 1 },
    stream: ["0", [["songs-3", 0, 5, false]], []],
  });
  expect((await tab.event("drop")).response.diff[0]).toEqual({ k: { kc: 0 }, stream: ["0", [], ["songs-1"]] });
  expect((await tab.event("reset")).response.diff[0]).toMatchObject({
    stream: ["0", [["songs-9", -1, null, false]], [], true],
  });
  expect((await tab.event("empty")).response.diff[0]).toEqual({ k: { kc: 0 }, stream: ["0", [], [], true] });
  expect((await tab.event("nothing")).response).toEqual({});
});
