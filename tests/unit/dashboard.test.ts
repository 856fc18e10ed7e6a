import { channel } from "node:diagnostics_channel";
import { localBus, memoryStore, type SessionKey, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { createDashboard } from "live-session/dashboard";
import { encrypted } from "live-session/encrypted";
import { describe, expect, test } from "vitest";
import { shapeOf } from "../../src/dashboard/redaction.ts";
import type { SessionsPage } from "../../src/dashboard/wire.ts";
import {
  base,
  eventsOf,
  figuresOf,
  frames,
  happenings,
  openDashboard,
  openings,
  shownSessions,
} from "../support/dashboard.ts";
import { settle, testSessions } from "../support/sessions.ts";

const endSession = (key: string, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: JSON.stringify({ key }),
  headers: { "content-type": "application/json", origin: "http://shop.example", ...headers },
});

describe("who may look", () => {
  test("there is no dashboard without authorize, nor with an option that it does not know", () => {
    const { sessions } = testSessions();
    expect(() => createDashboard(sessions, {} as never)).toThrow(/authorize/);
    expect(() => createDashboard(sessions, undefined as never)).toThrow(/authorize/);
    expect(() => createDashboard(sessions, { authorize: true } as never)).toThrow(/authorize/);
    expect(() => createDashboard(sessions, { authorize: () => true, authorise: 1 } as never)).toThrow(/authorise/);
    expect(() => createDashboard({} as never, { authorize: () => true })).toThrow(/createLiveSessions/);
  });

  const paths = ["", "dashboard.js", "dashboard.css", "dashboard.svg", "live.events", "sessions.json", "nothing"];

  test.each(paths)("authorize is asked for %j, with the request, and only true lets in", async (path) => {
    const asked: string[] = [];
    const answers: unknown[] = [false, undefined, 1, "true", Promise.resolve(false)];
    const authorize = ({ url }: Request) => {
      asked.push(url);
      return answers.shift() as boolean;
    };
    const { get } = openDashboard({ authorize });
    const count = answers.length;
    for (let at = 0; at < count; at++) expect((await get(path)).status).toBe(403);
    expect(asked).toEqual(new Array(count).fill(base + path));
  });

  test("who may not look ends nothing, and a stream of a session tells nothing", async () => {
    const { get, sessions } = openDashboard({ authorize: () => false });
    const { id, key } = await sessions.create({ n: 1 });
    expect((await get("end.json", endSession(key))).status).toBe(403);
    expect((await get(`live.events?session=${key}`)).status).toBe(403);
    expect(await sessions.read(id)).toEqual({ n: 1 });
  });

  test("watchers can be let in who may end nothing", async () => {
    const { get, sessions } = openDashboard({ authorize: ({ method }) => method !== "POST" });
    const { id, key } = await sessions.create({ n: 1 });
    expect((await get("")).status).toBe(200);
    expect((await get("end.json", endSession(key))).status).toBe(403);
    expect(await sessions.read(id)).toEqual({ n: 1 });
  });

  test("when authorize fails nobody is let in, and onError hears of it", async () => {
    const { get, errors } = openDashboard({
      authorize() {
        throw new Error("the directory is away");
      },
    });
    const response = await get("");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("directory");
    expect(errors.map(({ context }) => context.stage)).toEqual(["dashboard"]);
  });

  test("a stream ends by itself after five minutes, so that authorize is asked again", async () => {
    const { open, clock } = openDashboard();
    const events = await open();
    clock.advance(5 * 60_000 - 1);
    await settle();
    expect(events.isOver).toBe(false);
    clock.advance(1);
    await settle();
    expect(events.isOver).toBe(true);
  });
});

