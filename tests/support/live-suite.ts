// What every live adapter promises, whatever carries it: run through the adapter's real client library.

import type { IncomingMessage } from "node:http";
import type { LimitsOptions, LiveApp, LiveSessions, SessionBus, SessionStore } from "live-session";
import { localBus, memoryStore } from "live-session";
import { cookieSessions } from "live-session/cookie";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { eventually, rejection, settle } from "./sessions.ts";
import { hub } from "./ws.ts";

export interface SuiteData {
  items: string[];
  secret: string;
  text: string;
}

export interface SuiteView {
  readonly items: readonly string[];
  readonly text: number;
}

export type SuiteApp = ReturnType<typeof suiteApp>;

function suiteApp(sessions: LiveSessions<SuiteData>) {
  const { action } = sessions;
  return sessions.app({
    // The text itself goes out, so that a view is large; tests look at its length.
    view: ({ items = [], text = "" }) => ({ items, text }),
    actions: {
      add: action(z.string(), async (live, item) => {
        await live.update("items", (items = []) => [...items, item]);
        return item.length;
      }),
      fail: action(() => {
        throw new Error("a secret of the server");
      }),
    },
  });
}

/** One browser tab. */
export interface LivePeer {
  /** The views that it got, in order; `text` as its length. */
  readonly views: readonly SuiteView[];
  /** Resolves when a view passes, past or to come. */
  until(passes: (view: SuiteView) => boolean): Promise<SuiteView>;
  /** The result; rejects with an error that has the server's code. */
  call(action: string, input?: unknown): Promise<unknown>;
  /** Why the server said that the session is over. */
  readonly ended: Promise<string>;
  /** The ms that were left when the server said that the session is about to expire. */
  readonly expiring: Promise<number>;
  /** The browser has another cookie from now on, as after a response that set it. */
  use(id: string): void;
  /** The browser closes the tab. */
  close(): void;
  /** Stops reading, so that what the server writes piles up, or goes on. */
  pause(): void;
  resume(): void;
}

export interface ServedLive {
  /** A tab with the session's cookie, signed. */
  connect(id: string, headers?: Record<string, string>): LivePeer;
  /** How many connections the server has. */
  open(): number;
}

export interface ServeOptions {
  readonly address?: ((request: Pick<IncomingMessage, "headers">) => string | null) | undefined;
}

export interface LiveAdapter {
  readonly name: string;
  /** What its connections are counted as. */
  readonly transport: string;
  serve(
    app: SuiteApp & LiveApp<SuiteData, unknown, Record<string, unknown>>,
    options?: ServeOptions,
  ): Promise<ServedLive>;
  /** Whether its actions come over a connection, which can be flooded. */
  readonly calls: "by connection" | "by requests";
  /** The reason that a tab is given whose origin is not let in. */
  readonly refused: string;
  /** The reason that a tab is given whose session is sealed in its cookie. */
  readonly sealed: string;
}

/** Keeps a peer's views, and those who wait for one. */
export class ViewLog {
  readonly views: SuiteView[] = [];
  readonly #waiting = new Set<() => void>();

