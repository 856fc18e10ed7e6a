// Promise 6: bad input gets a clear error with a stable code, names what is wrong, and changes nothing.

import { createHmac } from "node:crypto";
import session from "express-session";
import { type LiveSession, type LiveSessions, putSession, type Session, updateSession } from "live-session";
import { type ExpressStore, expressStore } from "live-session/express";
import { describe, expect, test } from "vitest";
import { readCookie, unsign } from "../../src/core/cookies.ts";
import { rejection, testSessions } from "../support/sessions.ts";

type Data = Record<string, unknown>;

class Kite {
  name = "red";
}

const cycle: { self?: unknown } = {};
cycle.self = cycle;
let deep: unknown = 1;
for (let level = 0; level < 70; level++) deep = { deep };

const thrower = {
  toJSON() {
    throw new Error("no");
  },
};

/** What JSON cannot hold, and the path that the error names. */
const notJson: [what: string, value: unknown, path: string, word: string][] = [
  ["a Date", new Date(0), "cart", "a Date"],
  ["a nested Date", [{ at: new Date(0) }], "cart[0].at", "a Date"],
  ["a Map", new Map([[1, 2]]), "cart", "a Map"],
  ["a Set in an array", [1, new Set()], "cart[1]", "a Set"],
  ["a Buffer", { bytes: Buffer.from("x") }, "cart.bytes", "a Buffer"],
  ["a RegExp", { "odd key": /x/ }, 'cart["odd key"]', "a RegExp"],
  ["an Error", { 'with"quote': new Error("x") }, 'cart["with\\"quote"]', "a Error"],
  ["a class instance", { über: new Kite() }, "cart.über", "a Kite"],
  ["NaN", { n: Number.NaN }, "cart.n", "NaN"],
  ["Infinity", [Number.POSITIVE_INFINITY], "cart[0]", "Infinity"],
  ["a function", { run: () => {} }, "cart.run", "a function"],
  ["a symbol", Symbol("x"), "cart", "a symbol"],
  ["a bigint", { "0": 1n }, 'cart["0"]', "a bigint"],
  ["undefined in an array", ["a", undefined], "cart[1]", "undefined"],
  ["a hole in an array", new Array(1), "cart[0]", "undefined"],
  ["a cycle", cycle, "cart.self", "cycle"],
  ["too many levels", deep, "cart.deep", "nested deeper"],
  ["a nested __proto__", JSON.parse('{"a":{"__proto__":{"admin":true}}}'), "cart.a.__proto__", "__proto__"],
  ["a promise", Promise.resolve(1), "cart", "a Promise"],
];

/** Keys that no session has. */
const badKeys: [what: string, key: unknown][] = [
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["prototype", "prototype"],
  ["toString", "toString"],
  ["hasOwnProperty", "hasOwnProperty"],
  ["cookie, which is express-session's", "cookie"],
  ["an empty one", ""],
  ["a long one", "k".repeat(257)],
  ["a number", 1],
  ["null", null],
  ["undefined", undefined],
  ["an object", {}],
  ["a symbol", Symbol("k")],
];

interface Stage {
  readonly sessions: LiveSessions<Data>;
  readonly live: LiveSession<Data>;
  readonly map: Session<Data>;
  readonly store: ExpressStore;
  readonly id: string;
}

/** Every way to write one key. */
const writers: Record<string, (stage: Stage, key: string, value: unknown) => Promise<unknown>> = {
  put: ({ live }, key, value) => live.put(key, value),
  update: ({ live }, key, value) => live.update(key, () => value),
  transaction: ({ live }, key, value) =>
    live.transaction((draft) => {
      Object.defineProperty(draft, key, { value, enumerable: true });
    }),
  putSession: ({ map }, key, value) => putSession(map, key, value),
  updateSession: ({ map }, key, value) => updateSession(map, key, () => value),
  create: ({ sessions }, key, value) => sessions.create(Object.fromEntries([[key, value]])),
};

/** Runs a deed against a session, and holds that neither it nor any other record changed, nor anyone was told. */
async function changesNothing(
  deed: (stage: Stage) => unknown,
  options: { maxBytes?: number } = {},
): Promise<{ code?: string; message: string }> {
  const { sessions } = testSessions<Data>(options);
  try {
    const { id, key } = await sessions.create({ kept: { n: 1 } });
    const live = await sessions.attach(id);
    const map = (await sessions.read(id)) as Session<Data>;
    const heard: unknown[] = [];
    live.subscribe((message) => heard.push(message));
    const before = await sessions.records.read(key);
    const error = await rejection((async () => deed({ sessions, live, map, store: expressStore(sessions), id }))());
    expect(await sessions.records.read(key)).toEqual(before);
    expect(live.data).toEqual({ kept: { n: 1 } });
    expect(live.version).toBe(1);
    expect(await sessions.records.count()).toBe(1);
    expect(heard).toEqual([]);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    return error;
  } finally {
    await sessions.close();
  }
}

