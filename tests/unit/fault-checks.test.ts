// The fault suite's own checks: each finds what it is there for, and a run that went well passes all of them.

import { expect, test } from "vitest";
import { violations } from "../support/faults/checks.ts";
import type { History, KnownSession, Tab, Write } from "../support/faults/history.ts";
import { planOf } from "../support/faults/plan.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const add = (op: string, session: number, outcome: Write["outcome"]): Write => ({
  op,
  session,
  via: "socket",
  what: { kind: "add" },
  at: 1,
  until: 2,
  outcome,
});

const put = (n: number, outcome: Write["outcome"]): Write => ({
  ...add(`op${n}`, 1, outcome),
  what: { kind: "put", slot: "slot0", n },
});

const session = (number: number, given: Partial<KnownSession> = {}): KnownSession => ({
  number,
  id: `id${number}`,
  user: "ada",
  from: null,
  end: "none",
  ...given,
});

const tab = (given: Partial<Tab> = {}): Tab => ({ number: 0, session: 1, seen: [], sockets: [], ...given });

/** A session that moved to a new id, with writes before and after. */
function good(): Mutable<History> {
  return {
    plan: planOf("redis", 1),
    notes: [],
    sessions: [session(0, { end: "done", endAt: 10 }), session(1, { from: 0 })],
    writes: [add("a", 0, "done"), add("b", 1, "done"), add("c", 1, "unknown"), add("d", 0, "refused"), put(5, "done")],
    tabs: [
      tab({
        session: 0,
        seen: [
          { at: 5, version: 2, status: "live" },
          { at: 12, version: 2, status: "ended" },
        ],
        sockets: [{ at: 1, node: 0, versions: [1, 2] }],
      }),
    ],
    wrong: [],
    reports: [],
    final: {
      sessions: [
        { session: 0, state: "regenerated", data: null },
        { session: 1, state: "live", data: { tally: { n: 2, ops: ["a", "b"] }, slot0: { n: 5, pad: "" } } },
      ],
      answers: [{ session: 0, node: 1, how: "attach", answer: "over" }],
    },
  };
}

/** What is wrong once the session holds this. */
function withTally(n: number, ...ops: string[]): string[] {
  const history = good();
  const [old, own] = history.final?.sessions ?? [];
  history.final = { answers: [], sessions: [old!, { ...own!, data: { ...own?.data, tally: { n, ops } } }] };
  return violations(history);
}

const wrong = (words: string) => [expect.stringContaining(words)];

test("a run that went well passes, whether or not what is unknown was done", () => {
  expect(violations(good())).toEqual([]);
  expect(withTally(3, "a", "c", "b")).toEqual([]);
});

test("an increment that was acknowledged is missing, also one that was made before the session got a new id", () => {
  expect(withTally(1, "a")).toEqual(wrong("lost: b (done"));
  expect(withTally(1, "b")).toEqual(wrong("lost: a (done"));
});

test("an increment is there twice, though refused, or from nowhere; or the count is not theirs", () => {
  expect(withTally(4, "a", "b", "c", "c")).toEqual(wrong("counted twice: c"));
  expect(withTally(3, "a", "b", "d")).toEqual(wrong("done although it was refused: d"));
  expect(withTally(3, "a", "b", "x")).toEqual(wrong("x was never sent"));
  expect(withTally(3, "a", "b")).toEqual(wrong("the count is 3, of 2"));
});

test("a slot holds an older value than the last that was acknowledged, unless that came late", () => {
  const history = good();
  history.writes = [...history.writes, put(6, "done")];
  expect(violations(history)).toEqual(wrong("slot0 holds 5; the last that was acknowledged is 6"));
  history.writes = history.writes.map((write) => (write.op === "op5" ? put(5, "unknown") : write));
  expect(violations(history)).toEqual([]);
});

test("what ended is live in the store, or to a node", () => {
  const live = good();
  live.final = { answers: [], sessions: [{ session: 0, state: "live", data: {} }] };
  expect(violations(live)).toEqual(expect.arrayContaining(wrong("ended: session 0 is live in the store")));
  const attached = good();
  attached.final = { sessions: [], answers: [{ session: 0, node: 1, how: "attach", answer: "live" }] };
  expect(violations(attached)).toEqual(wrong("ended: session 0 is live to attach of node 1"));
});

test("a session is gone that nobody ended, or a client was told so, or too early", () => {
  const gone = good();
  gone.final = { answers: [], sessions: [{ session: 1, state: "missing", data: null }] };
  expect(violations(gone)).toEqual(wrong("session 1, which nobody ended, is missing"));
  const told = good();
  told.tabs = [tab({ seen: [{ at: 5, version: 1, status: "ended" }] })];
  expect(violations(told)).toEqual(wrong("was told at 5 ms of an end of session 1 that was none"));
  const early = good();
  early.tabs = [tab({ session: 0, seen: [{ at: 5, version: 1, status: "ended" }] })];
  expect(violations(early)).toEqual(wrong("was told at 5 ms"));
});

test("a version went backward at a client, or over one socket; over two sockets it may", () => {
  const seen = [2, 1].map((version) => ({ at: 5, version, status: "live" }));
  expect(violations({ ...good(), tabs: [tab({ seen })] })).toEqual(wrong("showed 2, and 1"));
  const sockets = [[1, 3, 2]].map((versions) => ({ at: 5, node: 1, versions }));
  expect(violations({ ...good(), tabs: [tab({ sockets })] })).toEqual(wrong("node 1 sent client 0 3,2"));
  const two = [[3], [2]].map((versions) => ({ at: 5, node: 1, versions }));
  expect(violations({ ...good(), tabs: [tab({ sockets: two })] })).toEqual([]);
});

test("the same seed makes the same plan, with a failing engine and a dead node in each", () => {
  for (let seed = 1; seed <= 50; seed++) {
    for (const engine of ["redis", "postgres", "nats", "sqlite"] as const) {
      const plan = planOf(engine, seed);
      expect(planOf(engine, seed)).toEqual(plan);
      const kinds = plan.faults.map(({ kind }) => kind);
      expect(kinds).toContain("node killed");
      expect(kinds).toContain(engine === "sqlite" ? "file locked" : "engine killed");
      expect(Math.max(...plan.skews.map(Math.abs))).toBe(engine === "sqlite" ? 0 : 60_000);
    }
  }
});
