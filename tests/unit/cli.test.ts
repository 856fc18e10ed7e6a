import { LiveSessionError } from "live-session";
import { describe, expect, test } from "vitest";
import { atLeast, clockFinding } from "../../src/cli/doctor/findings.ts";
import { examineNats } from "../../src/cli/doctor/nats.ts";
import { CliError, exitCodes, explain } from "../../src/cli/failures.ts";
import { plain, span, table } from "../../src/cli/text.ts";
import type { StreamConfigLike } from "../../src/engines/nats/client.ts";

describe("what a failure says", () => {
  test("its code, its cause, and never a password that a client put into its message", () => {
    const cause = new Error("connect redis://ada:hunter2@localhost failed");
    const { text } = explain(new LiveSessionError("store_failed", "nats://x:p@ss@host: no answer", { cause }));
    expect(text).toBe("nats://***@host: no answer (connect redis://***@localhost failed) [store_failed]");
  });

  test("nothing that steers a terminal", () => {
    expect(explain(new Error("\u001b[2J")).text).toBe("\ufffd[2J [failed]");
  });

  test.each([
    [new Error("any"), 1],
    [new LiveSessionError("store_failed", "away"), 1],
    [new LiveSessionError("bad_option", "table: no name"), 2],
    [new CliError("unknown_session", exitCodes.notFound, "none"), 3],
  ])("%s is exit code %i", (error, exitCode) => {
    expect(explain(error).exitCode).toBe(exitCode);
  });
});

test("texts for terminals", () => {
  expect(plain("a\u202eb\u0007c\nd")).toBe("a\ufffdb\ufffdc\ufffdd");
  expect(table(["A", "LONG"], [["wide one", "x"]])).toBe("A         LONG\nwide one  x");
  expect([span(999), span(61_000), span(-7_200_000), span(172_800_000)]).toEqual(["999 ms", "1 min", "2 h", "2 d"]);
});

test.each([
  ["7.0.15", "6.2", true],
  ["6.2", "6.2", true],
  ["6.0.16", "6.2", false],
  ["10.1", "9.9", true],
  ["", "6.2", false],
])("version %s is at least %s: %s", (version, least, expected) => {
  expect(atLeast(version, least)).toBe(expected);
});

test.each([
  [1_000, 1_005, 1_010, 1, "ok"],
  [1_000, 3_000, 1_010, 1, "problem"],
  [5_000, 1_000, 5_010, 1, "problem"],
  // An answer that took long tells less of the clock.
  [1_000, 3_000, 9_000, 1, "ok"],
  // The time of a header with whole seconds.
  [2_999, 1_000, 3_000, 1_000, "ok"],
])("asked at %i, their clock %i, answered at %i, to %i ms: %s", (before, theirs, after, precision, level) => {
  expect(clockFinding(before, theirs, after, precision).level).toBe(level);
});

test.each([
  ["main", 1, "problem"],
  ["main", 3, "ok"],
  [undefined, 1, "ok"],
])("NATS in the cluster %s with %i replicas: %s", async (cluster, replicas, level) => {
  const config = { storage: "file", num_replicas: replicas, max_age: 0, discard: "new" } as StreamConfigLike;
  const info = { version: "2.10.0", ...(cluster && { cluster }) };
  const findings = await examineNats(info, "live_sessions", async () => config);
  expect(findings.find(({ check }) => check === "replicas")?.level).toBe(level);
});
