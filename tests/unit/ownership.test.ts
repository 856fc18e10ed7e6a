// Whose sessions they are: binding, listing, ending, how many there may be, and what goes along to a new id.

import Libsql from "libsql";
import {
  createLiveSessions,
  generateSessionId,
  type LiveSessions,
  localBus,
  memoryStore,
  type PrincipalLimit,
  type SessionStore,
  sessionKey,
} from "live-session";
import { ManualClock } from "live-session/conformance";
import { sqliteStore } from "live-session/sqlite";
import { describe, expect, test } from "vitest";
import { renewed } from "../../src/http/shared/renewal.ts";
import { ownershipHolds } from "../support/ownership-model.ts";
import { localNodes, slowed } from "../support/ownership-nodes.ts";
import { rejection, testSessions } from "../support/sessions.ts";

type Data = Record<string, unknown>;

const HOUR = 3_600_000;

async function record(sessions: ReturnType<typeof testSessions<Data>>["sessions"], id: string) {
  const found = await sessions.records.read(sessionKey(id));
  if (found.state !== "live") throw new Error(`The session is ${found.state}.`);
  return found.record;
}

describe("bind", () => {
  test("a session is among its principal's from then on, and among another's once it is bound anew", async () => {
    const { sessions } = testSessions<Data>();
    const { id, key } = await sessions.create({ cart: 1 });
    const keys = async (who: string) => (await sessions.of(who).list()).map((each) => each.key);
    await sessions.bind(id, "ada");
    expect([await keys("ada"), await keys("bert")]).toEqual([[key], []]);
    await sessions.bind(id, "bert");
    expect([await keys("ada"), await keys("bert")]).toEqual([[], [key]]);
    await sessions.bind(id, null);
    expect([await keys("ada"), await keys("bert")]).toEqual([[], []]);
    expect(await sessions.read(id)).toEqual({ cart: 1 });
  });

  test("a handle binds its own session, and not a later one under the same key", async () => {
    const { sessions } = testSessions<Data>();
    const { id } = await sessions.create();
    const live = await sessions.attach(id);
    await live.bind("ada", { about: { browser: "phone" } });
    expect(await sessions.of("ada").list()).toMatchObject([{ key: live.key, about: { browser: "phone" } }]);
    await sessions.bind(live, "bert");
    expect(await sessions.of("bert").list()).toHaveLength(1);
    const { incarnation } = await record(sessions, id);
    const other = sessions.ownership.bind(live.key, `${incarnation}x`, { principal: "mallory" });
    expect(await rejection(other)).toMatchObject({ code: "session_ended" });
    await live.end();
    expect(await rejection(live.bind("ada"))).toMatchObject({ code: "session_ended", reason: "destroyed" });
  });

  test("about, lifetime and deadline are written along; what is not given stays", async () => {
    const { sessions, clock } = testSessions<Data>({ lifetime: HOUR });
    const { id } = await sessions.create();
    await sessions.bind(id, "ada", { about: { browser: "phone" }, lifetime: "2h", deadline: "6h" });
    const first = { principal: "ada", meta: { about: { browser: "phone" } }, lifetime: 2 * HOUR };
    expect(await record(sessions, id)).toMatchObject({ ...first, deadline: clock.now() + 6 * HOUR });
    clock.advance(HOUR);
    await sessions.bind(id, "ada");
    expect(await record(sessions, id)).toMatchObject({ ...first, deadline: clock.now() + 5 * HOUR });
    await sessions.bind(id, "ada", { about: {}, deadline: null });
    expect(await record(sessions, id)).toMatchObject({ meta: { about: {} }, lifetime: 2 * HOUR, deadline: null });
  });

  test("what is over or unknown cannot be bound", async () => {
    const { sessions } = testSessions<Data>();
    const { id } = await sessions.create();
    await sessions.end(id, "revoked");
    expect(await rejection(sessions.bind(id, "ada"))).toMatchObject({ code: "session_ended", reason: "revoked" });
    expect(await rejection(sessions.bind("nobody's", "ada"))).toMatchObject({ code: "unknown_session" });
    expect(await sessions.of("ada").list()).toEqual([]);
  });

  test.each(["", "x".repeat(513), 1, undefined, {}])("%j is no principal", async (principal) => {
    const { sessions } = testSessions<Data>();
    const { id } = await sessions.create();
    expect(await rejection(sessions.bind(id, principal as string))).toMatchObject({ code: "bad_option" });
    expect(() => sessions.of(principal as string)).toThrow(/principal/);
  });

  test("a principal may be any text up to 512 characters", async () => {
    const { sessions } = testSessions<Data>();
    for (const principal of ["__proto__", "constructor", "é\u0000\ud800", "a:*[b]%_", "x".repeat(512)]) {
      const { id, key } = await sessions.create();
      await sessions.bind(id, principal);
      expect(await sessions.of(principal).list()).toMatchObject([{ key, principal }]);
    }
  });

  test("about is an object of JSON, up to 4096 bytes, and what is kept is a copy that touches no prototype", async () => {
    const { sessions } = testSessions<Data>();
    const { id } = await sessions.create();
    const bind = (about: unknown) => sessions.bind(id, "ada", { about: about as Data });
    for (const about of [null, [], "phone", 1, { now: new Date() }, { run() {} }, { n: Number.NaN }]) {
      expect(await rejection(bind(about))).toMatchObject({ code: "not_json" });
    }
    const fits = { text: "x".repeat(4_096 - '{"text":""}'.length) };
    expect(await rejection(bind({ text: `${fits.text}x` }))).toMatchObject({ code: "too_large" });
    expect(await sessions.of("ada").list()).toEqual([]);
    await bind(fits);
    const hostile = JSON.parse('{"__proto__": {"admin": true}, "constructor": {"prototype": {"admin": true}}}');
    expect(await rejection(bind(hostile))).toMatchObject({ code: "not_json" });
    expect(({} as Data).admin).toBeUndefined();
    const about = { browser: { name: "phone" } };
    await bind(about);
    about.browser.name = "changed";
    const [listed] = await sessions.of("ada").list();
    expect(listed?.about).toEqual({ browser: { name: "phone" } });
    expect(listed?.about.admin).toBeUndefined();
    expect(() => Object.assign(listed?.about.browser as object, { name: "x" })).toThrow(TypeError);
  });

  test("a bind while others write loses nothing of theirs", async () => {
    const { sessions } = testSessions<Data>({ store: slowed(memoryStore()) });
    const { id } = await sessions.create();
    const live = await sessions.attach(id);
    const puts = Array.from({ length: 10 }, (_, index) => live.put(`k${index}`, index));
    await Promise.all([...puts, sessions.bind(id, "ada", { about: { label: "x" } })]);
    expect(Object.keys((await sessions.read(id)) ?? {})).toHaveLength(10);
    expect(await record(sessions, id)).toMatchObject({ principal: "ada", meta: { about: { label: "x" } } });
  });
});

