import { createLiveSessions } from "live-session";
import { expect, test } from "vitest";
import { milliseconds } from "../../src/core/duration.ts";

test.each([
  [1500, 1500],
  ["500ms", 500],
  ["30s", 30_000],
  ["30m", 1_800_000],
  ["1.5h", 5_400_000],
  ["2d", 172_800_000],
  ["1w", 604_800_000],
] as const)("%s is %d ms", (duration, ms) => {
  expect(milliseconds(duration, "lifetime")).toBe(ms);
});

test.each([
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "30",
  "30 m",
  "30 minutes",
  "m",
  "-5s",
  "1e3s",
  "",
  "300y",
  "9999999999w",
  null,
  {},
  true,
])("a lifetime of %j is refused at start, by name", (lifetime) => {
  const start = () => createLiveSessions({ lifetime: lifetime as never });
  // null and undefined mean "not given" nowhere: only a missing option has its default.
  if (lifetime === null) return expect(() => milliseconds(lifetime as never, "lifetime")).toThrow(/lifetime/);
  expect(start).toThrow(expect.objectContaining({ code: "bad_option", message: expect.stringContaining("lifetime") }));
});

test.each([
  [{ lifetme: "2d" }, "lifetme"],
  [{ maxBytes: "1kb" }, "maxBytes"],
  [{ maxBytes: 1 }, "maxBytes"],
  [{ deadline: "soon" }, "deadline"],
  [{ cleanInterval: 0 }, "cleanInterval"],
  [{ checkInterval: "x" }, "checkInterval"],
  [{ touchInterval: -1 }, "touchInterval"],
  [{ endedRetention: -1 }, "endedRetention"],
  [{ store: {} }, "store"],
  [{ bus: {} }, "bus"],
  [{ schema: {} }, "schema"],
  [{ onError: "log" }, "onError"],
] as const)("the options %j are refused at start, by name", (options, name) => {
  expect(() => createLiveSessions(options as never)).toThrow(
    expect.objectContaining({ code: "bad_option", message: expect.stringContaining(name) }),
  );
});
