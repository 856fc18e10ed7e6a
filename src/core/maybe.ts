// Results that may be there at once: a store in this process answers within the call, and waiting for it would cost more
// than the work itself.

export type MaybePromise<T> = T | Promise<T>;

export function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof (answer as Partial<Promise<T>> | null)?.then === "function";
}

/** Goes on with an answer: at once, if it is there. */
export function whenDone<T, U>(answer: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(answer) ? answer.then(next) : next(answer);
}

/** As `whenDone`, and takes what the call throws or rejects with. */
export function attempt<T, U>(
  call: () => MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
  failed: (error: unknown) => MaybePromise<U>,
): MaybePromise<U> {
  let answer: MaybePromise<T>;
  try {
    answer = call();
  } catch (error) {
    return failed(error);
  }
  return isPromise(answer) ? answer.then(next, failed) : next(answer);
}

/** Takes an answer that is of no interest: only that it came. */
export function ignoreAnswer(): void {}