describe("of(principal)", () => {
  test("lists what a page of devices shows, the last seen first, and neither data nor ids", async () => {
    const { sessions, clock } = testSessions<Data>({ lifetime: HOUR, deadline: "8h" });
    const made = clock.now();
    const [phone, laptop] = [await sessions.create({ secret: 1 }), await sessions.create()];
    await sessions.bind(phone.id, "ada", { about: { browser: "phone" } });
    await sessions.bind(laptop.id, "ada");
    clock.advance(60_000);
    await sessions.read(phone.id);
    const seen = clock.now();
    expect(await sessions.of("ada").list()).toEqual([
      {
        key: phone.key,
        principal: "ada",
        createdAt: made,
        lastSeenAt: seen,
        expiresAt: seen + HOUR,
        deadline: made + 8 * HOUR,
        about: { browser: "phone" },
      },
      {
        key: laptop.key,
        principal: "ada",
        createdAt: made,
        lastSeenAt: made,
        expiresAt: made + HOUR,
        deadline: made + 8 * HOUR,
        about: {},
      },
    ]);
    const iterated: string[] = [];
    for await (const { key } of sessions.of("ada")) iterated.push(key);
    expect(iterated.sort()).toEqual([phone.key, laptop.key].sort());
    clock.advance(HOUR - 60_000); // to the millisecond
    expect(await sessions.of("ada").list()).toMatchObject([{ key: phone.key }]);
  });

  test("end ends one of theirs, and nobody else's", async () => {
    const { sessions } = testSessions<Data>();
    const [own, other, nobodys] = [await sessions.create(), await sessions.create(), await sessions.create()];
    await sessions.bind(own.id, "ada");
    await sessions.bind(other.id, "bert");
    const mine = sessions.of("ada");
    expect([await mine.end(other.key), await mine.end(nobodys.key), await mine.end(sessionKey("none"))]).toEqual([
      false,
      false,
      false,
    ]);
    const live = await sessions.attach(own.id);
    expect([await mine.end(own.key), await mine.end(own.key)]).toEqual([true, false]);
    expect(live.endReason).toBe("revoked");
    expect(await sessions.records.count()).toBe(2);
  });

  test.each(["id", "key", "handle", "object"])("endOthers keeps the current one, given by its %s", async (how) => {
    const { sessions } = testSessions<Data>();
    const all = await Promise.all([1, 2, 3].map(() => sessions.create()));
    for (const { id } of all) await sessions.bind(id, "ada");
    const [{ id, key }] = all as [(typeof all)[number]];
    const other = await sessions.create();
    await sessions.bind(other.id, "bert");
    const current = { id, key, handle: await sessions.attach(id), object: { key } }[how] as string;
    expect(await sessions.of("ada").endOthers(current, "destroyed")).toBe(2);
    expect(await sessions.of("ada").list()).toMatchObject([{ key }]);
    expect(await sessions.of("bert").list()).toHaveLength(1);
  });

  test("endAll ends more than fit into one batch, on every node, with the reason", async () => {
    const [store, bus] = [memoryStore(), localBus()];
    const [one, two] = [createLiveSessions<Data>({ store, bus }), createLiveSessions<Data>({ store, bus })];
    const all = await Promise.all(Array.from({ length: 120 }, () => one.create()));
    for (const { id } of all) await one.bind(id, "ada");
    const elsewhere = await two.attach(all[77]?.id as string);
    expect(await one.of("ada").endAll()).toBe(120);
    expect(await one.of("ada").list()).toEqual([]);
    expect(elsewhere.endReason).toBe("revoked");
    await Promise.all([one.close(), two.close()]);
  });

  test("endAll ends a session that moves to a new id meanwhile: no id of it is left live", async () => {
    for (let round = 0; round < 30; round++) {
      const { sessions } = testSessions<Data>({ store: slowed(memoryStore()) });
      const all = await Promise.all([1, 2, 3, 4].map(() => sessions.create()));
      for (const { id } of all) await sessions.bind(id, "ada");
      const moves = all.map(async ({ id }, index) => {
        for (let turn = 0; turn < round + index; turn++) await Promise.resolve();
        return sessions.regenerate(id).catch(() => null);
      });
      const [, ...ids] = await Promise.all([sessions.of("ada").endAll(), ...moves]);
      const left = await Promise.all(ids.map((id) => id && sessions.read(id)));
      expect(left.filter(Boolean)).toEqual([]);
      expect(await sessions.records.count()).toBe(0);
    }
  });

  test.each(["endAll", "endEveryone"] as const)(
    "%s looks again: a list can miss what moved while it was read",
    async (how) => {
      const inner = memoryStore();
      const moves: (() => Promise<unknown>)[] = [];
      const store: SessionStore = {
        ...inner,
        // A list of keys that is read page by page: what moves to a key in a page that was read already is not in it.
        async *list(filter) {
          const listed = [];
          for await (const each of inner.list(filter)) listed.push(each);
          for (const move of moves.splice(0)) await move();
          for (const each of listed) if ((await inner.read(each.key)).state === "live") yield each;
        },
      };
      const { sessions } = testSessions<Data>({ store });
      const [still, moving] = [await sessions.create(), await sessions.create({ cart: 1 })];
      for (const { id } of [still, moving]) await sessions.bind(id, "ada");
      let moved = "";
      moves.push(async () => {
        moved = await sessions.regenerate(moving.id);
      });
      expect(await (how === "endAll" ? sessions.of("ada").endAll() : sessions.endEveryone())).toBe(2);
      expect(moved).not.toBe("");
      expect(await sessions.read(moved)).toBeNull();
      expect(await sessions.records.count()).toBe(0);
    },
  );

  test("endEveryone ends every session, whoever's it is", async () => {
    const { sessions } = testSessions<Data>();
    const all = await Promise.all(Array.from({ length: 60 }, () => sessions.create()));
    await sessions.bind(all[0]?.id as string, "ada");
    await sessions.bind(all[1]?.id as string, "bert");
    const live = await sessions.attach(all[2]?.id as string);
    expect(await sessions.endEveryone()).toBe(60);
    expect([live.endReason, await sessions.records.count()]).toEqual(["revoked", 0]);
  });
});

