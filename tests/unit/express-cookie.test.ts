// What a cookie's lifetime loses by itself is told from what somebody took off it.

import { expect, test } from "vitest";
import { cookieFacts } from "../../src/http/shared/cookie.ts";

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
