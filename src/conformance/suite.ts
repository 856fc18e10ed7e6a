// What a suite is made of. It knows no test runner: a case is a name and a function that rejects if the promise is broken.

import type { MaybePromise } from "../core/store.ts";

/** One promise of a contract, checked. */
export interface ConformanceCase {
  /** The group that the case belongs to. */
  readonly promise: string;
  /** What is promised, as a sentence. */
  readonly name: string;
  /** Opens a harness, checks, closes it. Rejects with an AssertionError if the driver does not keep the promise. */
  run(): Promise<void>;
}

/** A case before it is given a harness. `needs`: what the harness must be able to do. */
export interface Plan<Test, Need extends string> {
  readonly promise: string;
  readonly name: string;
  readonly needs?: Need | undefined;
  check(test: Test): Promise<void>;
}

/** Collects the cases of one group. */
export function group<Test, Need extends string>(promise: string) {
  const plans: Plan<Test, Need>[] = [];
  const add = (name: string, check: (test: Test) => Promise<void>, needs?: Need) =>
    void plans.push({ promise, name, check, needs });
  return { plans, add };
}

/** The cases that a harness can run, each on a fresh one that is closed whatever happens. */
export function runnable<Harness extends { close(): MaybePromise<void> }, Test, Need extends string>(
  plans: readonly Plan<Test, Need>[],
  can: (need: Need) => boolean,
  open: () => MaybePromise<Harness>,
  testOn: (harness: Harness) => Test,
): ConformanceCase[] {
  return plans
    .filter(({ needs }) => needs === undefined || can(needs))
    .map(({ promise, name, check }) => ({
      promise,
      name,
      async run() {
        const harness = await open();
        try {
          await check(testOn(harness));
        } finally {
          await harness.close();
        }
      },
    }));
}
