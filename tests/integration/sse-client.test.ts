// Our client over an event stream and POSTs: the same protocol, the same promises as over a WebSocket.

import { CallError, type ConnectOptions, connect } from "live-session/client";
import { sseTransport } from "live-session/client-sse";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { rejection, settle, when } from "../support/sessions.ts";
import { serveStreams } from "../support/sse.ts";
import { cookie, hub } from "../support/ws.ts";

interface Data {
  items: string[];
  n: number;
}

async function shop(options: Parameters<typeof serveStreams>[1] = {}) {
  const made = hub<Data>();
  const { action } = made.sessions;
  const app = made.sessions.app({
    view: ({ items = [] }) => ({ items }),
    actions: {
      add: action(z.string(), async (live, item) => {
        await live.update("items", (items = []) => [...items, item]);
        return item.length;
      }),
      setN: action(z.object({ n: z.int() }), (live, { n }) => void live.put("n", n)),
      end: action(async (live) => void (await live.end())),
      nothing: action(() => {}),
      fail: action(() => {
        throw new Error("a secret of the server");
      }),
    },
  });
  const served = await serveStreams(app, options);
  const posts: string[] = [];
  /** A browser tab with the cookie of this session. `through` stands in between. */
  const tab = (id: string, through: typeof fetch = fetch, more: Partial<ConnectOptions> = {}) => {
    const own: typeof fetch = (input, init = {}) => {
      if (init.method === "POST") posts.push(String(init.body));
      return through(input, { ...init, headers: { ...init.headers, cookie: cookie(id) } });
    };
    const live = connect<typeof app>({
      url: served.url,
      transport: sseTransport({ fetch: own }),
      retryMin: 1,
      random: () => 0,
      ...more,
    });
    onTestFinished(() => live.close());
    return live;
  };
  return { ...made, ...served, app, tab, posts };
}

describe("our client", () => {
  test("sees the view, calls actions, and sees what others do", async () => {
    const { sessions, tab } = await shop();
    const { id } = await sessions.create({ items: ["kite"], n: 7 });
    const [one, two] = [tab(id), tab(id)];
    await when(one, () => one.status === "live");
    await when(two, () => two.status === "live");
    expect(one.view).toEqual({ items: ["kite"] });
    expect(await one.actions.add("string")).toBe(6);
    expect(one.view).toEqual({ items: ["kite", "string"] }); // the view comes before the answer
    await when(two, () => two.view?.items.length === 2);
  });

  test("calls arrive in order, however many at once, in few POSTs", async () => {
    const { sessions, tab, posts } = await shop();
    const { id } = await sessions.create({ items: [] });
    const live = tab(id);
    await when(live, () => live.status === "live");
    const items = Array.from({ length: 30 }, (_, index) => `${index}`);
    await Promise.all(items.map((item) => live.actions.add(item)));
    expect(live.view?.items).toEqual(items);
    expect(posts.length).toBeLessThan(5);
    await live.actions.nothing(); // what is sent after the queue ran empty is sent, too
  });

  test("errors are the server's codes", async () => {
    const { sessions, tab } = await shop();
    const { id } = await sessions.create({});
    const live = tab(id);
    const failed = await rejection(live.actions.fail());
    expect(failed).toBeInstanceOf(CallError);
    expect(failed).toMatchObject({ code: "action_failed", message: expect.not.stringContaining("secret") });
    expect(await rejection(live.actions.add(1 as never))).toMatchObject({ code: "invalid_input" });
  });

  test.each(["destroyed", "revoked", "expired"] as const)("%s is final", async (reason) => {
    const { sessions, tab, clock, streams, attached } = await shop();
    const { id } = await sessions.create({});
    const live = tab(id);
    await when(live, () => live.status === "live");
    if (reason === "expired") clock.advance(10 * 86_400_000);
    else await (await sessions.attach(id)).end(reason);
    await when(live, () => live.status === "ended");
    expect(live.endReason).toBe(reason);
    while (streams.size > 0) await settle();
    expect(attached()).toBeLessThan(2);
  });

  test("an unknown session is final, a foreign origin, too", async () => {
    const { tab, sessions } = await shop();
    const unknown = tab("nobody");
    await when(unknown, () => unknown.status === "ended");
    expect(unknown.endReason).toBe("unknown");
    const { id } = await sessions.create({});
    const foreign = tab(id, (input, init) =>
      fetch(input, { ...init, headers: { ...init?.headers, origin: "https://evil.example" } }),
    );
    await when(foreign, () => foreign.status === "ended");
    expect(foreign.endReason).toBe("refused");
  });

  test("a call whose POST broke is sent again, and does not run twice", async () => {
    const { sessions, tab, posts } = await shop();
    const { id } = await sessions.create({ items: [] });
    let broken = 0;
    const live = tab(id, async (input, init) => {
      const response = await fetch(input, init);
      // The server has it, the browser does not hear of that.
      if (init?.method === "POST" && broken++ === 0) throw new TypeError("network error");
      return response;
    });
    await when(live, () => live.status === "live");
    expect(await live.actions.add("once")).toBe(4);
    expect(live.view?.items).toEqual(["once"]);
    expect(posts.filter((text) => text.includes('"add"')).length).toBeGreaterThan(1);
  });

  test("a stream that breaks is opened again", async () => {
    const { sessions, tab, streams } = await shop();
    const { id } = await sessions.create({ items: [] });
    const cuts: AbortController[] = [];
    const live = tab(id, (input, init) => {
      const cut = new AbortController();
      if (init?.method !== "POST") cuts.push(cut);
      return fetch(input, { ...init, signal: AbortSignal.any([cut.signal, init?.signal as AbortSignal]) });
    });
    await when(live, () => live.status === "live");
    const [cut] = cuts;
    cut?.abort();
    await when(live, () => live.status === "stale");
    await when(live, () => live.status === "live");
    await live.actions.add("after");
    expect(cuts).toHaveLength(2);
    while (streams.size > 1) await settle();
  });

  test("input that is too large is refused, the tab goes on", async () => {
    const { sessions, tab } = await shop({ maxMessageBytes: 1_000 });
    const { id } = await sessions.create({ items: [] });
    const live = tab(id);
    await when(live, () => live.status === "live");
    for (const size of [2_000, 500_000]) {
      expect(await rejection(live.actions.add("x".repeat(size)))).toMatchObject({ code: "message_too_large" });
      await when(live, () => live.status === "live");
    }
    expect(await live.actions.add("small")).toBe(5);
  });

  test("the server going away is no end", async () => {
    const { sessions, tab, streams } = await shop();
    const { id } = await sessions.create({ items: [] });
    const live = tab(id, fetch, { random: () => 1, retryMin: 1e6, retryMax: 1e6 });
    await when(live, () => live.status === "live");
    await streams.close();
    await when(live, () => live.status === "stale");
  });
});