describe.each(Object.entries(writers))("%s refuses", (name, write) => {
  test.each(notJson)("%s, naming the path", async (_what, value, path, word) => {
    // A promise given to update is told apart: the function must not be async.
    const promised = value instanceof Promise && name.startsWith("update");
    const error = await changesNothing((stage) => write(stage, "cart", value));
    expect(error.code).toBe("not_json");
    expect(error.message).toContain(promised ? "must not be async" : path);
    expect(error.message).toContain(promised ? "async" : word);
  });

  test.each(badKeys)("the key %s", async (_what, key) => {
    if (typeof key !== "string" && (name === "create" || name === "transaction")) return; // objects have no such keys
    const error = await changesNothing((stage) => write(stage, key as string, 1));
    expect(error.code).toBe("bad_key");
  });

  test("data over maxBytes, by one byte", async () => {
    const created = name === "create" ? '{"cart":""}' : '{"kept":{"n":1},"cart":""}';
    const maxBytes = 200;
    const room = maxBytes - created.length;
    const error = await changesNothing((stage) => write(stage, "cart", "x".repeat(room + 1)), { maxBytes });
    expect(error.code).toBe("too_large");
    expect(error.message).toMatch(/201 bytes.*200/);
    const umlauts = await changesNothing((stage) => write(stage, "cart", `ü${"x".repeat(room - 1)}`), { maxBytes });
    expect(umlauts.code).toBe("too_large");
    const { sessions } = testSessions<Data>({ maxBytes });
    const { id } = await sessions.create({ kept: { n: 1 } });
    const live = await sessions.attach(id);
    const map = (await sessions.read(id)) as Session<Data>;
    await write({ sessions, live, map, store: expressStore(sessions), id }, "cart", "x".repeat(room)); // just fits
    await sessions.close();
  });
});

test.each<[string, string, (stage: Stage) => unknown]>([
  ["an async function for update", "not_json", ({ live }) => live.update("n", (async () => 1) as never)],
  ["an async function for transaction", "not_json", ({ live }) => live.transaction((async () => {}) as never)],
  ["an async function for updateSession", "not_json", ({ map }) => updateSession(map, "n", (async () => 1) as never)],
  ["a map of no session", "not_a_session", () => putSession({ kept: 1 }, "kept" as never, 1 as never)],
  ["a copy of a session map", "not_a_session", ({ map }) => putSession({ ...map }, "kept", 2)],
  ["null for a map", "not_a_session", () => updateSession(null as never, "n" as never, () => 1 as never)],
  ["an unknown id", "unknown_session", ({ sessions }) => sessions.attach("forged")],
  ["an id that is no string", "unknown_session", ({ sessions }) => sessions.attach(undefined as never)],
  ["an id that is an object", "unknown_session", ({ sessions }) => sessions.attach({ toString: () => "x" } as never)],
  ["to read what is no id", "unknown_session", ({ sessions }) => sessions.read(null as never)],
  ["to end what is no id", "unknown_session", ({ sessions }) => sessions.end(7 as never)],
  ["to move an unknown id", "unknown_session", ({ sessions }) => sessions.regenerate("forged")],
  ["to move what is no id", "unknown_session", ({ sessions }) => sessions.regenerate(undefined as never)],
  ["an unknown option of expressStore", "bad_option", ({ sessions }) => expressStore(sessions, { late: 1 } as never)],
  ["an unknown lateWrites", "bad_option", ({ sessions }) => expressStore(sessions, { lateWrites: "no" as never })],
  ["no sessions for expressStore", "bad_option", () => expressStore(undefined as never)],
])("%s is refused", async (_what, code, deed) => {
  const error = await changesNothing(deed);
  expect(error.code).toBe(code);
  expect(error.message.length).toBeGreaterThan(10);
});

test("a key that the session has, spoilt by an update that throws, is as it was", async () => {
  const error = await changesNothing(({ live }) =>
    live.update("kept", (value) => {
      (value as { n: number }).n = 2;
      throw new Error("changed my mind");
    }),
  );
  expect(error.message).toBe("changed my mind");
});

