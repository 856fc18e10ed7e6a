// What a cookie's lifetime loses by itself is told from what somebody took off it; and a cookie of nonsense is refused.

import { expect, test } from "vitest";
import { cookieFacts, cookieJson } from "../../src/http/shared/cookie.ts";

const MINUTE = 60_000;

test.each([
  ["a millisecond between two looks at the clock", MINUTE, MINUTE - 1, MINUTE],
  ["a busy machine's stall between them", MINUTE, MINUTE - 400, MINUTE],
  ["a stall of a second in a long session", 30 * MINUTE, 30 * MINUTE - 1_000, 30 * MINUTE],
  ["more than drift in a long session", 30 * MINUTE, 30 * MINUTE - 1_001, 30 * MINUTE - 1_001],
  ["half a second off a second: somebody's wish", 1_000, 500, 500],
  ["a longer lifetime: somebody's wish", MINUTE, MINUTE + 1, MINUTE + 1],
])("%s", (_what, known, now, kept) => {
  const cookie = { originalMaxAge: now, path: "/" };
  expect(cookieFacts(cookie, { originalMaxAge: known })).toMatchObject({
    lifetime: kept,
    stored: { originalMaxAge: kept },
  });
});

test.each([{ originalMaxAge: Number.MAX_SAFE_INTEGER }, { maxAge: 1e300 }, { expires: "+275760-09-13T00:00:00.000Z" }])(
  "a cookie for longer than dates go lasts a hundred years, and can be read again: %j",
  (cookie) => {
    const facts = cookieFacts(cookie, undefined);
    const lifetime = facts?.lifetime as number;
    expect(lifetime).toBe(100 * 365 * 24 * 60 * MINUTE);
    expect((cookieJson({ path: "/" }, lifetime).expires as Date).toISOString()).toMatch(/^21/);
  },
);

const loop: Record<string, unknown> = {};
loop.own = loop;

test.each([
  ["a cycle", { maxAge: loop }, "cookie.maxAge"],
  ["a BigInt", { path: 1n }, "cookie.path"],
  ["a key that is a trap", { path: JSON.parse('{"__proto__": 1}') }, "cookie.path.__proto__"],
])("%s is refused by name, as in data", (_what, cookie, name) => {
  const refused = expect.objectContaining({ code: "not_json", message: expect.stringContaining(name) });
  expect(() => cookieFacts(cookie, undefined)).toThrow(refused);
});

test("what is no age is none, even if it cannot be made a number", () => {
  const age = { toString: "x", valueOf: "y" };
  expect(cookieFacts({ originalMaxAge: age }, { originalMaxAge: age })?.lifetime).toBeNull();
});

test("a name that would be the object's prototype is left out", () => {
  const cookie = cookieFacts(JSON.parse('{"path": "/", "__proto__": {"httpOnly": true}}'), undefined);
  expect(cookie?.stored).toEqual({ path: "/", expires: null });
  expect(cookie?.stored.httpOnly).toBeUndefined();
});
