// Many things that are due at some time: each at its own, with few timers.

import { ManualClock } from "live-session/conformance";
import { beforeEach, describe, expect, test } from "vitest";
import { Agenda, type Due } from "../../src/core/agenda.ts";
import type { Clock } from "../../src/core/clock.ts";

const MINUTE = 60_000;

let clock: ManualClock;
let timers: number;
let agenda: Agenda;
let rung: [name: string, at: number][];

beforeEach(() => {
  clock = new ManualClock();
  timers = 0;
  const counting: Clock = {
    now: () => clock.now(),
    after(ms, callback) {
      timers++;
      const cancel = clock.after(ms, () => {
        timers--;
        callback();
      });
      return () => {
        timers--;
        cancel();
      };
    },
  };
  agenda = new Agenda(counting);
  rung = [];
});

function item(name: string): Due {
  return { dueAt: 0, due: () => void rung.push([name, clock.now()]) };
}

test("each is called at its own time, to the ms, once", () => {
  const start = clock.now();
  const times = [1, 59_999, MINUTE, MINUTE + 1, 10 * MINUTE + 7, 24 * 60 * MINUTE];
  for (const ms of [...times].reverse()) agenda.set(item(`${ms}`), start + ms);
  clock.advance(48 * 60 * MINUTE);
  expect(rung).toEqual(times.map((ms) => [`${ms}`, start + ms]));
  expect(timers).toBe(0);
});

test("ten thousand within the same hour, far off, have no more timers than it has minutes", () => {
  const start = clock.now() + 60 * MINUTE;
  for (let n = 0; n < 10_000; n++) agenda.set(item(`${n}`), start + (n * 3_600_000) / 10_000);
  expect(timers).toBeLessThanOrEqual(61);
  clock.advance(121 * MINUTE);
  expect(rung.map(([name]) => Number(name))).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
});

test("what is due already is called as soon as may be, and not by the one who says so", () => {
  agenda.set(item("late"), clock.now() - 5);
  expect(rung).toEqual([]);
  clock.advance(1);
  expect(rung).toHaveLength(1);
});

describe.each([
  ["near", 1_000],
  ["far off", 10 * MINUTE],
])("one that is %s", (_, ms) => {
  test("is not called once it was removed, and leaves no timer", () => {
    const gone = item("gone");
    agenda.set(gone, clock.now() + ms);
    agenda.remove(gone);
    agenda.remove(gone);
    expect([timers, gone.dueAt]).toEqual([0, 0]);
    clock.advance(2 * ms);
    expect(rung).toEqual([]);
  });

  test.each([
    ["sooner", ms / 2],
    ["later", 2 * ms],
  ])("is called %s if it is set anew", (_, other) => {
    const moved = item("moved");
    const start = clock.now();
    agenda.set(moved, start + ms);
    agenda.set(moved, start + other);
    clock.advance(4 * ms);
    expect(rung).toEqual([["moved", start + other]]);
    expect(timers).toBe(0);
  });

  test("leaves others of its minute where they are", () => {
    const [gone, stays] = [item("gone"), item("stays")];
    const at = clock.now() + ms;
    agenda.set(gone, at);
    agenda.set(stays, at);
    agenda.remove(gone);
    clock.advance(ms);
    expect(rung).toEqual([["stays", at]]);
  });
});

test("what is called may set itself again", () => {
  const start = clock.now();
  const again: Due = {
    dueAt: 0,
    due() {
      rung.push(["again", clock.now() - start]);
      if (rung.length < 3) agenda.set(this, clock.now() + 2 * MINUTE);
    },
  };
  agenda.set(again, start + 10);
  clock.advance(10 * MINUTE);
  expect(rung.map(([, at]) => at)).toEqual([10, 2 * MINUTE + 10, 4 * MINUTE + 10]);
});