describe("messages by POST", () => {
  test("need the stream's id and the cookie of its session", async () => {
    const { sessions, open, post } = await shop();
    const [mine, other] = [await sessions.create({ items: [] }), await sessions.create({ items: [] })];
    const hello = `?hello=${encodeURIComponent(JSON.stringify({ t: "hello", v: 1, client: "tab" }))}`;
    const peer = open(mine.id, { query: hello });
    const { data } = await peer.until("connection");
    const call = JSON.stringify({ t: "call", id: 1, name: "add", input: "kite" });
    const type = { "content-type": "text/plain" };
    expect((await post(other.id, `?connection=${data}`, call, type)).status).toBe(401);
    expect((await post(null, `?connection=${data}`, call, type)).status).toBe(401);
    expect((await post(mine.id, "?connection=guessed", call, type)).status).toBe(401);
    expect((await sessions.read(mine.id))?.items).toEqual([]);
    expect((await post(mine.id, `?connection=${data}`, call, type)).status).toBe(204);
    while (!peer.got.some((got) => got.data.includes('"ok"'))) await peer.next();
    expect((await sessions.read(mine.id))?.items).toEqual(["kite"]);
  });

  test.each([
    ["not JSON", "{", 1007],
    ["no message", '{"t":"who"}', 1002],
    ["a second hello", '{"t":"hello","v":1,"client":"a"}', 1002],
    ["more than any client puts together", '{"t":"ping"}\n'.repeat(20_000), 1009],
  ])("what is %s closes the stream", async (_what, text, code) => {
    const { sessions, open, post, attached } = await shop();
    const { id } = await sessions.create({});
    const peer = open(id, { query: `?hello=${encodeURIComponent('{"t":"hello","v":1,"client":"a"}')}` });
    const { data } = await peer.until("connection");
    await post(id, `?connection=${data}`, text, { "content-type": "text/plain" });
    expect((await peer.until("close")).data).toBe(String(code));
    await peer.closed;
    expect(attached()).toBe(0);
  });
});

describe("actions by POST", () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const json = { "content-type": "application/json" };

  test("run on the cookie's session, for forms and JSON", async () => {
    const { sessions, post, attached } = await shop({
      formInput: ({ n, ...rest }) => (n === undefined ? rest : { ...rest, n: Number(n) }),
    });
    const { id } = await sessions.create({ items: [] });
    expect((await post(id, "?action=setN", "n=5", form)).status).toBe(204);
    expect((await sessions.read(id))?.n).toBe(5);
    const added = await post(id, "?action=add", '"kite"', json);
    expect([added.status, await added.json()]).toEqual([200, 4]);
    expect((await post(id, "?action=nothing")).status).toBe(204);
    expect((await sessions.read(id))?.items).toEqual(["kite"]);
    expect(attached()).toBe(0);
  });

  test.each([
    ["no such action", "?action=none", "", {}, 404, "unknown_action"],
    ["input that the schema refuses", "?action=setN", "n=5", form, 422, "invalid_input"],
    ["JSON that is none", "?action=add", "{", json, 400, "bad_message"],
    ["another type", "?action=add", "kite", { "content-type": "text/csv" }, 400, "bad_message"],
    ["a body that is too large", "?action=add", "x".repeat(100_000), form, 413, "message_too_large"],
    ["an action that throws", "?action=fail", "", {}, 500, "action_failed"],
    ["no action and no stream", "", "", {}, 401, "unknown_session"],
  ])("%s", async (_what, query, body, headers, status, code) => {
    const { sessions, post, attached } = await shop();
    const { id } = await sessions.create({ items: [] });
    const response = await post(id, query, body, headers);
    expect(response.status).toBe(status);
    const answer = await response.json();
    expect(answer).toMatchObject({ code });
    expect(JSON.stringify(answer)).not.toContain("secret");
    expect(attached()).toBe(0);
  });

  test("a session that is over, or that nobody knows, runs nothing", async () => {
    const { sessions, post } = await shop();
    const { id } = await sessions.create({ items: [] });
    expect((await post(id, "?action=end")).status).toBe(204);
    expect((await post(id, "?action=add", '"kite"', json)).status).toBe(401);
    expect((await post(null, "?action=add", '"kite"', json)).status).toBe(401);
    expect(await sessions.read(id)).toBeNull();
  });

  test("other methods are refused", async () => {
    const { url } = await shop();
    const response = await fetch(url, { method: "DELETE" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, POST"]);
  });
});