describe("the express store refuses", () => {
  const cookie = () => Object.assign(new session.Cookie(), { maxAge: 60_000 });
  const set = ({ store, id }: Stage, data: object) =>
    new Promise<void>((resolve, reject) => {
      store.set(id, { cookie: cookie(), ...data } as never, (error) => (error ? reject(error) : resolve()));
    });
  const own = (json: string) =>
    Object.defineProperty({ cookie: cookie() }, "__proto__", { value: json, enumerable: true });

  test.each<[string, string, (stage: Stage) => Promise<void>]>([
    ["a bigint", "not_json", (stage) => set(stage, { n: 1n })],
    ["a cycle", "not_json", (stage) => set(stage, { cycle })],
    ["too many levels", "not_json", (stage) => set(stage, { deep })],
    ["a nested __proto__", "not_json", (stage) => set(stage, { a: JSON.parse('{"__proto__":{"admin":true}}') })],
    ["a value whose toJSON throws", "not_json", (stage) => set(stage, { at: new Date(Number.NaN), bad: thrower })],
    ["__proto__ as a key", "bad_key", ({ store, id }) => promised((done) => store.set(id, own("x") as never, done))],
    ["constructor as a key", "bad_key", (stage) => set(stage, { constructor: 1 })],
    ["prototype as a key", "bad_key", (stage) => set(stage, { prototype: 1 })],
    ["an empty key", "bad_key", (stage) => set(stage, { "": 1 })],
    ["a long key", "bad_key", (stage) => set(stage, { ["k".repeat(257)]: 1 })],
    ["an id that is no string", "unknown_session", ({ store }) => promised((done) => store.get(7 as never, done))],
    [
      "to set what is no id",
      "unknown_session",
      ({ store }) => promised((done) => store.set({} as never, {} as never, done)),
    ],
    [
      "to touch what is no id",
      "unknown_session",
      ({ store }) => promised((done) => store.touch(null as never, {} as never, done)),
    ],
    [
      "to destroy what is no id",
      "unknown_session",
      ({ store }) => promised((done) => store.destroy(undefined as never, done)),
    ],
  ])("%s", async (_what, code, deed) => {
    expect((await changesNothing(deed)).code).toBe(code);
  });

  test("data over maxBytes", async () => {
    const error = await changesNothing((stage) => set(stage, { long: "x".repeat(100) }), { maxBytes: 50 });
    expect(error.code).toBe("too_large");
  });
});

function promised(run: (done: (error?: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())));
}

describe("cookies", () => {
  const sign = (id: string, secret: string) =>
    `s:${id}.${createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "")}`;

  test.each<[string, string | undefined]>([
    ["no header", undefined],
    ["an empty header", ""],
    ["another name", "connect.sid2=x"],
    ["a name in another one's value", "other=connect.sid=x"],
    ["a name without a value", "connect.sid"],
    ["a name in other letters", "Connect.Sid=x"],
    ["broken percent signs", "connect.sid=%E0%A4%A"],
    ["a header that is too long", `a=${"x".repeat(64 * 1024)}; connect.sid=x`],
    ["a value that is too long", `connect.sid=${"x".repeat(4097)}`],
  ])("%s gives none", (_what, header) => {
    expect(readCookie(header, "connect.sid")).toBeNull();
  });

  test.each<[string, string]>([
    ["connect.sid=x", "x"],
    ["a=b; connect.sid=s%3Ax.y; c=d", "s:x.y"],
    ['connect.sid="quoted"', "quoted"],
    ["connect.sid=first; connect.sid=second", "first"],
    [`a=${"x".repeat(60_000)}; connect.sid=x`, "x"],
  ])("a good one is read, the first of its name", (header, value) => {
    expect(readCookie(header, "connect.sid")).toBe(value);
  });

  const good = sign("id", "secret");

  test.each<[string, string]>([
    ["unsigned", "id"],
    ["without its mark", good.slice(2)],
    ["marked, but unsigned", "s:id"],
    ["with an empty signature", "s:id."],
    ["with an empty id", sign("", "secret")],
    ["of another secret", sign("id", "other")],
    ["of another id", good.replace("s:id", "s:di")],
    ["cut short", good.slice(0, -1)],
    ["with something after it", `${good}=`],
    ["in other letters", `s:id.${good.slice(5).toLowerCase()}`],
    ["with letters that are many bytes", `s:id.${"ü".repeat(good.length - 5)}`],
    ["empty", ""],
    ["nothing but its mark", "s:"],
  ])("a signature that is %s is no signature", (_what, value) => {
    expect(unsign(value, ["secret"])).toBeNull();
  });

  test("any of the secrets may have signed; none means none", () => {
    expect(unsign(good, ["new", "secret"])).toBe("id");
    expect(unsign(sign("a.b", "secret"), ["secret"])).toBe("a.b");
    expect(unsign(good, [])).toBeNull();
  });
});