  readonly add = (view: unknown): void => {
    const { items, text } = view as { items: string[]; text: string };
    this.views.push({ items, text: text.length });
    for (const look of [...this.#waiting]) look();
  };

  until(passes: (view: SuiteView) => boolean): Promise<SuiteView> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.views.find(passes);
        if (!found) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** More than the buffers of a line take in, ours and the system's. */
const LARGE = 2_000_000;

interface NodeOptions extends ServeOptions {
  readonly store?: SessionStore;
  readonly bus?: SessionBus;
  readonly lifetime?: "30m";
  readonly touchInterval?: 0;
  readonly limits?: LimitsOptions;
}

/** Where a tab says that it comes from. */
const from = (address: string) => ({ "x-real-ip": address });
const realIp: ServeOptions["address"] = ({ headers }) => String(headers["x-real-ip"]);

export function liveAdapterSuite(adapter: LiveAdapter): void {
  const node = async ({ address, ...parts }: NodeOptions = {}) => {
    const made = hub<SuiteData>({ maxBytes: 2 * LARGE, ...parts });
    return { ...made, ...(await adapter.serve(suiteApp(made.sessions) as never, { address })) };
  };

  describe(adapter.name, () => {
    test("a tab sees the view of its session, and what requests and others write", async () => {
      const { sessions, connect } = await node();
      const { id } = await sessions.create({ items: ["kite"], secret: "hidden" });
      const other = await sessions.create({ items: ["theirs"] });
      const [one, two] = [connect(id), connect(other.id)];
      await one.until(({ items }) => items.length === 1);
      await two.until(({ items }) => items.length === 1);
      const live = await sessions.attach(id);
      await live.put("items", ["kite", "string"]);
      await one.until(({ items }) => items.length === 2);
      expect(JSON.stringify(one.views)).not.toMatch(/theirs|hidden/);
      expect(JSON.stringify(two.views)).not.toMatch(/kite|string/);
    });

    test("a call writes, and gives its result", async () => {
      const { sessions, connect } = await node();
      const { id } = await sessions.create({ items: [] });
      const [one, two] = [connect(id), connect(id)];
      await one.until(() => true);
      expect(await one.call("add", "kite")).toBe(4);
      await Promise.all([one, two].map((tab) => tab.until(({ items }) => items[0] === "kite")));
    });

    test("tabs on two nodes that write at once lose nothing, and end at the same", async () => {
      const parts = { store: memoryStore(), bus: localBus() };
      const [left, right] = [await node(parts), await node(parts)];
      const { id } = await left.sessions.create({ items: [] });
      const tabs = [left.connect(id), right.connect(id), right.connect(id)];
      await Promise.all(tabs.map((tab) => tab.until(() => true)));
      const calls = tabs.flatMap((tab, at) => Array.from({ length: 10 }, (_, n) => tab.call("add", `${at}-${n}`)));
      await Promise.all(calls);
      const [first] = await Promise.all(tabs.map((tab) => tab.until(({ items }) => items.length === 30)));
      expect(new Set(first?.items).size).toBe(30);
      expect((await left.sessions.read(id))?.items).toEqual(first?.items);
      for (const { views } of tabs) {
        expect(views.at(-1)).toEqual(first);
        const sizes = views.map(({ items }) => items.length);
        expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
      }
    });

    test("the end is told with its reason to every tab on every node, and closes it", async () => {
      const parts = { store: memoryStore(), bus: localBus() };
      const [left, right] = [await node(parts), await node(parts)];
      const { id } = await left.sessions.create({ items: [] });
      const tabs = [left.connect(id), right.connect(id)];
      await Promise.all(tabs.map((tab) => tab.until(() => true)));
      const live = await left.sessions.attach(id);
      await live.end("revoked");
      live.detach();
      expect(await Promise.all(tabs.map((tab) => tab.ended))).toEqual(["revoked", "revoked"]);
      while (left.open() + right.open() > 0) await settle();
      expect([left.attached(), right.attached()]).toEqual([0, 0]);
    });

    test("a tab is counted among the connections as long as it is there, its calls are not", async () => {
      const { sessions, connect, open } = await node();
      const { id, key } = await sessions.create({ items: [] });
      const tabs = [connect(id), connect(id)];
      await Promise.all(tabs.map((tab) => tab.until(() => true)));
      await tabs[0]?.call("add", "kite");
      expect(sessions.attached().connections).toEqual({ [adapter.transport]: 2 });
      expect(sessions.connections(key).map(({ transport }) => transport)).toEqual([
        adapter.transport,
        adapter.transport,
      ]);
      await sessions.end(id);
      while (open() > 0) await settle();
      expect(sessions.attached()).toEqual({ sessions: 0, stale: 0, connections: {} });
    });

    test("an expired session is told, too", async () => {
      const { sessions, connect, clock } = await node();
      const { id } = await sessions.create({ items: [] });
      const tab = connect(id);
      await tab.until(() => true);
      clock.advance(100 * 86_400_000);
      expect(await tab.ended).toBe("expired");
    });

    test("a session that moves to a new id is followed by tabs with its new cookie, and over for the others", async () => {
      const { sessions, connect, open } = await node();
      const { id } = await sessions.create({ items: ["kite"] });
      const [follows, stays] = [connect(id), connect(id)];
      await Promise.all([follows, stays].map((tab) => tab.until(() => true)));
      const next = await sessions.regenerate(id);
      follows.use(next);
      const live = await sessions.attach(next);
      await live.put("items", ["kite", "string"]);
      await follows.until(({ items }) => items.length === 2);
      expect(await follows.call("add", "reel")).toBe(4);
      expect(["regenerated", "session_ended"]).toContain(await stays.ended);
      while (open() > 1) await settle();
      expect(stays.views.at(-1)?.items).toEqual(["kite"]);
    });

    test("a tab is told before its session expires, and does not keep it alive by being there", async () => {
      const { sessions, connect, clock } = await node({ lifetime: "30m", touchInterval: 0 });
      const { id, key } = await sessions.create({ items: [] });
      const expiry = async () => {
        const found = await sessions.records.read(key);
        return found.state === "live" ? found.record.expiresAt - clock.now() : 0;
      };
      clock.advance(10 * 60_000);
      const tab = connect(id);
      await tab.until(() => true);
      expect(await expiry()).toBe(20 * 60_000);
      clock.advance(19 * 60_000);
      expect(await tab.expiring).toBe(60_000);
      await tab.call("add", "kite"); // a write, which counts
      expect(await expiry()).toBe(30 * 60_000);
    });

    test("nobody without a session, nobody with another's signature", async () => {
      const { sessions, connect, attached } = await node();
      const { id } = await sessions.create({ items: ["kite"] });
      const [unknown, forged] = [connect("nobody"), connect(id, { cookie: `connect.sid=s%3A${id}.forged` })];
      expect(await Promise.all([unknown.ended, forged.ended])).toEqual(["unknown", "unknown"]);
      expect([unknown.views, forged.views, attached()]).toEqual([[], [], 0]);
    });

    test("nobody whose session is sealed in a cookie, which is told to the tab and to onError", async () => {
      const { connect, attached, reported } = await node();
      const own = cookieSessions<SuiteData>({ secret: "of 32 characters or more, at random", name: "own" });
      const session = own.open(new Request("http://shop.example/"));
      session.put("items", ["kite"]);
      const tab = connect("", { cookie: `theme=dark; ${(await session.commit())?.split(";")[0]}` });
      expect(await tab.ended).toBe(adapter.sealed);
      expect([tab.views, attached()]).toEqual([[], 0]);
      expect(reported[0]).toMatchObject({ error: { code: "cookie_session" }, context: { stage: "attach" } });
    });

    test("no page of another site", async () => {
      const { sessions, connect, attached } = await node();
      const { id } = await sessions.create({ items: ["kite"] });
      const foreign = connect(id, { origin: "https://evil.example" });
      expect(await foreign.ended).toBe(adapter.refused);
      expect([foreign.views, attached()]).toEqual([[], 0]);
    });

    test("bad input changes nothing, and shows nothing of the server", async () => {
      const { sessions, connect } = await node();
      const { id } = await sessions.create({ items: [] });
      const tab = connect(id);
      await tab.until(() => true);
      const codes: unknown[] = [];
      for (const [action, input] of [
        ["none", "x"],
        ["__proto__", "x"],
        ["add", { toString: "x" }],
        ["add", undefined],
        ["fail", undefined],
      ] as const) {
        const { code, message } = await rejection(tab.call(action, input));
        codes.push(code);
        expect(message).not.toContain("secret");
      }
      expect(codes).toEqual(["unknown_action", "unknown_action", "invalid_input", "invalid_input", "action_failed"]);
      expect((await sessions.read(id))?.items).toEqual([]);
      await tab.call("add", "kite");
    });

    test("connections over the session's rate are refused, and let in when they come later", async () => {
      const { sessions, connect, clock, reported } = await node({
        limits: { perSession: { connections: { rate: 1, burst: 2 } } },
      });
      const { id } = await sessions.create({ items: [] });
      const other = await sessions.create({ items: [] });
      const tabs = [connect(id), connect(id)];
      await Promise.all(tabs.map((tab) => tab.until(() => true)));
      const late = connect(id);
      await eventually(() => sessions.refused.perSession.connections > 0);
      expect(late.views).toEqual([]);
      await connect(other.id).until(() => true);
      clock.advance(1_000);
      await late.until(() => true);
      expect(reported).toEqual([]);
    });

    test("a session has no more connections at once than it may; one that closes makes room", async () => {
      const { sessions, connect, attached, open } = await node({ limits: { perSession: { maxConnections: 2 } } });
      const { id } = await sessions.create({ items: [] });
      const tabs = [connect(id), connect(id)];
      await Promise.all(tabs.map((tab) => tab.until(() => true)));
      const late = connect(id);
      await eventually(() => sessions.refused.perSession.maxConnections > 0);
      expect(late.views).toEqual([]);
      tabs[0]?.close();
      await late.until(() => true);
      for (const tab of [...tabs, late]) tab.close();
      await eventually(() => open() === 0);
      expect(attached()).toBe(0);
      await connect(id).until(() => true);
    });

    test("one that is refused for want of a session leaves its place", async () => {
      const { sessions, connect } = await node({ limits: { perAddress: { maxConnections: 1 } } });
      const { id } = await sessions.create({ items: [] });
      for (let turn = 0; turn < 3; turn++) expect(await connect("nobody").ended).toBe("unknown");
      await connect(id).until(() => true);
      expect(sessions.refused.perAddress.maxConnections).toBe(0);
    });

    test("a session has no more subscribers than it may, whoever they are", async () => {
      const { sessions, connect } = await node({ limits: { perSession: { maxSubscribers: 2 } } });
      const { id } = await sessions.create({ items: [] });
      const own = [await sessions.attach(id), await sessions.attach(id)];
      const tab = connect(id);
      await eventually(() => sessions.refused.perSession.maxSubscribers > 0);
      expect(tab.views).toEqual([]);
      own[0]?.detach();
      await tab.until(() => true);
    });

    test("an address is that of the socket: all sessions that come from it are counted together", async () => {
      const { sessions, connect } = await node({ limits: { perAddress: { maxConnections: 1 } } });
      const ids = [(await sessions.create({ items: [] })).id, (await sessions.create({ items: [] })).id] as const;
      const first = connect(ids[0], from("192.0.2.1"));
      await first.until(() => true);
      const second = connect(ids[1], from("192.0.2.2"));
      await eventually(() => sessions.refused.perAddress.maxConnections > 0);
      expect(second.views).toEqual([]);
      first.close();
      await second.until(() => true);
    });

    test("or what the app says, of IPv6 its first 64 bits; one without a session counts, too", async () => {
      const { sessions, connect } = await node({
        address: realIp,
        limits: { perAddress: { connections: { rate: 1, per: "1d", burst: 2 } } },
      });
      const { id } = await sessions.create({ items: [] });
      const stranger = connect("nobody", from("2001:db8:0:1::1"));
      expect(await stranger.ended).toBe("unknown");
      await connect(id, from("2001:db8:0:1::2")).until(() => true);
      await connect(id, from("2001:db8:0:2::1")).until(() => true);
      expect(sessions.refused.perAddress.connections).toBe(0);
      const third = connect(id, from("2001:db8:0:1:ffff::3"));
      await eventually(() => sessions.refused.perAddress.connections > 0);
      expect(third.views).toEqual([]);
      third.close();
    });

    test("a foreign page is no connection of its visitor's", async () => {
      const { sessions, connect } = await node({ limits: { perSession: { connections: { rate: 1, burst: 1 } } } });
      const { id } = await sessions.create({ items: [] });
      for (let turn = 0; turn < 3; turn++) await connect(id, { origin: "https://evil.example" }).ended;
      await connect(id).until(() => true);
    });

    test("an action over the rate is refused and not run, whichever tab calls; the connection stays", async () => {
      const { sessions, connect, clock, reported, open } = await node({
        limits: { perSession: { actions: { rate: 1, burst: 3 } } },
      });
      const { id } = await sessions.create({ items: [] });
      const [one, two] = [connect(id), connect(id)];
      await Promise.all([one, two].map((tab) => tab.until(() => true)));
      for (const tab of [one, two, one]) await tab.call("add", "kite");
      const refused = await rejection(two.call("add", "late"));
      expect(refused).toMatchObject({ code: "rate_limited" });
      expect(refused.message).toContain("Try again in 1 s");
      expect((await sessions.read(id))?.items).toEqual(["kite", "kite", "kite"]);
      clock.advance(1_000);
      await two.call("add", "string");
      await one.until(({ items }) => items.at(-1) === "string");
      expect([open(), sessions.refused.perSession.actions, reported]).toEqual([2, 1, []]);
    });

    test("an address has its own rate of actions", async () => {
      const { sessions, connect } = await node({
        address: realIp,
        limits: { perAddress: { actions: { rate: 1, per: "1d", burst: 1 } } },
      });
      const made = [await sessions.create({ items: [] }), await sessions.create({ items: [] })] as const;
      const [one, two] = [connect(made[0].id, from("192.0.2.1")), connect(made[1].id, from("::ffff:192.0.2.1"))];
      const other = connect(made[1].id, from("192.0.2.2"));
      await Promise.all([one, two, other].map((tab) => tab.until(() => true)));
      await one.call("add", "kite");
      expect(await rejection(two.call("add", "kite"))).toMatchObject({ code: "rate_limited" });
      await other.call("add", "string");
      expect(sessions.refused.perAddress.actions).toBe(1);
    });

    test.runIf(adapter.calls === "by connection")(
      "a flood closes the connection that it comes by, and no other",
      async () => {
        const { sessions, connect, reported } = await node({
          limits: { perConnection: { messages: { rate: 1, per: "1d", burst: 20 } } },
        });
        const { id } = await sessions.create({ items: [] });
        const [flood, other] = [connect(id), connect(id)];
        await Promise.all([flood, other].map((tab) => tab.until(() => true)));
        const calls = Array.from({ length: 30 }, () => flood.call("add", "kite").catch(() => {}));
        await eventually(() => sessions.refused.perConnection.messages > 0);
        flood.close();
        await other.call("add", "string");
        expect(reported).toEqual([]);
        void calls;
      },
    );

    test("a slow reader gets the latest, not the many that it missed, and holds nobody up", async () => {
      const { sessions, connect } = await node();
      const { id } = await sessions.create({ items: [] });
      const [slow, quick] = [connect(id), connect(id)];
      await Promise.all([slow, quick].map((tab) => tab.until(() => true)));
      slow.pause();
      const live = await sessions.attach(id);
      for (let turn = 1; turn <= 15; turn++) {
        await live.put("text", "x".repeat(LARGE + turn));
        await quick.until(({ text }) => text === LARGE + turn);
      }
      slow.resume();
      await slow.until(({ text }) => text === LARGE + 15);
      expect(slow.views.length).toBeLessThan(12);
      expect(quick.views).toHaveLength(16);
    });
  });
}