describe("what is sent", () => {
  test("every answer has the strict policy; the page holds no code and no style of its own", async () => {
    const { get } = openDashboard();
    for (const path of ["", "dashboard.js", "sessions.json", "nothing", "live.events"]) {
      const { headers, body } = await get(path);
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|http|data:/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      await body?.cancel();
    }
    const html = await (await get("")).text();
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|https?:/);
  });

  test("the page's files are kept by browsers, and asked for each time", async () => {
    const { get } = openDashboard();
    const first = await get("dashboard.js");
    expect(first.headers.get("content-type")).toMatch(/javascript/);
    expect(first.headers.get("cache-control")).toBe("private, no-cache");
    const again = await get("dashboard.js", { headers: { "if-none-match": first.headers.get("etag") as string } });
    expect(again.status).toBe(304);
  });

  test("an address without the slash that the files need is sent on, never to another host", async () => {
    const { dashboard } = openDashboard();
    const moved = await dashboard.fetch(new Request("http://shop.example/admin/sessions?x"));
    expect([moved.status, moved.headers.get("location")]).toEqual([308, "./sessions/"]);
    const foreign = await dashboard.fetch(requestLike("/admin/\\\\evil.example") as unknown as Request);
    expect(new URL(foreign.headers.get("location") as string, "http://shop.example/admin/x").host).toBe("shop.example");
  });

  test("other methods are refused", async () => {
    const { get } = openDashboard();
    expect((await get("", { method: "POST" })).status).toBe(405);
    expect((await get("end.json")).status).toBe(405);
  });
});

/** What the handler looks at of a request whose address no browser would send. */
function requestLike(path: string) {
  return { url: new URL(base).origin + path, method: "GET", headers: new Headers(), body: null, signal: undefined };
}

describe("figures", () => {
  test("of each second: what happened a second, how long it took, what is attached", async () => {
    const { sessions, open, seconds } = openDashboard({}, { bus: localBus() });
    const { id } = await sessions.create({ n: 0 });
    const live = await sessions.attach(id, { transport: "ws" });
    const events = await open();
    expect(openings(events)).toEqual([{ node: "one", shared: false, history: [] }]);
    for (let n = 1; n <= 4; n++) await live.put("n", n);
    await sessions.records.commit(live.key, { mode: "update", put: {}, delete: [], ifVersion: 99 });
    await sessions.end((await sessions.create()).id);
    await seconds(1);
    const figures = figuresOf(events, "one");
    expect(figures).toMatchObject({ sessions: 1, stale: 0, connections: { ws: 1 } });
    expect(figures?.rates).toEqual({
      commits: 5,
      reads: 0,
      received: 4,
      delivered: 4,
      ends: 1,
      conflicts: 1,
      resyncs: 0,
      errors: 0,
    });
    expect(figures?.latency.commit.reduce((sum, each) => sum + each)).toBe(6);
    await seconds(1);
    expect(figuresOf(events, "one")?.rates.commits).toBe(0);
    expect(figuresOf(events, "one")?.latency.commit.reduce((sum, each) => sum + each)).toBe(6);
    await seconds(60);
    expect(figuresOf(events, "one")?.latency.commit.reduce((sum, each) => sum + each)).toBe(0);
    expect(frames(events).at(-1)?.stored).toBe(1);
  });

  test("who opens the page later sees what was before, and who reloads it too", async () => {
    const { open, seconds } = openDashboard();
    const first = await open();
    await seconds(3);
    expect(openings(await open())[0]?.history).toHaveLength(3);
    await first.cancel();
    await seconds(10);
    expect(openings(await open())[0]?.history).toHaveLength(13);
  });

  test("nothing is counted before anyone looks, nor a minute after the last one left", async () => {
    const isCounting = () => channel("live-session:commit").hasSubscribers;
    const { open, seconds } = openDashboard();
    await seconds(5);
    expect(isCounting()).toBe(false);
    const events = await open();
    expect(isCounting()).toBe(true);
    await events.cancel();
    await seconds(58);
    expect(isCounting()).toBe(true);
    await seconds(3);
    expect(isCounting()).toBe(false);
    expect(openings(await open())[0]?.history).toEqual([]);
  });

  test("once closed it counts nothing, ends its streams and answers nobody", async () => {
    const { open, dashboard, get } = openDashboard();
    const events = await open();
    await dashboard.close();
    await dashboard.close();
    await settle();
    expect(events.isOver).toBe(true);
    expect(channel("live-session:commit").hasSubscribers).toBe(false);
    expect((await get("")).status).toBe(503);
  });

  test("what is stored is counted each second, or after a hundred times as long as it took", async () => {
    const [store, clock] = [memoryStore(), new ManualClock()];
    let counts = 0;
    let takes = 0;
    store.count = () => {
      counts++;
      return takes === 0 ? 7 : new Promise((resolve) => clock.after(takes, () => resolve(8)));
    };
    const { open, seconds } = openDashboard({}, { store, clock });
    const events = await open();
    await seconds(3);
    expect([counts, frames(events).at(-1)?.stored]).toEqual([3, 7]);
    takes = 1_000;
    await seconds(100);
    expect([counts, frames(events).at(-1)?.stored]).toEqual([4, 8]);
    await seconds(5);
    expect(counts).toBe(5);
  });

  test("a store that cannot count is reported, and the page goes on", async () => {
    const store = memoryStore();
    store.count = () => {
      throw new Error("away");
    };
    const { open, seconds, errors } = openDashboard({}, { store });
    const events = await open();
    await seconds(2);
    expect(frames(events).at(-1)?.stored).toBe(null);
    expect(errors.map(({ context }) => context.stage)).toEqual(["dashboard"]);
  });
});

