// From sealed cookies to a live store: nobody is logged out, nothing moves twice, and nothing comes back.

import { memoryStore, sessionKey } from "live-session";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type Data, Gate } from "../support/express.ts";
import { movings, startMoving } from "../support/moving.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe.each(movings)("$name", (moving) => {
  const start = (options?: Parameters<typeof startMoving>[1]) => startMoving(moving, options);
  const [sealedName, liveName] = moving.names;

  test("a request with a sealed cookie has a live session of the same data, and the new cookie in the old one's place", async () => {
    const { tab, moved, sessions, id, errors } = await start();
    await tab.get("/set?cart=kite&user=ada");
    const sealed = tab.cookies.get(sealedName);
    const after = moved();
    expect((await after.get("/read")).body).toEqual({ cart: "kite", user: "ada" });
    expect([...after.cookies.keys()]).toEqual([liveName]);
    expect(after.cookies.get(liveName)).not.toBe(sealed);
    expect(await sessions.read(id(after))).toEqual({ cart: "kite", user: "ada" });
    await after.get("/set?cart=bow");
    expect((await after.get("/read")).body).toEqual({ cart: "bow", user: "ada" });
    expect(errors).toEqual([]);
  });

  test("also when the first thing is a write, a login, or a logout", async () => {
    const { tab, moved, sessions, id } = await start();
    await tab.get("/set?n=1");
    const writes = moved();
    await writes.get("/set?m=2");
    expect(await sessions.read(id(writes))).toEqual({ n: "1", m: "2" });

    const other = tab.fork();
    other.cookies.clear();
    await other.get("/set?n=1");
    const logsIn = moved(other);
    await logsIn.get("/login");
    expect((await logsIn.get("/read")).body).toMatchObject({ user: "ada" });
    expect([...logsIn.cookies.keys()]).toEqual([liveName]);

    other.cookies.clear();
    await other.get("/set?n=1");
    const logsOut = moved(other);
    await logsOut.get("/logout");
    expect([...logsOut.cookies.keys()]).toEqual([]);
    expect((await moved(other).get("/read")).body).toEqual({});
  });

  test("keeps the deadline and the lifetime", async () => {
    // Under express-session the store's lifetime counts for a cookie without a date.
    const hub = moving.name.startsWith("express") ? { lifetime: HOUR } : {};
    const { tab, moved, clock, record, id } = await start({ sealed: { lifetime: HOUR, deadline: DAY }, hub });
    await tab.get("/set?n=1");
    const deadline = clock.now() + DAY;
    clock.advance(HOUR / 2);
    const after = moved();
    await after.get("/read");
    expect(await record(id(after))).toMatchObject({ lifetime: HOUR, deadline, left: HOUR });
    clock.advance(HOUR);
    expect((await after.get("/read")).body).toEqual({});
  });

  test("a sealed session that is over does not move", async () => {
    const { tab, moved, clock, sessions } = await start({ sealed: { lifetime: HOUR } });
    await tab.get("/set?n=1");
    clock.advance(HOUR);
    expect((await moved().get("/read")).body).toEqual({});
    expect(await sessions.records.count()).toBe(0);
  });

  test("requests at the same time end in one session, with what each of them wrote", async () => {
    const { tab, moved, sessions, gate, id } = await start({ gate: new Gate(20) });
    await tab.get("/set?n=1");
    const tabs = Array.from({ length: 20 }, () => moved());
    const all = tabs.map((each, index) => each.get(`/slow-set?k${index}=1`));
    await gate.full;
    gate.open();
    await Promise.all(all);
    expect(new Set(tabs.map(id)).size).toBe(1);
    expect(Object.keys((await sessions.read(id(tabs[0]!))) ?? {})).toHaveLength(21);
    expect(await sessions.records.count()).toBe(2); // the session, and that it moved
  });

  test("older and newer cookies of one session are one session: the first to come decides what is in it", async () => {
    const { tab, moved, id } = await start();
    await tab.get("/set?n=1");
    const old = tab.fork();
    await tab.get("/set?n=2");
    const [first, second] = [moved(), moved(old)];
    expect((await first.get("/read")).body).toEqual({ n: "2" });
    expect((await second.get("/read")).body).toEqual({ n: "2" });
    expect(id(second)).toBe(id(first));
  });

  test("a sealed cookie brings no ended session back, not even once the store forgot the end", async () => {
    const { tab, moved, sessions, clock } = await start({ hub: { endedRetention: 0 } });
    await tab.get("/set?n=1");
    const copy = tab.fork();
    const after = moved();
    await after.get("/read");
    await after.get("/logout");
    for (const wait of [0, DAY]) {
      clock.advance(wait);
      await sessions.records.sweep(0);
      const late = moved(copy);
      expect((await late.get("/read")).body).toEqual({});
      await late.get("/set?m=2");
      expect((await late.get("/read")).body).toEqual({ m: "2" });
    }
  });

  test("nor does it after a login under a new id", async () => {
    const { tab, moved, sessions, clock } = await start({ sealed: { lifetime: HOUR }, hub: { lifetime: HOUR } });
    await tab.get("/set?n=1");
    const copy = tab.fork();
    const after = moved();
    await after.get("/read");
    await after.get("/login");
    for (const wait of [MINUTE, HOUR - MINUTE - 1]) {
      clock.advance(wait);
      expect((await moved(copy).get("/read")).body).toEqual({});
      await sessions.records.sweep(0);
    }
  });

  test("two nodes, one of which stops halfway: the next request goes on with what is there", async () => {
    const { tab, moved, store, sessions, errors, id } = await start();
    await tab.get("/set?n=1");
    const { commit } = store;
    let commits = 0;
    store.commit = (...given) => {
      if (++commits > 1) throw new Error("away");
      return commit(...given);
    };
    expect((await moved().get("/read")).status).toBe(500);
    expect(errors[0]).toMatchObject({ code: "store_failed" });
    store.commit = commit;
    const after = moved();
    expect((await after.get("/read")).body).toEqual({ n: "1" });
    expect(await sessions.read(id(after))).toEqual({ n: "1" });
    expect(await sessions.records.count()).toBe(2);
  });

  test("a store that is away is an error, never an empty session, and the sealed cookie stays", async () => {
    const { tab, moved, store, errors } = await start();
    await tab.get("/set?n=1");
    const { read } = store;
    store.read = () => {
      throw new Error("away");
    };
    const after = moved();
    expect((await after.get("/read")).status).toBe(500);
    expect(errors[0]).toMatchObject({ code: "store_failed" });
    expect(after.setCookies).toEqual([]);
    store.read = read;
    expect((await after.get("/read")).body).toEqual({ n: "1" });
  });

  test("what the live store refuses is reported, and the visitor starts anew", async () => {
    const schema = z.object({ n: z.literal("2") }).partial();
    for (const hub of [{ maxBytes: 6 }, { schema }] as const) {
      const { tab, moved, reported } = await start({ hub });
      await tab.get("/set?n=1");
      expect((await moved().get("/read")).body).toEqual({});
      const code = "schema" in hub ? "invalid_data" : "too_large";
      expect(reported).toEqual([["move", expect.objectContaining({ code })]]);
    }
  });

  test("a live cookie counts before a sealed one", async () => {
    const { tab, moved, sessions, id } = await start();
    await tab.get("/set?n=1");
    const after = moved();
    await after.get("/read");
    const own = id(after);
    const sealed = tab.cookies.get(sealedName)!;
    if (sealedName !== liveName) after.cookies.set(sealedName, sealed);
    await after.get("/set?m=2");
    expect(await sessions.read(own)).toEqual({ n: "1", m: "2" });
  });
});

