// The suite that proves a bus driver.

import type { SessionBus } from "../core/bus.ts";
import type { MaybePromise } from "../core/store.ts";
import { BusTest } from "./bus/bus-test.ts";
import { connection } from "./bus/connection.ts";
import { delivery } from "./bus/delivery.ts";
import { subscriptions } from "./bus/subscriptions.ts";
import { type ConformanceCase, runnable } from "./suite.ts";

/** Two endpoints of one bus, and what a case may do to them. A case opens one and closes it. */
export interface BusHarness {
  readonly bus: SessionBus;
  /** The bus as another node has it; `bus` itself where it lives in one process. */
  readonly peer: SessionBus;
  /** Uses the user's own client, and rejects if that is closed. Called after `bus.close()`. */
  useClient?(): MaybePromise<unknown>;
  /** Cuts the connection of `bus` in a way from which it recovers by itself. For suites that `interrupts`. */
  interrupt?(): MaybePromise<void>;
  /** Breaks the engine for `bus` until `close`. For suites that `fails`. */
  fail?(): MaybePromise<void>;
  /** Closes everything. Called once, whatever happened before. */
  close(): MaybePromise<void>;
}

/** What is left out by a `false` is a promise unproven: say so where the driver is documented. */
export interface BusSuiteOptions {
  open(): MaybePromise<BusHarness>;
  /** Whether the harness can cut the connection. Only a bus without one cannot. */
  readonly interrupts: boolean;
  /** Whether the harness can break the engine. Only a bus without one cannot. */
  readonly fails: boolean;
  /** How long a case waits for an event before it says that it was lost, in ms. Default 5,000. */
  readonly patience?: number | undefined;
}

/** The cases that a bus must pass, for whatever test runner; used as `storeConformance` is. */
export function busConformance({ open, patience = 5_000, ...can }: BusSuiteOptions): ConformanceCase[] {
  const plans = [...delivery(), ...subscriptions(), ...connection()];
  return runnable(
    plans,
    (need) => can[need],
    open,
    (harness) => new BusTest(harness, patience),
  );
}
