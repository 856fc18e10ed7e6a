// Streams for an EventSource: what it is sent and when, what it is not sent again, and how it learns of the end.

import { EventSource } from "eventsource";
import { localBus, memoryStore } from "live-session";
import { encodeEvent, liveStreams, turboStream } from "live-session/sse";
import { describe, expect, onTestFinished, test } from "vitest";
import { settle } from "../support/sessions.ts";
import { type Got, serveStreams } from "../support/sse.ts";
import { cookie, hub, secret } from "../support/ws.ts";

interface Shop {
  cart: string[];
  theme: string;
}

function shopOf(sessions: ReturnType<typeof hub<Shop>>["sessions"], views: unknown[] = []) {
  return sessions.app({
    view: ({ cart = [] }) => {
      views.push(cart);
      return { cart };
    },
  });
}

async function shop(options: Parameters<typeof serveStreams>[1] = {}) {
  const made = hub<Shop>();
  const views: unknown[] = [];
  return { ...made, views, ...(await serveStreams(shopOf(made.sessions, views), options)) };
}

const viewOf = ({ data }: Got) => JSON.parse(data);

describe("what is sent", () => {
  test("the view at once, and again whenever it changed", async () => {
    const { sessions, open } = await shop();
    const { id } = await sessions.create({ cart: ["kite"], theme: "dark" });
    const peer = open(id);
    const { headers, statusCode } = await peer.opened;
    expect([statusCode, headers["content-type"]]).toEqual([200, "text/event-stream; charset=utf-8"]);
    expect(headers["cache-control"]).toContain("no-transform");
    expect(viewOf(await peer.until("view"))).toEqual({ version: 1, view: { cart: ["kite"] } });
    const live = await sessions.attach(id);
    await live.put("theme", "light"); // the view does not show it
    await live.put("cart", ["kite", "string"]);
    expect(viewOf(await peer.next())).toEqual({ version: 3, view: { cart: ["kite", "string"] } });
    expect(JSON.stringify(peer.got)).not.toMatch(/dark|light/);
  });

  test("a rendering is made once for each version, however many streams", async () => {
    let rendered = 0;
    const made = hub<Shop>();
    const app = shopOf(made.sessions);
    const render = ({ cart }: { cart: readonly string[] }) => {
      rendered++;
      return [{ data: cart.join("\n") }, { event: "count", data: String(cart.length) }];
    };
    const { open } = await serveStreams(app, { render });
    const { id } = await made.sessions.create({ cart: ["a\rb", "c"] });
    const peers = [open(id), open(id), open(id)];
    for (const peer of peers) {
      expect(await peer.next()).toEqual({ event: "", data: "a\nb\nc", id: "" });
      expect(await peer.next()).toMatchObject({ event: "count", data: "2", id: expect.stringMatching(/^[\w-]{22}$/) });
    }
    expect(rendered).toBe(1);
  });

  test("a browser that comes back to another node with what it has is sent nothing until there is more", async () => {
    const parts = { store: memoryStore(), bus: localBus() };
    const [one, two] = [hub<Shop>(parts), hub<Shop>(parts)];
    const [first, second] = [await serveStreams(shopOf(one.sessions)), await serveStreams(shopOf(two.sessions))];
    const { id } = await one.sessions.create({ cart: ["kite"] });
    const before = first.open(id);
    await before.until("view");
    before.request.destroy();
    const live = await one.sessions.attach(id);
    await live.put("theme", "dark"); // a new version with the same view
    const after = second.open(id, { headers: { "last-event-id": before.lastId } });
    await after.opened;
    await live.put("cart", ["kite", "string"]);
    expect(viewOf(await after.next()).view).toEqual({ cart: ["kite", "string"] });
    const late = second.open(id, { headers: { "last-event-id": before.lastId } });
    expect(viewOf(await late.next()).view).toEqual({ cart: ["kite", "string"] });
  });

  test("a view that fails ends the stream, and is reported once", async () => {
    const made = hub<Shop>();
    const render = () => {
      throw new Error("no such template");
    };
    const { open } = await serveStreams(shopOf(made.sessions), { render });
    const { id } = await made.sessions.create({});
    const peer = open(id);
    await peer.closed;
    expect([peer.got, made.attached()]).toEqual([[], 0]);
    expect(made.reported).toMatchObject([{ context: { stage: "view" } }]);
  });

  test("stale is said, and live again", async () => {
    const made = hub<Shop>({ store: failing() });
    const { open } = await serveStreams(shopOf(made.sessions));
    const { id } = await made.sessions.create({});
    const peer = open(id);
    await peer.until("view");
    away = true;
    made.clock.advance(60_000);
    expect(await peer.until("status")).toMatchObject({ data: "stale" });
    away = false;
    made.clock.advance(60_000);
    expect(await peer.until("status")).toMatchObject({ data: "live" });
  });
});

let away = false;

function failing() {
  away = false;
  const store = memoryStore();
  return {
    ...store,
    versions(keys: Parameters<typeof store.versions>[0]) {
      if (away) throw new Error("The store is away.");
      return store.versions(keys);
    },
  };
}