describe("several nodes", () => {
  const pair = () => {
    const [store, bus, clock] = [memoryStore(), localBus(), new ManualClock()];
    const one = openDashboard({ bus, node: "one" }, { store, bus, clock });
    const two = openDashboard({ bus, node: "two" }, { store, bus, clock });
    return { one, two, bus };
  };

  test("tell each other their figures while somebody looks, and only then", async () => {
    const { one, two, bus } = pair();
    let told = 0;
    const publish = bus.publish.bind(bus);
    bus.publish = (...event) => {
      told++;
      return publish(...event);
    };
    await one.seconds(3);
    expect(told).toBe(0);
    const events = await one.open();
    const { id } = await two.sessions.create();
    const live = await two.sessions.attach(id, { transport: "sse" });
    await one.seconds(2);
    await live.put("n", 1);
    await one.seconds(1);
    expect(openings(events)[0]?.shared).toBe(true);
    expect(
      frames(events)
        .at(-1)
        ?.nodes.map(({ node }) => node),
    ).toEqual(["one", "two"]);
    expect(figuresOf(events, "two")).toMatchObject({ sessions: 1, connections: { sse: 1 } });
    expect(
      frames(events).some(({ nodes }) => nodes.some(({ node, rates }) => node === "two" && rates.commits === 1)),
    ).toBe(true);
    await events.cancel();
    await one.seconds(5);
    told = 0;
    await one.seconds(70); // they still count for a while, but each for itself
    expect(told).toBe(0);
  });

  test("a node that is gone is left out after a few seconds", async () => {
    const { one, two } = pair();
    const events = await one.open();
    await one.seconds(2);
    await two.dashboard.close();
    await one.seconds(4);
    expect(
      frames(events)
        .at(-1)
        ?.nodes.map(({ node }) => node),
    ).toEqual(["one"]);
  });

  test("what a node tells fits the shortest message of a bus, however much is looked at", async () => {
    const { one, two, bus } = pair();
    const sizes: number[] = [];
    const publish = bus.publish.bind(bus);
    bus.publish = (key, event) => {
      sizes.push(Buffer.byteLength(JSON.stringify({ key, event })));
      return publish(key, event);
    };
    for (let at = 0; at < 12; at++) {
      const { id, key } = await one.sessions.create();
      for (let tab = 0; tab < 20; tab++) await two.sessions.attach(id, { transport: "socket.io" });
      await one.open(`?session=${key}`);
    }
    sizes.length = 0;
    await one.seconds(5);
    expect(sizes.length).toBeGreaterThan(8);
    expect(Math.max(...sizes)).toBeGreaterThan(2_000); // the connections are in it
    expect(Math.max(...sizes)).toBeLessThan(7_500); // PostgreSQL takes 8,000
  });

  test("tell over an encrypted bus as well", async () => {
    const [clock, store] = [new ManualClock(), memoryStore()];
    const sealed = encrypted({ store, bus: localBus() }, { keys: [Buffer.alloc(32, 7)] });
    const [one, two] = ["one", "two"].map((node) => openDashboard({ bus: sealed.bus, node }, { ...sealed, clock }));
    const events = await one?.open();
    await one?.seconds(2);
    expect(
      events &&
        frames(events)
          .at(-1)
          ?.nodes.map(({ node }) => node),
    ).toEqual(["one", "two"]);
    await two?.dashboard.close();
  });

  test("one that is none of the app's asks the others, shows them, and is shown nowhere", async () => {
    const { one, two, bus } = pair();
    const tool = openDashboard({ bus, node: null }, { bus, clock: one.clock });
    const events = await tool.open();
    await one.seconds(3);
    expect(openings(events)).toMatchObject([{ node: null, shared: true }]);
    const nodes = (seen: typeof events) =>
      frames(seen)
        .at(-1)
        ?.nodes.map(({ node }) => node);
    expect(nodes(events)).toEqual(["one", "two"]);
    const elsewhere = await two.open();
    await one.seconds(3);
    expect(nodes(elsewhere)).toEqual(["one", "two"]); // by name, whichever serves the page
    await two.dashboard.close();
    expect(() => createDashboard(tool.sessions, { authorize: () => true, node: null })).toThrow(/node/);
  });

  test("what is no figures is not shown", async () => {
    const { one, bus } = pair();
    const events = await one.open();
    await one.seconds(2);
    const figures = figuresOf(events, "two");
    const topic = sessionKey("the dashboards of live-session");
    const broken = [
      { ...figures, node: "x".repeat(200) },
      { ...figures, node: "evil", sessions: "<b>" },
      { ...figures, node: "evil", latency: {} },
      { ...figures, node: "evil", connections: { ws: -1 } },
      { ...figures, node: "evil", rates: { ...figures?.rates, commits: Number.NaN } },
      null,
    ];
    for (const put of broken) {
      const about = { incarnation: "x", version: 1, expiresAt: 0, now: 0 };
      await bus.publish(topic, { type: "changed", ...about, changes: { put: { figures: put }, delete: [] } });
    }
    await one.seconds(1);
    expect(
      frames(events)
        .at(-1)
        ?.nodes.map(({ node }) => node),
    ).toEqual(["one", "two"]);
  });

  test("the connections of a session that is looked at are those of all nodes", async () => {
    const { one, two } = pair();
    const { id, key } = await one.sessions.create();
    await one.sessions.attach(id, { transport: "ws" });
    const other = await two.sessions.attach(id, { transport: "sse" });
    const events = await one.open(`?session=${key}`);
    await one.seconds(3);
    const connections = () =>
      shownSessions(events)
        .at(-1)
        ?.connections.map(({ node, transport }) => [node, transport]);
    expect(connections()).toEqual([
      ["one", "ws"],
      ["two", "sse"],
    ]);
    other.detach();
    await one.seconds(3);
    expect(connections()).toEqual([["one", "ws"]]);
  });
});

