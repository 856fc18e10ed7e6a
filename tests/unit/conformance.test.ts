// The conformance suites on the drivers without an engine; and the suites themselves, on drivers that break a promise.

import { localBus, memoryStore, type SessionBus, type SessionStore } from "live-session";
import { busConformance, type ConformanceCase, ManualClock, storeConformance } from "live-session/conformance";
import { describe, expect, test } from "vitest";
import { brokenBuses, brokenStores } from "../support/broken-drivers.ts";

function storeCases(make: (clock: ManualClock) => SessionStore): ConformanceCase[] {
  return storeConformance({
    exactClock: true,
    fails: false,
    sweeps: true,
    open() {
      const clock = new ManualClock();
      const store = make(clock);
      return { store, peer: store, advance: (ms) => clock.advance(ms), close() {} };
    },
  });
}

function busCases(make: () => SessionBus): ConformanceCase[] {
  return busConformance({
    interrupts: false,
    fails: false,
    patience: 300,
    open() {
      const bus = make();
      return { bus, peer: bus, close() {} };
    },
  });
}

describe("memory store", () => {
  for (const { name, run } of storeCases((clock) => memoryStore({ clock }))) test(name, run);
});

describe("local bus", () => {
  for (const { name, run } of busCases(localBus)) test(name, run);
});

/** Runs the cases that a planted fault is to be found by. */
async function find(cases: ConformanceCase[], words: string): Promise<{ name: string; failed: boolean }[]> {
  const fitting = cases.filter(({ name }) => name.includes(words));
  return Promise.all(
    fitting.map(async ({ name, run }) => {
      const failed = await run().then(
        () => false,
        () => true,
      );
      return { name, failed };
    }),
  );
}

describe("the store suite finds a store that", () => {
  test.each(brokenStores)("$fault", async ({ make, foundBy }) => {
    expect((await find(storeCases(make), foundBy)).filter(({ failed }) => failed)).not.toEqual([]);
  });
});

describe("the bus suite finds a bus that", () => {
  test.each(brokenBuses)("$fault", async ({ make, foundBy }) => {
    const cases = busCases(() => make(new ManualClock()));
    expect((await find(cases, foundBy)).filter(({ failed }) => failed)).not.toEqual([]);
  });
});

test("every case has a name of its own", () => {
  const names = [...storeCases((clock) => memoryStore({ clock })), ...busCases(localBus)].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
