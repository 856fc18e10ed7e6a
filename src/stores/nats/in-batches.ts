// Many questions at once, but not all of them: answers would come faster than they can be held.

const BATCH = 128;

/** Asks for each item, and gives the answers in the items' order. */
export async function* inBatches<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): AsyncGenerator<R> {
  for (let start = 0; start < items.length; start += BATCH) {
    yield* await Promise.all(items.slice(start, start + BATCH).map(ask));
  }
}