describe("principalLimit", () => {
  const limited = (max: number, whenFull: "refuse" | "end-oldest") => {
    const clock = new ManualClock();
    return testSessions<Data>({ store: slowed(memoryStore({ clock })), clock, principalLimit: { max, whenFull } });
  };

  test("refuse: one more is refused with its status, stays nobody's, and goes on", async () => {
    const { sessions } = limited(1, "refuse");
    const [first, second] = [await sessions.create(), await sessions.create({ cart: 1 })];
    await sessions.bind(first.id, "ada");
    await sessions.bind(first.id, "ada"); // the same one again is not one more
    const refused = await rejection(sessions.bind(second.id, "ada"));
    expect(refused).toMatchObject({ code: "too_many_sessions", status: 403 });
    expect(await record(sessions, second.id)).toMatchObject({ principal: null, data: { cart: 1 } });
    await sessions.bind(second.id, "bert");
    await sessions.end(first.id);
    await sessions.bind(second.id, "ada");
    expect(await sessions.of("ada").list()).toHaveLength(1);
  });

  test("end-oldest: the oldest makes way, however busy, and hears that it was revoked; the new one never does", async () => {
    const { sessions, clock } = limited(2, "end-oldest");
    const made = [];
    for (let index = 0; index < 4; index++) {
      made.push(await sessions.create());
      clock.advance(1_000);
    }
    const [oldest, first, second, third] = made as [
      (typeof made)[0],
      (typeof made)[0],
      (typeof made)[0],
      (typeof made)[0],
    ];
    for (const { id } of [first, second]) await sessions.bind(id, "ada");
    const live = await sessions.attach(first.id);
    clock.advance(1_000);
    await live.put("busy", true);
    await sessions.bind(third.id, "ada");
    expect(live.endReason).toBe("revoked");
    const keys = async () => (await sessions.of("ada").list()).map(({ key }) => key).sort();
    expect(await keys()).toEqual([second.key, third.key].sort());
    await sessions.bind(oldest.id, "ada"); // older than the others, but the last to log in
    expect(await keys()).toEqual([oldest.key, third.key].sort());
  });

  test("20 logins at once, the oldest to go: as many are left as there may be, not fewer", async () => {
    for (const max of [1, 3]) {
      for (let round = 0; round < 10; round++) {
        const { sessions } = limited(max, "end-oldest");
        const all = await Promise.all(Array.from({ length: 20 }, () => sessions.create()));
        await Promise.allSettled(all.map(({ id }) => sessions.regenerate(id, { principal: "ada" })));
        expect(await sessions.of("ada").list()).toHaveLength(max);
      }
    }
  });

  test("20 logins at once, refused when full: never more than the limit, and those who got in stay", async () => {
    const { sessions } = limited(3, "refuse");
    const all = await Promise.all(Array.from({ length: 20 }, () => sessions.create()));
    const logins = await Promise.allSettled(all.map(({ id }) => sessions.bind(id, "ada")));
    const admitted = all.filter((_, index) => logins[index]?.status === "fulfilled").map(({ key }) => key);
    expect(admitted.length).toBeLessThanOrEqual(3);
    expect((await sessions.of("ada").list()).map(({ key }) => key).sort()).toEqual(admitted.sort());
  });

  test.each([
    { max: 0, whenFull: "refuse" },
    { max: 1.5, whenFull: "refuse" },
    { max: 1, whenFull: "ask" },
  ])("%j is no limit", (principalLimit) => {
    expect(() => createLiveSessions({ principalLimit: principalLimit as never })).toThrow(/principalLimit/);
  });
});

