// Group commit by itself: what goes with what, and when.

import type { SessionKey } from "live-session";
import { afterEach, expect, test, vi } from "vitest";
import type { Values } from "../../src/engines/postgres/statement.ts";
import { groups } from "../../src/stores/postgres/groups.ts";
import { settle } from "../support/sessions.ts";

interface Sent {
  readonly keys: string[];
  answer(): void;
  fail(error: unknown): void;
}

/** A group whose statements are answered by the test, in the order in which they were sent. */
function open() {
  const sent: Sent[] = [];
  const statement = <T>(all: readonly Values[], answer: T) => {
    return new Promise<T>((resolve, reject) => {
      sent.push({ keys: all.map(({ key }) => String(key)), answer: () => resolve(answer), fail: reject });
    });
  };
  const send = groups<string>({
    alone: (values) => statement([values], `${values.key} alone`),
    together: (all) => statement(all, new Map(all.map(({ key }) => [String(key), `${key} together`]))),
  });
  const put = (key: string, put = "{}") => send(key as SessionKey, { key, put });
  return { sent, put, keys: () => sent.map((each) => each.keys) };
}

afterEach(() => void vi.useRealTimers());

test("one goes by itself and at once; what is asked for in one turn goes together, each with its own answer", async () => {
  const { sent, put, keys } = open();
  const first = put("a");
  await settle();
  expect(keys()).toEqual([["a"]]);
  const both = [put("b"), put("c")];
  await settle();
  expect(keys()).toEqual([["a"], ["b", "c"]]);
  for (const each of sent) each.answer();
  expect(await Promise.all([first, ...both])).toEqual(["a alone", "b together", "c together"]);
  const again = [put("a"), put("b")];
  await settle();
  expect(keys()).toEqual([["a"], ["b", "c"], ["a", "b"]]);
  sent[2]?.answer();
  expect(await Promise.all(again)).toEqual(["a together", "b together"]);
});

test("at most two statements are on their way: the rest gathers until one comes back", async () => {
  const { sent, put, keys } = open();
  for (const key of ["a", "b", "c", "d", "e"]) {
    void put(key);
    await settle();
  }
  expect(keys()).toEqual([["a"], ["b"]]);
  sent[1]?.answer();
  await settle();
  expect(keys()).toEqual([["a"], ["b"], ["c", "d", "e"]]);
});

test("a statement that does not come back gives its place up, and still has its answer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { sent, put, keys } = open();
  const first = put("a");
  await settle();
  void put("b");
  await settle();
  void put("c");
  await settle();
  expect(keys()).toEqual([["a"], ["b"]]);
  vi.advanceTimersByTime(100);
  await settle();
  expect(keys()).toEqual([["a"], ["b"], ["c"]]);
  sent[0]?.answer();
  expect(await first).toBe("a alone");
  // Its place was given up once: there are two, not three.
  for (const key of ["d", "e", "f"]) {
    void put(key);
    await settle();
  }
  expect(keys()).toEqual([["a"], ["b"], ["c"], ["d"]]);
});

test("no statement has a key twice: a second write goes by itself after the first was sent, never before", async () => {
  const { put, keys } = open();
  void put("a");
  await settle();
  void put("a");
  expect(keys()).toEqual([["a"], ["a"]]);
  void put("b");
  void put("c");
  void put("b");
  void put("b");
  expect(keys()).toEqual([["a"], ["a"]]);
  await settle();
  expect(keys()).toEqual([["a"], ["a"], ["b", "c"], ["b"], ["b"]]);
});

test("a group is of at most a hundred writes, and of few that are long", async () => {
  const { sent, put, keys } = open();
  for (let n = 0; n < 150; n++) void put(`n${n}`);
  await settle();
  expect(keys().map(({ length }) => length)).toEqual([100, 50]);
  const long = "x".repeat(60_000);
  for (const key of ["a", "b", "c"]) void put(key, long);
  void put("d", long.repeat(3));
  void put("e");
  for (let n = 0; n < 5; n++) {
    sent[n]?.answer();
    await settle();
  }
  expect(keys().slice(2)).toEqual([["a", "b"], ["c"], ["d"], ["e"]]);
});

test("what the server refused as a group is asked for one by one", async () => {
  const error = Object.assign(new Error("22P02"), { severity: "ERROR", code: "22P02" });
  const { sent, put, keys } = open();
  const all = [put("a"), put("b")];
  await settle();
  sent[0]?.fail(new Error("with words", { cause: error }));
  await settle();
  expect(keys()).toEqual([["a", "b"], ["a"], ["b"]]);
  sent[1]?.fail(error);
  sent[2]?.answer();
  expect(await Promise.allSettled(all)).toEqual([
    { status: "rejected", reason: error },
    { status: "fulfilled", value: "b alone" },
  ]);
});

test.each([
  ["the network's", Object.assign(new Error("broken"), { code: "EPIPE" })],
  ["a time-out", new Error("Query read timeout")],
  ["an ended connection's", Object.assign(new Error("57P01"), { severity: "FATAL", code: "57P01" })],
  ["a pooler's", Object.assign(new Error("08P01"), { severity: "FATAL", code: "08P01" })],
])("%s error fails all of a group, and nothing is tried a second time", async (_, error) => {
  const { sent, put, keys } = open();
  const all = [put("a"), put("b")];
  await settle();
  sent[0]?.fail(error);
  const failed = { status: "rejected", reason: error };
  expect(await Promise.allSettled(all)).toEqual([failed, failed]);
  expect(keys()).toEqual([["a", "b"]]);
});