describe("the end", () => {
  test.each(["destroyed", "revoked"] as const)("%s is said, and closes the stream", async (reason) => {
    const { sessions, open, attached } = await shop({ renderEnd: (why) => ({ data: `over: ${why}` }) });
    const { id } = await sessions.create({});
    const peer = open(id);
    await peer.until("view");
    const live = await sessions.attach(id);
    await live.end(reason);
    live.detach();
    await peer.closed;
    expect(peer.got.slice(-2)).toMatchObject([{ data: `over: ${reason}` }, { event: "ended", data: reason }]);
    expect(attached()).toBe(0);
  });

  test("a real EventSource hears it once and does not come back", async () => {
    const { sessions, url, streams } = await shop();
    const { id } = await sessions.create({});
    let requests = 0;
    const source = new EventSource(url, {
      fetch: (input, init) => {
        requests++;
        return fetch(input, { ...init, headers: { ...init.headers, cookie: cookie(id) } });
      },
    });
    onTestFinished(() => source.close());
    const ended: unknown[] = [];
    source.addEventListener("ended", ({ data }) => ended.push(data));
    await new Promise((resolve) => source.addEventListener("view", resolve));
    const gone = new Promise<void>((resolve) => {
      source.addEventListener("error", () => source.readyState === source.CLOSED && resolve());
    });
    await (await sessions.attach(id)).end();
    await gone;
    expect([ended, requests, streams.size]).toEqual([["destroyed"], 2, 0]);
  });

  test("a session that nobody knows, or that is over, is told once and then stops", async () => {
    const { sessions, open } = await shop();
    const { id } = await sessions.create({});
    await (await sessions.attach(id)).end("revoked");
    for (const [cookieOf, data] of [
      [null, "unknown"],
      ["nobody", "unknown"],
      [id, "revoked"],
    ] as const) {
      const peer = open(cookieOf);
      expect(await peer.next()).toEqual({ event: "ended", data, id: "ended" });
      await peer.closed;
      const again = open(cookieOf, { headers: { "last-event-id": peer.lastId } });
      expect((await again.opened).statusCode).toBe(204);
    }
  });

  test("a store that is away is no end: the stream closes, and says when to come back", async () => {
    const store = memoryStore();
    const broken = {
      ...store,
      read() {
        throw new Error("The store is away.");
      },
    };
    const made = hub<Shop>({ store: broken });
    const { open } = await serveStreams(shopOf(made.sessions), { retry: "5s" });
    const peer = open("anyone");
    expect((await peer.opened).statusCode).toBe(200);
    await peer.closed;
    expect([peer.got, peer.retry]).toEqual([[], 5_000]);
    expect(made.reported).toMatchObject([{ context: { stage: "attach" } }]);
  });

  test("closing ends every stream without an end of the session, and takes no more", async () => {
    const { sessions, open, streams, attached } = await shop();
    const { id } = await sessions.create({});
    const peer = open(id);
    await peer.until("view");
    await streams.close();
    await peer.closed;
    expect([peer.got.length, attached()]).toEqual([1, 0]);
    const late = open(id);
    await late.closed;
    expect([late.got, late.response?.statusCode]).toEqual([[], 200]);
  });
});

describe("slow and silent browsers", () => {
  const LARGE = 2_000_000;

  test("one that reads again gets the latest, not the many that it missed", async () => {
    const made = hub<Shop>({ maxBytes: 2 * LARGE });
    const { open } = await serveStreams(shopOf(made.sessions), { heartbeatInterval: "1h" });
    const { id } = await made.sessions.create({});
    const [slow, quick] = [open(id), open(id)];
    await slow.until("view");
    slow.response?.pause();
    await quick.until("view");
    const live = await made.sessions.attach(id);
    for (let turn = 0; turn < 15; turn++) {
      await live.put("cart", [`${turn}`, "x".repeat(LARGE)]);
      await quick.until("view");
    }
    slow.response?.resume();
    while (viewOf(await slow.next()).version !== live.version);
    expect(slow.got.length).toBeLessThan(12);
    expect(quick.got).toHaveLength(16);
  });

  test("heartbeats keep the line, and one that takes nothing in between is cut off", async () => {
    const made = hub<Shop>({ maxBytes: 40 * LARGE });
    const { open, streams } = await serveStreams(shopOf(made.sessions), { heartbeatInterval: "15s" });
    const [dead, well] = [await made.sessions.create({}), await made.sessions.create({})];
    const [slow, quick] = [open(dead.id), open(well.id)];
    await slow.until("view");
    await quick.until("view");
    slow.response?.pause();
    await (await made.sessions.attach(dead.id)).put("cart", ["x".repeat(10 * LARGE)]);
    await settle();
    for (let beat = 1; streams.size > 1; beat++) {
      const heard = quick.heard();
      made.clock.advance(15_000);
      await heard;
      expect(quick.heartbeats).toBe(beat);
    }
    expect(quick.got).toHaveLength(1);
  });

  test("a browser that leaves leaves nothing behind", async () => {
    const { sessions, open, streams, attached } = await shop();
    const { id } = await sessions.create({});
    const peer = open(id);
    await peer.until("view");
    expect(attached()).toBe(1);
    peer.request.destroy();
    while (streams.size > 0) await settle();
    expect(attached()).toBe(0);
  });
});