describe("the list", () => {
  async function filled() {
    const made = openDashboard();
    const keys: SessionKey[] = [];
    for (let at = 0; at < 120; at++) {
      const { id, key } = await made.sessions.create({ secret: "4111", at });
      if (at % 40 === 0) await made.sessions.bind(id, "ada");
      keys.push(key);
    }
    const list = async (query: string): Promise<SessionsPage> => (await made.get(`sessions.json?${query}`)).json();
    return { ...made, keys, list };
  }

  test("shows each session once, page by page, without its data", async () => {
    const { list, keys, get } = await filled();
    const pages = [await list(""), await list("page=1"), await list("page=2")];
    expect(pages.map(({ sessions, hasMore }) => [sessions.length, hasMore])).toEqual([
      [50, true],
      [50, true],
      [20, false],
    ]);
    expect(pages.flatMap(({ sessions }) => sessions.map(({ key }) => key)).sort()).toEqual([...keys].sort());
    expect(pages[0]?.sessions[0]).toMatchObject({ version: expect.any(Number), names: 2 });
    expect(await (await get("sessions.json")).text()).not.toContain("4111");
    expect((await list("page=3")).sessions).toEqual([]);
  });

  test("is searched by principal, by the beginning of a key, by a whole key, and by age", async () => {
    const { list, keys, clock } = await filled();
    const ofAda = await list("principal=ada");
    expect(ofAda.sessions.map(({ principal }) => principal)).toEqual(["ada", "ada", "ada"]);
    expect(ofAda.scanned).toBe(3); // by the store's own index
    const [first = ""] = keys;
    const found = await list(`key=${first.slice(0, 8)}`);
    expect(found.sessions.map(({ key }) => key)).toEqual([first]);
    const whole = await list(`key=${first}`);
    expect([whole.scanned, whole.sessions[0]?.key]).toEqual([1, first]);
    expect((await list(`key=${first}&principal=bob`)).sessions).toEqual([]);
    clock.advance(60_000);
    expect((await list("olderThan=60000")).sessions).toHaveLength(50);
    expect((await list("olderThan=60001")).sessions).toEqual([]);
    expect((await list("youngerThan=59999")).sessions).toEqual([]);
  });

  test("takes what makes no sense as not said", async () => {
    const { list } = await filled();
    expect((await list("page=-1&olderThan=x&youngerThan=&principal=&key=%20")).sessions).toHaveLength(50);
  });
});

