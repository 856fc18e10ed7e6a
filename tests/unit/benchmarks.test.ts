import { join } from "node:path";
import { expect, test } from "vitest";
import { readResults, report, rowNames } from "../../bench/report/files.ts";
import { type Goal, isMet } from "../../bench/report/results.ts";
import { caseOf, inTurns, spreadOf } from "../../bench/support/measure.ts";
import { filesBelow, read } from "../support/repository.ts";

const results = readResults();
const made = report(results);

test("the page of the benchmarks is what its figures and notes make it", () => {
  expect(read("docs/benchmarks.md")).toBe(made["docs/benchmarks.md"]);
});

test("so are its plots, and there are no others", () => {
  const plots = Object.keys(made).filter((path) => path.endsWith(".svg"));
  expect(filesBelow(join("docs", "benchmarks")).sort()).toEqual(plots.sort());
  for (const path of plots) expect(read(path), path).toBe(made[path]);
});

test("every row has figures, and there are no figures of rows that are gone", () => {
  expect(Object.keys(results.rows).sort()).toEqual(rowNames());
});

test("every note is of a row", () => {
  const notes = filesBelow(join("bench", "notes")).map((path) => path.replace(/^.*\/|\.md$/g, ""));
  expect(rowNames()).toEqual(expect.arrayContaining(notes));
});

test("sides take turns, and the first round is not counted", async () => {
  const calls: string[] = [];
  const side = (name: string) => ({
    name,
    measure() {
      calls.push(name);
      return calls.length;
    },
  });
  const samples = await inTurns([side("a"), side("b")], { rounds: 2 });
  expect(calls).toEqual(["a", "b", "a", "b", "a", "b"]);
  expect(samples).toEqual({ a: [3, 5], b: [4, 6] });
});

test("a ratio is that of figures of the same round, not of medians", () => {
  const measured = caseOf({
    name: "puts",
    unit: "puts/s",
    better: "more",
    samples: { ours: [10, 40, 100], theirs: [5, 10, 400] },
    ours: "ours",
    beside: { theirs: { kind: "peer", goal: { atLeast: 1.5 } } },
  });
  expect(measured.figures).toEqual([
    { side: "ours", median: 40, low: 10, high: 100 },
    { side: "theirs", median: 10, low: 5, high: 400 },
  ]);
  expect(measured.ratios).toEqual([
    { beside: "theirs", kind: "peer", goal: { atLeast: 1.5 }, median: 2, low: 0.25, high: 4 },
  ]);
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])("the median of %j is %d", (values, median) => {
  expect(spreadOf(values)).toEqual({ median, low: Math.min(...values), high: Math.max(...values) });
});

test("a side that was not measured is no case", () => {
  const about = { name: "puts", unit: "puts/s", better: "more", ours: "ours" } as const;
  expect(() => caseOf({ ...about, samples: { ours: [] } })).toThrow("ours was not measured");
  const samples = { ours: [1] };
  expect(() => caseOf({ ...about, samples, beside: { theirs: { kind: "peer" } } })).toThrow("theirs was not measured");
});

test.each<[number, Goal, boolean]>([
  [1.5, { atLeast: 1.5 }, true],
  [1.49, { atLeast: 1.5 }, false],
  [0.8, { atMost: 0.8 }, true],
  [0.81, { atMost: 0.8 }, false],
])("%f under the goal %o: %s", (median, goal, met) => {
  expect(isMet({ median, low: 0, high: 100 }, goal)).toBe(met);
});