describe("who may connect", () => {
  test.each([
    ["a foreign Origin", { origin: "https://evil.example" }, 403],
    ["a foreign page without an Origin", { "sec-fetch-site": "cross-site" }, 403],
    ["a neighbour without an Origin", { "sec-fetch-site": "same-site" }, 403],
    ["the page's own", { "sec-fetch-site": "same-origin" }, 200],
    ["a program", {}, 200],
  ])("%s: %s gives %i", async (_who, headers, status) => {
    const { sessions, open, url, post } = await shop();
    const { id } = await sessions.create({});
    expect((await open(id, { headers }).opened).statusCode).toBe(status);
    const posted = await post(id, "?action=none", "", headers);
    expect(posted.status).toBe(status === 403 ? 403 : 404);
    const own = await open(id, { headers: { origin: new URL(url).origin } }).opened;
    expect(own.statusCode).toBe(200);
  });

  test("a page of a listed origin may read what it gets", async () => {
    const { sessions, open } = await shop({ origins: ["https://shop.example"], requireOrigin: true });
    const { id } = await sessions.create({});
    const { headers, statusCode } = await open(id, { headers: { origin: "https://shop.example" } }).opened;
    expect([statusCode, headers["access-control-allow-origin"], headers.vary]).toEqual([
      200,
      "https://shop.example",
      "Origin",
    ]);
    expect((await open(id).opened).statusCode).toBe(403);
  });

  test("a cookie that another secret signed is none", async () => {
    const { sessions, open } = await shop();
    const { id } = await sessions.create({});
    const peer = open(null, { headers: { cookie: cookie(id, "another secret") } });
    expect(await peer.next()).toMatchObject({ event: "ended", data: "unknown" });
  });
});

describe("fetch-style servers", () => {
  test("get the same as a Response with a stream", async () => {
    const { sessions, attached } = hub<Shop>();
    const streams = liveStreams(shopOf(sessions), { secret });
    onTestFinished(() => streams.close());
    const { id } = await sessions.create({ cart: ["kite"] });
    const request = () => new Request("http://shop.example/live", { headers: { cookie: cookie(id) } });
    const response = await streams.fetch(request());
    expect(response.headers.get("content-type")).toMatch("text/event-stream");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    const until = async (words: string) => {
      for (let text = ""; ; ) {
        const { done, value } = await reader.read();
        text += decoder.decode(value, { stream: true });
        if (done || text.includes(words)) return { done, text };
      }
    };
    expect((await until('["kite"]')).done).toBe(false);
    const live = await sessions.attach(id);
    for (let turn = 0; turn < 100; turn++) await live.put("cart", [`${turn}`.padEnd(100_000)]);
    const late = await until('["99');
    expect(late.text.length).toBeLessThan(1_000_000); // the views in between were not kept
    const gone = (await streams.fetch(request())).body as ReadableStream<Uint8Array>;
    await gone.cancel();
    expect(streams.size).toBe(1);
    await live.end();
    live.detach();
    expect((await until("event: ended\ndata: destroyed")).done).toBe(false);
    expect((await until("nothing more")).done).toBe(true);
    expect([streams.size, attached()]).toEqual([0, 0]);
  });

  test("are asked for the host that the request was sent to", async () => {
    const { sessions } = hub<Shop>();
    const streams = liveStreams(shopOf(sessions), { secret });
    onTestFinished(() => streams.close());
    const from = (origin: string) =>
      streams.fetch(new Request("https://shop.example/live?action=x", { method: "POST", headers: { origin } }));
    expect((await from("https://shop.example")).status).toBe(401);
    expect((await from("https://evil.example")).status).toBe(403);
  });
});

describe("the encoder", () => {
  test("makes each line of the data a line of the event, whichever way it ended", () => {
    expect(encodeEvent({ data: "a\r\nb\rc\nd\n" })).toBe("data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
    expect(encodeEvent({ event: "e", data: "", id: "1", retry: 5 })).toBe("event: e\ndata: \nid: 1\nretry: 5\n\n");
  });

  test.each(["\r", "\n", "\0"])("refuses %j in id and event", (end) => {
    expect(() => encodeEvent({ data: "", id: `1${end}data: forged` })).toThrow(/^id: /);
    expect(() => encodeEvent({ data: "", event: `e${end}` })).toThrow(/^event: /);
  });

  test("a Turbo Stream's target cannot leave its attribute", () => {
    expect(turboStream("update", 'a"><script>', "<p>hi</p>").data).toBe(
      '<turbo-stream action="update" target="a&quot;>&lt;script>"><template><p>hi</p></template></turbo-stream>',
    );
    expect(turboStream("remove", "a").data).toBe('<turbo-stream action="remove" target="a"></turbo-stream>');
  });
});