describe("a session's page", () => {
  test("shows shapes and sizes; values only where the app reveals them", async () => {
    const reveal = (key: SessionKey, name: string) => key !== "" && name === "theme";
    const { open, sessions } = openDashboard({ reveal });
    const { id, key } = await sessions.create({ card: "4111-secret", theme: "dark", cart: [1, 2] });
    await sessions.bind(id, "ada");
    const events = await open(`?session=${key}`);
    expect(shownSessions(events).at(-1)).toMatchObject({
      key,
      principal: "ada",
      version: 2,
      values: [
        { name: "card", shape: "text, 11 characters", bytes: 13, json: null },
        { name: "cart", shape: "list, 2 items", bytes: 5, json: null },
        { name: "theme", shape: "text, 4 characters", bytes: 6, json: '"dark"' },
      ],
    });
    expect(JSON.stringify(shownSessions(events))).not.toContain("secret");
    expect(JSON.stringify(shownSessions(events))).not.toContain(id);
  });

  test("tells what changes, by name, and the end; looking keeps nothing alive", async () => {
    const { open, sessions, clock } = openDashboard({}, { lifetime: "30m" });
    const { id, key } = await sessions.create({ a: 1, gone: true });
    const before = await sessions.attach(id, { activity: false });
    const { expiresAt } = before;
    clock.advance(60_000);
    const events = await open(`?session=${key}`);
    expect(before.expiresAt).toBe(expiresAt);
    await before.transaction((draft) => {
      draft.a = 2;
      delete draft.gone;
    });
    await settle();
    await sessions.end(id, "revoked");
    await settle();
    expect(happenings(events)).toMatchObject([
      { what: "changed", version: 2, put: ["a"], removed: ["gone"] },
      { what: "ended", reason: "revoked", version: null },
    ]);
    expect(shownSessions(events).at(-1)).toBe(null);
  });

  test.each(["*", ">", "a.b", "", "x".repeat(44)])("of %j, which is no key, says that there is none", async (key) => {
    const asked: string[] = [];
    const store = memoryStore();
    for (const name of ["read", "destroy"] as const) {
      const call = store[name].bind(store) as (key: SessionKey, ...more: never[]) => never;
      store[name] = (each: SessionKey, ...more: never[]) => {
        asked.push(each);
        return call(each, ...more);
      };
    }
    const { open, get } = openDashboard({}, { store });
    expect(shownSessions(await open(`?session=${encodeURIComponent(key)}`))).toEqual([null]);
    expect((await get("end.json", endSession(key))).status).toBe(400);
    expect(asked).toEqual([]); // engines give such names a meaning of their own
  });

  test("of no session says so, and lets go of one that is looked at no more", async () => {
    const { open, sessions } = openDashboard();
    expect(shownSessions(await open(`?session=${sessionKey("none")}`))).toEqual([null]);
    const { key } = await sessions.create();
    const events = await open(`?session=${key}`);
    expect(sessions.attached()).toMatchObject({ sessions: 1, connections: {} }); // it is no browser of the session
    await events.cancel();
    await settle();
    expect(sessions.attached().sessions).toBe(0);
  });

  test("a browser that left before the session was read leaves nothing behind", async () => {
    const store = memoryStore();
    const { get, sessions } = openDashboard({}, { store });
    const { key } = await sessions.create();
    const read = store.read.bind(store);
    let release = () => {};
    store.read = async (each) => {
      await new Promise<void>((resolve) => (release = resolve));
      return read(each);
    };
    const response = await get(`live.events?session=${key}`);
    await settle();
    await response.body?.cancel();
    release();
    await settle();
    expect(sessions.attached().sessions).toBe(0);
  });

  test("a browser that was slow is told the end once it takes more", async () => {
    const reveal = () => true;
    const { sessions, get } = openDashboard({ reveal });
    const { id, key } = await sessions.create();
    const response = await get(`live.events?session=${key}`);
    const live = await sessions.attach(id);
    for (let n = 0; n < 9; n++) {
      await live.put("text", `${n}`.repeat(19_000)); // nobody reads: it piles up
      await settle();
    }
    await live.end();
    await settle();
    const events = eventsOf(response);
    await settle();
    expect(shownSessions(events).length).toBeLessThan(8);
    expect(shownSessions(events).at(-1)).toBe(null);
    await events.cancel();
  });

  test("its button ends the session, asked by the dashboard's own page alone", async () => {
    const { get, sessions } = openDashboard();
    const { id, key } = await sessions.create({ n: 1 });
    const foreign: Record<string, string>[] = [
      { origin: "http://evil.example" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "null" },
    ];
    for (const headers of foreign) expect((await get("end.json", endSession(key, headers))).status).toBe(403);
    const { origin: _origin, ...without } = endSession(key).headers as Record<string, string>;
    expect((await get("end.json", { ...endSession(key), headers: without })).status).toBe(403);
    expect((await get("end.json", endSession(key, { "content-type": "text/plain" }))).status).toBe(400);
    expect((await get("end.json", { ...endSession(key), body: "{" })).status).toBe(400);
    const form = { ...endSession(key, { "content-type": "application/x-www-form-urlencoded" }), body: `key=${key}` };
    expect((await get("end.json", form)).status).toBe(400);
    expect(await sessions.read(id)).toEqual({ n: 1 });
    const asked = await get("end.json", endSession(key, { "sec-fetch-site": "same-origin" }));
    expect(await asked.json()).toEqual({ ended: true });
    expect(await sessions.read(id)).toBe(null);
    expect(await (await get("end.json", endSession(key))).json()).toEqual({ ended: false });
  });
});

test.each([
  [null, "null"],
  [true, "boolean"],
  [1, "number"],
  ["a", "text, 1 character"],
  [[], "list, 0 items"],
  [{ a: 1 }, "object, 1 key"],
])("the shape of %j is %s", (value, shape) => {
  expect(shapeOf(value)).toBe(shape);
});
