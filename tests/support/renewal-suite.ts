// What every request adapter keeps when a session goes on under a new id because it had the old one for long.

import { type LiveSessions, sessionKey } from "live-session";
import type { ManualClock } from "live-session/conformance";
import { expect, test } from "vitest";
import { type Browser, type Data, Gate } from "./express.ts";
import type { StartOptions } from "./http-suite.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const EVERY = 15 * MINUTE;

interface App {
  readonly tab: Browser;
  browser(): Browser;
  readonly sessions: LiveSessions<Data>;
  readonly clock: ManualClock;
  readonly gate: Gate;
  readonly state: { readonly reads: number; readonly failures: string[]; readonly held: Map<string, Gate> };
  readonly errors: readonly { code?: string }[];
  readonly reported: readonly { error: unknown; stage: string }[];
  readonly writes: string[];
  id(tab: Browser): string;
  record(tab: Browser): Promise<{ data: Data; principal: string | null; meta: Data | null; deadline: number | null }>;
}

/** @param begin an app with the routes of `suiteRoutes` */
export function renewalSuite(begin: (options?: StartOptions) => Promise<App>): void {
  const start = (options: StartOptions = {}) => begin({ renewEvery: EVERY, ...options });

  test("after renewEvery a page comes with a new id and all that the session has; the old one is worth nothing", async () => {
    const { tab, sessions, clock, id, record, errors, reported } = await start({ deadline: 24 * HOUR });
    await tab.get("/login-as?user=ada&browser=phone");
    const [before, was] = [id(tab), await record(tab)];
    using live = await sessions.attach(before);
    const heard: unknown[] = [];
    live.subscribe((message) => heard.push(message));
    clock.advance(EVERY - 1);
    await tab.open("/read");
    expect(id(tab)).toBe(before);
    clock.advance(1);
    const { status, body } = await tab.open("/read");
    expect([status, body]).toEqual([200, { user: "ada" }]);
    expect(id(tab)).not.toBe(before);
    const { data, principal, meta, deadline } = was;
    expect(await record(tab)).toMatchObject({
      data,
      principal,
      deadline,
      meta: meta?.about ? { about: meta.about } : {},
    });
    expect(await sessions.records.read(sessionKey(before))).toMatchObject({ state: "ended", reason: "regenerated" });
    expect(heard).toEqual([{ type: "live_session_ended", reason: "regenerated" }]);
    expect(await sessions.of("ada").list()).toMatchObject([{ key: sessionKey(id(tab)), about: { browser: "phone" } }]);
    expect([errors, reported]).toEqual([[], []]);
  });

  test("each id counts from its own making, and a session goes on through many", async () => {
    const { tab, clock, id, errors } = await start({ lifetime: 24 * HOUR });
    await tab.get("/set?cart=kite");
    const ids = new Set([id(tab)]);
    for (let round = 1; round <= 4; round++) {
      clock.advance(EVERY - 1);
      await tab.open("/read");
      expect(ids.size).toBe(round);
      clock.advance(1);
      expect((await tab.open("/read")).body).toEqual({ cart: "kite" });
      ids.add(id(tab));
      expect(ids.size).toBe(round + 1);
    }
    expect(errors).toEqual([]);
  });

  test("what the request itself changes is under the new id, and in the old session's place nothing is left", async () => {
    const { tab, sessions, clock, id } = await start();
    await tab.get("/set?cart=kite&theme=dark");
    const before = id(tab);
    clock.advance(EVERY);
    await tab.open("/set?cart=bow&n=1");
    expect(id(tab)).not.toBe(before);
    expect(await sessions.read(id(tab))).toEqual({ cart: "bow", theme: "dark", n: "1" });
    await tab.open("/delete?theme");
    expect(await sessions.read(id(tab))).toEqual({ cart: "bow", n: "1" });
    expect(await sessions.records.count()).toBe(1);
  });

  test("a session without data goes on, too", async () => {
    const { tab, sessions, clock, id } = await start();
    await tab.get("/set?n=1");
    const before = id(tab);
    await sessions.bind(before, "ada");
    await tab.get("/delete?n");
    clock.advance(EVERY);
    await tab.open("/read");
    expect(id(tab)).not.toBe(before);
    expect(await sessions.of("ada").list()).toMatchObject([{ key: sessionKey(id(tab)) }]);
  });

  test("scripts renew only what is overdue by as much again", async () => {
    const { tab, clock, id } = await start();
    await tab.get("/set?n=1");
    const before = id(tab);
    clock.advance(2 * EVERY - 1);
    await tab.get("/read");
    expect(id(tab)).toBe(before);
    clock.advance(1);
    expect((await tab.get("/read")).body).toEqual({ n: "1" });
    expect(id(tab)).not.toBe(before);
  });

  test.each(["commit", "destroy"])(
    "a store that fails in %s fails no page: the session stays under its id",
    async (where) => {
      const { tab, sessions, clock, id, state, errors, reported } = await start();
      await tab.get("/set?n=1");
      const before = id(tab);
      clock.advance(EVERY);
      state.failures.push(where);
      expect(await tab.open("/read")).toMatchObject({ status: 200, body: { n: "1" } });
      expect(id(tab)).toBe(before);
      expect(reported).toMatchObject([{ stage: "renew", error: { code: "store_failed" } }]);
      expect(await sessions.records.count()).toBe(1);
      await tab.open("/set?n=2");
      expect(id(tab)).not.toBe(before);
      expect(await sessions.read(id(tab))).toEqual({ n: "2" });
      expect(errors).toEqual([]);
    },
  );

  test("a logout in the very request, or a login, is that: no second id, and nothing lives on", async () => {
    const { tab, sessions, clock, id } = await start();
    await tab.get("/set?n=1");
    clock.advance(EVERY);
    await tab.open("/login");
    expect(await sessions.read(id(tab))).toMatchObject({ user: "ada" });
    expect(await sessions.records.count()).toBe(1);
    clock.advance(EVERY);
    await tab.open("/logout");
    expect(await sessions.records.count()).toBe(0);
  });

  test("20 parallel writers at a renewal: what was answered is kept, the others are told to try again", async () => {
    const { tab, sessions, clock, id } = await start();
    await tab.get("/set?started=1");
    const before = id(tab);
    clock.advance(2 * EVERY);
    const write = async (by: Browser, index: number) => (await by.get(`/save?k${index}=${index}`)).status;
    const tabs = Array.from({ length: 20 }, () => tab.fork());
    const statuses = await Promise.all(tabs.map(write));
    expect(new Set([...statuses, 200, 503])).toEqual(new Set([200, 503]));
    const winners = tabs.filter((each) => id(each) !== before);
    expect(new Set(winners.map(id)).size).toBe(1);
    const [winner] = winners as [Browser];
    const kept = async () => Object.keys((await sessions.read(id(winner))) ?? {}).sort();
    expect(await kept()).toEqual(["started", ...acknowledged(statuses)].sort());
    for (const [index, status] of statuses.entries()) {
      if (status === 503) expect(await write(winner.fork(), index)).toBe(200);
    }
    expect(await kept()).toHaveLength(21);
    expect(await sessions.records.count()).toBe(1);
  });

  test.each([
    [EVERY, "/slow-set"], // may be saved only as the response ends, where it is too late to say that it was not
    [2 * EVERY, "/slow-save"],
  ])("writers under way when a page is loaded after %i ms lose nothing that was answered (%s)", async (age, path) => {
    const { tab, sessions, clock, id, gate } = await start({ gate: new Gate(10), rolling: true });
    await tab.get("/set?started=1");
    const tabs = Array.from({ length: 10 }, () => tab.fork());
    const writes = tabs.map(async (each, index) => (await each.get(`${path}?k${index}=${index}`)).status);
    await gate.full;
    clock.advance(age);
    expect((await tab.open("/save?page=1")).status).toBe(200);
    const after = id(tab);
    gate.open();
    const statuses = await Promise.all(writes);
    expect(Object.keys((await sessions.read(after)) ?? {}).sort()).toEqual(
      ["page", "started", ...acknowledged(statuses)].sort(),
    );
    // No response of theirs sends the cookie of an id that is over.
    for (const each of tabs) if (each.setCookies.length > 0) expect(id(each)).toBe(after);
  });

  test("what is written while it moves is not undone by the request that renews", async () => {
    const { tab, sessions, clock, id, state } = await start();
    await tab.get("/set?cart=kite&theme=dark&gone=1");
    using live = await sessions.attach(id(tab));
    clock.advance(EVERY);
    const held = new Gate(1);
    state.held.set("destroy", held);
    const page = tab.open("/set?own=1");
    await held.full;
    await live.put("cart", "bow");
    await live.delete("gone");
    await live.bind("ada");
    held.open();
    expect((await page).status).toBe(200);
    expect(await sessions.read(id(tab))).toEqual({ cart: "bow", theme: "dark", own: "1" });
    expect(await sessions.of("ada").list()).toMatchObject([{ key: sessionKey(id(tab)) }]);
  });

  test("who comes with the old id while it is being renewed loses nothing that was answered", async () => {
    const { tab, sessions, clock, id, gate, state } = await start({ rolling: true });
    await tab.get("/set?started=1");
    const before = id(tab);
    const script = tab.fork();
    clock.advance(EVERY);
    const held = new Gate(1);
    state.held.set("destroy", held);
    const page = tab.open("/read");
    await held.full;
    const { reads } = state;
    const write = script.get("/slow-set?late=1");
    await expect.poll(() => state.reads).toBeGreaterThan(reads);
    held.open();
    expect((await page).status).toBe(200);
    expect(id(tab)).not.toBe(before);
    gate.open();
    const { status } = await write;
    expect([status, (await sessions.read(id(tab)))?.late]).toEqual([503, undefined]);
    expect(script.setCookies).toEqual([]);
  });

  test("live writers at a renewal: each write that was acknowledged is there", async () => {
    const { tab, sessions, clock, id } = await start();
    await tab.get("/set?n=0");
    for (let round = 0; round < 5; round++) {
      const handles = await Promise.all(Array.from({ length: 20 }, () => sessions.attach(id(tab))));
      const before = Number((await sessions.read(id(tab)))?.n);
      clock.advance(EVERY);
      const writes = handles.map(async (live) => {
        for (let done = 0; ; done++) {
          const written = await live
            .update("n", (n) => Number(n) + 1)
            .then(
              () => true,
              () => false,
            );
          if (!written) return done;
          await new Promise(setImmediate);
        }
      });
      await tab.open("/read");
      const acknowledged = (await Promise.all(writes)).reduce((sum, count) => sum + count, 0);
      expect(Number((await sessions.read(id(tab)))?.n)).toBe(before + acknowledged);
    }
  });
}

function acknowledged(statuses: readonly number[]): string[] {
  return statuses.flatMap((status, index) => (status === 200 ? [`k${index}`] : []));
}
