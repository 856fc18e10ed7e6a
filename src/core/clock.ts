// Time is handed in, so that tests can hold it still.

/** What the library asks of time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `callback` once after `ms`; the timer MUST NOT keep the process alive. Returns the function that cancels. */
  after(ms: number, callback: () => void): () => void;
}

/** setTimeout fires at once for anything longer. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The machine's clock, with timers that let the process end. */
export const systemClock: Clock = {
  now: Date.now,
  after(ms, callback) {
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      const step = Math.min(Math.max(left, 0), LONGEST_TIMEOUT);
      timer = setTimeout(() => (left > step ? wait(left - step) : callback()), step);
      timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

/** Calls `task` every `ms`, the next time only after the last one is done. Returns the function that stops it. */
export function every(clock: Clock, ms: number, task: () => Promise<void>): () => void {
  let stopped = false;
  let cancel: () => void;
  const next = () => {
    cancel = clock.after(ms, async () => {
      await task();
      if (!stopped) next();
    });
  };
  next();
  return () => {
    stopped = true;
    cancel();
  };
}

/**
 * The promise, or a rejection once it has taken longer than `ms`.
 *
 * @param late takes what comes after that
 * @throws Error if it takes too long
 */
export function withTimeout<T>(
  promise: Promise<T>,
  ms: number,
  clock: Clock,
  late: (value: T) => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    let waiting = true;
    const cancel = clock.after(ms, () => {
      waiting = false;
      reject(new Error(`No answer within ${ms} ms.`));
    });
    promise.then(
      (value) => {
        cancel();
        if (waiting) resolve(value);
        else late(value);
      },
      (error) => {
        cancel();
        reject(error);
      },
    );
  });
}