describe("regenerate", () => {
  test.each([
    [undefined, { cart: 1, theme: "dark", user: "ada" }],
    [true, { cart: 1, theme: "dark", user: "ada" }],
    [false, {}],
    [["cart", "theme", "none"], { cart: 1, theme: "dark" }],
  ])("keep: %j takes %j along", async (keep, expected) => {
    const { sessions } = testSessions<Data>();
    const { id } = await sessions.create({ cart: 1, theme: "dark", user: "ada" });
    const moved = await sessions.regenerate(id, { keep });
    expect(await sessions.read(moved)).toEqual(expected);
    expect(await sessions.read(id)).toBeNull();
  });

  test("what is written to the old id while it moves follows, as far as it is kept", async () => {
    const { sessions } = testSessions<Data>({ store: slowed(memoryStore()) });
    for (let turns = 0; turns < 20; turns++) {
      const { id } = await sessions.create({ cart: 0, other: 0 });
      const live = await sessions.attach(id);
      const moving = sessions.regenerate(id, { keep: ["cart"] });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const wrote = await live.put("cart", 1).then(
        () =>
          live.put("other", 1).then(
            () => true,
            () => true,
          ),
        () => false,
      );
      expect(await sessions.read(await moving)).toEqual({ cart: wrote ? 1 : 0 });
    }
  });

  test("principal, about, lifetime and deadline stay, unless they are given", async () => {
    const { sessions, clock } = testSessions<Data>({ lifetime: HOUR });
    const { id } = await sessions.create();
    await sessions.bind(id, "ada", { about: { browser: "phone" }, lifetime: "2h", deadline: "6h" });
    clock.advance(HOUR);
    const moved = await sessions.regenerate(id);
    const same = { principal: "ada", meta: { about: { browser: "phone" } }, lifetime: 2 * HOUR };
    expect(await record(sessions, moved)).toMatchObject({ ...same, deadline: clock.now() + 5 * HOUR });
    const options = { principal: "bert", about: { browser: "laptop" }, lifetime: "3h", deadline: "4h" } as const;
    const again = await sessions.regenerate(moved, options);
    const other = { principal: "bert", meta: { about: { browser: "laptop" } }, lifetime: 3 * HOUR };
    expect(await record(sessions, again)).toMatchObject({ ...other, deadline: clock.now() + 4 * HOUR });
    expect([(await sessions.of("ada").list()).length, (await sessions.of("bert").list()).length]).toEqual([0, 1]);
    const last = await sessions.regenerate(again, { principal: null, deadline: null });
    expect(await record(sessions, last)).toMatchObject({ principal: null, deadline: null });
  });

  /** A hub whose store lets something happen once the new session is made, and fails as it is told. */
  function interrupted(principalLimit?: PrincipalLimit) {
    const clock = new ManualClock();
    const inner = memoryStore({ clock });
    const between: (() => Promise<unknown>)[] = [];
    const failures = { updates: 0, lostEnds: 0 };
    const store: SessionStore = {
      ...inner,
      async commit(key, commit) {
        if (commit.mode === "update" && failures.updates > 0) {
          failures.updates--;
          throw new Error("away");
        }
        const result = await inner.commit(key, commit);
        if (commit.mode === "create") for (const run of between.splice(0)) await run();
        return result;
      },
      async destroy(key, reason) {
        const last = await inner.destroy(key, reason);
        if (failures.lostEnds-- > 0) throw new Error("The line broke.");
        return last;
      },
    };
    return { ...testSessions<Data>({ clock, store, principalLimit }), between, failures };
  }

  test.each<[string, (sessions: LiveSessions<Data>, id: string) => Promise<string>]>([
    ["a move by the app", (sessions, id) => sessions.regenerate(id)],
    [
      "the renewal of a request adapter",
      async (sessions, id) => {
        const next = generateSessionId();
        await renewed(sessions, { key: sessionKey(id) }, next);
        return next;
      },
    ],
  ])("a login that meets %s makes no session more than principalLimit", async (_, move) => {
    const { sessions, between } = interrupted({ max: 1, whenFull: "refuse" });
    await sessions.bind((await sessions.create({})).id, "bert");
    const { id } = await sessions.create({ cart: 1 });
    let login: Promise<unknown> = Promise.resolve();
    between.push(async () => {
      login = sessions.bind(id, "bert").catch(() => {}); // refused, or undone by the move: either will do
    });
    const moved = await move(sessions, id);
    await login;
    expect(await record(sessions, moved)).toMatchObject({ principal: null, data: { cart: 1 } });
    expect(await sessions.of("bert").list()).toHaveLength(1);
  });

  test("nor does one that is refused when its session has moved already", async () => {
    const clock = new ManualClock();
    const inner = memoryStore({ clock });
    let moves: (() => Promise<string>) | null = null;
    let moved = "";
    const store: SessionStore = {
      ...inner,
      async *list(filter) {
        const move = moves;
        moves = null;
        if (move) moved = await move();
        yield* inner.list(filter);
      },
    };
    const { sessions } = testSessions<Data>({ clock, store, principalLimit: { max: 1, whenFull: "refuse" } });
    await sessions.bind((await sessions.create({})).id, "bert");
    const { id } = await sessions.create({ cart: 1 });
    moves = () => sessions.regenerate(id);
    clock.advance(1);
    expect(await rejection(sessions.bind(id, "bert"))).toMatchObject({ code: "too_many_sessions" });
    expect(await record(sessions, moved)).toMatchObject({ principal: null, data: { cart: 1 } });
    expect(await sessions.of("bert").list()).toHaveLength(1);
  });

  test("whose it is, its times and its facts follow, too, if they changed while it moved", async () => {
    const { sessions, clock, between } = interrupted();
    const { id, key } = await sessions.create({ cart: 1 });
    const { incarnation } = await record(sessions, id);
    between.push(
      () => sessions.bind(id, "ada", { about: { browser: "phone" }, lifetime: "3h", deadline: "6h" }),
      async () => sessions.records.touch(key, incarnation, { meta: { touched: true } }),
    );
    const moved = await sessions.regenerate(id);
    const facts = { data: { cart: 1 }, principal: "ada", meta: { touched: true } };
    const times = { lifetime: 3 * HOUR, deadline: clock.now() + 6 * HOUR };
    expect(await record(sessions, moved)).toMatchObject({ ...facts, ...times });
    between.push(async () =>
      sessions.records.touch(sessionKey(moved), (await record(sessions, moved)).incarnation, { meta: { again: 1 } }),
    );
    const again = await sessions.regenerate(moved);
    expect(await record(sessions, again)).toMatchObject({ ...facts, ...times, meta: { again: 1 } });
  });

  test("what was written last follows though the store fails a few times, since there is no way back by then", async () => {
    const { sessions, between, failures, errors } = interrupted();
    const { id } = await sessions.create({ cart: 1 });
    between.push(async () => {
      await (await sessions.attach(id)).put("cart", 2);
      failures.updates = 3;
    });
    const moved = await sessions.regenerate(id);
    expect(await sessions.read(moved)).toEqual({ cart: 2 });
    expect([failures.updates, errors]).toEqual([0, []]);
  });

  test("without that there is no new session: the move fails if the store does for good", async () => {
    const { sessions, between, failures } = interrupted();
    const { id, key } = await sessions.create({ cart: 1 });
    between.push(async () => {
      await (await sessions.attach(id)).put("cart", 2);
      failures.updates = 1_000;
    });
    expect(await rejection(sessions.regenerate(id))).toMatchObject({ code: "store_failed" });
    expect(await sessions.records.count()).toBe(0);
    expect(await sessions.records.read(key)).toMatchObject({ state: "ended", reason: "regenerated" });
  });

  test("nor if the end of the old one was not answered: nobody knows what was written to it at last", async () => {
    const { sessions, failures } = interrupted();
    const { id } = await sessions.create({ cart: 1 });
    failures.lostEnds = 1;
    expect(await rejection(sessions.regenerate(id))).toMatchObject({ code: "store_failed" });
    expect(await sessions.records.count()).toBe(0);
  });

  test("deadline null is none, also where the hub has one, and a session that has none does not get one", async () => {
    const { sessions, clock } = testSessions<Data>({ deadline: "8h" });
    const { id } = await sessions.create();
    expect(await record(sessions, id)).toMatchObject({ deadline: clock.now() + 8 * HOUR });
    const endless = await sessions.regenerate(id, { deadline: null });
    expect(await record(sessions, endless)).toMatchObject({ deadline: null });
    expect(await record(sessions, await sessions.regenerate(endless))).toMatchObject({ deadline: null });
  });

  test("of two at once one goes through, and one session is left", async () => {
    const { sessions } = testSessions<Data>({ store: slowed(memoryStore()) });
    const { id } = await sessions.create({ n: 1 });
    const results = await Promise.allSettled([sessions.regenerate(id), sessions.regenerate(id)]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await sessions.records.count()).toBe(1);
  });

  test.each([
    { keep: "cart" },
    { keep: 1 },
    { lifetime: "soon" },
    { deadline: "never" },
    { about: {} },
    { principal: "" },
  ])("%j is refused, and the session stays under its id", async (options) => {
    const { sessions } = testSessions<Data>();
    const { id } = await sessions.create({ n: 1 });
    expect(await rejection(sessions.regenerate(id, options as never))).toMatchObject({ code: "bad_option" });
    expect(await sessions.read(id)).toEqual({ n: 1 });
    expect(await sessions.records.count()).toBe(1);
  });
});

describe("whatever happens at once, a principal's list is what the records say", () => {
  test("memory", () =>
    ownershipHolds({ open: (limit) => localNodes((clock) => memoryStore({ clock }), limit), runs: 200 }));

  test("SQLite", () => {
    const make = (clock: ManualClock) => sqliteStore({ database: new Libsql(":memory:"), clock });
    return ownershipHolds({ open: (limit) => localNodes(make, limit), runs: 100 });
  });
});