test("a session that was marked as moved under another incarnation is not made again", async () => {
  const [, , onFetch] = movings;
  const { tab, moved, store, sessions, clock } = await startMoving(onFetch!, { hub: { endedRetention: 0 } });
  await tab.get("/set?n=1");
  const [one, two] = [moved(), moved()];
  // While one request is between asking for the mark and making the session, another moves it, ends it, and it is forgotten.
  const { commit } = store;
  store.commit = async (...given) => {
    store.commit = commit;
    await two.get("/logout");
    await sessions.records.sweep(0);
    clock.advance(1);
    await sessions.records.sweep(0);
    return commit(...given);
  };
  expect((await one.get("/read")).body).toEqual({});
  expect(await sessions.records.count()).toBe(1); // that it moved
});

test("a slow request's cookie does not take the place of a login's", async () => {
  const [, , onFetch] = movings;
  const { tab, moved, gate } = await startMoving(onFetch!, { gate: new Gate(1) });
  await tab.get("/set?n=1");
  const slow = moved();
  const reading = slow.get("/slow-read");
  await gate.full;
  await moved().get("/login");
  gate.open();
  await reading;
  expect(slow.setCookies).toEqual([]);
});

test("rotated secrets: what any of them sealed moves, to the same session", async () => {
  const [, , onFetch] = movings;
  const old = "an old secret, also of at least 32 characters";
  const young = "a young secret, also of at least 32 characters";
  const clock = { now: () => Date.now(), after: () => () => {} };
  const { sessions } = await startMoving(onFetch!);
  const { cookieSessions } = await import("live-session/cookie");
  const { fetchSessions } = await import("live-session/fetch");
  const request = (cookie: string) => new Request("http://shop.example/", { headers: { cookie } });
  const seal = async (secret: string | string[], cookie = "") => {
    const own = cookieSessions<Data>({ secret, clock }).open(request(cookie));
    if (cookie === "") own.put("n", 1);
    else await own.load();
    return (await own.commit())?.split(";")[0] ?? "";
  };
  const before = await seal(old);
  const resealed = await seal([young, old], before);
  expect(resealed).not.toBe(before);
  const web = fetchSessions(sessions, { secret: "s", moveFrom: cookieSessions({ secret: [young, old] }) });
  const ids = new Set<string>();
  for (const cookie of [before, resealed]) {
    const own = web.open(request(cookie));
    expect(await own.load()).toEqual({ n: 1 });
    ids.add((await own.commit()) ?? "");
  }
  expect(ids.size).toBe(1);
});

test.each(movings)("$name: remember-me goes along, with its lifetime and its cookie's date", async (moving) => {
  const { tab, moved, clock, sessions, record, id } = await startMoving(moving, { sealed: { maxAge: 10 * DAY } });
  await tab.get("/set?n=1");
  const after = moved();
  await after.get("/read");
  expect(await record(id(after))).toMatchObject({ lifetime: 10 * DAY });
  expect(after.setCookies.join("\n")).toMatch(/sid=.*Expires=/);
  clock.advance(9 * DAY);
  expect((await after.get("/read")).body).toEqual({ n: "1" });
  expect((await sessions.records.read(sessionKey(id(after)))).state).toBe("live");
});

test("a second store can take the same cookies: what moved is remembered in each", async () => {
  const [, , onFetch] = movings;
  const { tab, moved, sessions, id } = await startMoving(onFetch!, { hub: { store: memoryStore() } });
  await tab.get("/set?n=1");
  const after = moved();
  await after.get("/read");
  expect(await sessions.read(id(after))).toEqual({ n: "1" });
});
