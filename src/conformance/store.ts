// The suite that proves a store driver.

import type { MaybePromise, SessionStore } from "../core/store.ts";
import { activity } from "./store/activity.ts";
import { commits } from "./store/commits.ts";
import { concurrency } from "./store/concurrency.ts";
import { ends } from "./store/ends.ts";
import { exactness } from "./store/exactness.ts";
import { expiry } from "./store/expiry.ts";
import { failures } from "./store/failures.ts";
import { listing } from "./store/listing.ts";
import { sharing } from "./store/sharing.ts";
import { type StoreNeed, StoreTest } from "./store/store-test.ts";
import { sweeping } from "./store/sweeping.ts";
import { type ConformanceCase, runnable } from "./suite.ts";

/** A store over an empty engine, and what a case may do to it. A case opens one and closes it. */
export interface StoreHarness {
  readonly store: SessionStore;
  /** A second store object over the same engine, as another node has it; `store` itself where the engine is the object. */
  readonly peer: SessionStore;
  /** Lets `ms` milliseconds pass on the store's clock: moves an injected clock, or waits until at least so much passed. */
  advance(ms: number): MaybePromise<void>;
  /** Uses the user's own client, and rejects if that is closed. Called after `store.close()`. */
  useClient?(): MaybePromise<unknown>;
  /** Breaks the engine for `store` until `close`: cuts its connection, closes its database. For suites that `fails`. */
  fail?(): MaybePromise<void>;
  /** Closes everything and frees the engine's space. Called once, whatever happened before. */
  close(): MaybePromise<void>;
}

/** What is left out by a `false` is a promise unproven: say so where the driver is documented. */
export interface StoreSuiteOptions {
  /** Opens a harness over an empty engine, or an empty part of one. */
  open(): MaybePromise<StoreHarness>;
  /** Whether `advance` moves the clock by just so much, so that cases to the millisecond can run. */
  readonly exactClock: boolean;
  /** Whether the harness can break the engine. Only a store without an engine cannot. */
  readonly fails: boolean;
  /** Whether `sweep` frees; false where the engine expires records by itself. */
  readonly sweeps: boolean;
}

/**
 * The cases that a store must pass, for whatever test runner:
 *
 * ```ts
 * for (const { name, run } of storeConformance({ open, exactClock: true, fails: true, sweeps: true })) test(name, run);
 * ```
 */
export function storeConformance({ open, ...abilities }: StoreSuiteOptions): ConformanceCase[] {
  const plans = [
    ...commits(),
    ...exactness(),
    ...sharing(),
    ...concurrency(),
    ...activity(),
    ...expiry(),
    ...ends(),
    ...listing(),
    ...sweeping(),
    ...failures(),
  ];
  const { exactClock, fails, sweeps } = abilities;
  const can: Record<StoreNeed, boolean> = {
    exactClock,
    fails,
    sweeps,
    exactSweeps: exactClock && sweeps,
    failingSweeps: fails && sweeps,
  };
  return runnable(
    plans,
    (need) => can[need],
    open,
    (harness) => new StoreTest(harness),
  );
}
