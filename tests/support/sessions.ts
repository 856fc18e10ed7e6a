// Live sessions on a clock that tests hold still, and errors collected rather than printed.

import { createLiveSessions, type ErrorContext, type LiveSessions, type LiveSessionsOptions } from "live-session";
import { ManualClock } from "live-session/conformance";

export interface TestSessions<Data extends object> {
  readonly sessions: LiveSessions<Data>;
  readonly clock: ManualClock;
  readonly errors: { readonly error: unknown; readonly context: ErrorContext }[];
}

export function testSessions<Data extends object>(
  options: Omit<LiveSessionsOptions<Data>, "clock"> & { clock?: ManualClock } = {},
): TestSessions<Data> {
  const { clock = new ManualClock() } = options;
  const errors: TestSessions<Data>["errors"] = [];
  const onError = (error: unknown, context: ErrorContext) => void errors.push({ error, context });
  return { sessions: createLiveSessions<Data>({ onError, ...options, clock }), clock, errors };
}

/** Lets everything that is under way finish, timers aside. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves once this holds. Looks again whenever the process has nothing else to do; a test that waits in vain times out. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** What a promise was rejected with; fails if it was not. */
export async function rejection(promise: Promise<unknown>): Promise<{ code?: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    return error as { code?: string; message: string };
  }
  throw new Error("It was expected to be rejected.");
}

/** Resolves once this holds, looking again whenever the live session says something. */
export function when(live: { subscribe(listener: () => void): () => void }, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (holds()) return resolve();
    const end = live.subscribe(() => {
      if (!holds()) return;
      end();
      resolve();
    });
  });
}
