// Group commit: writes that are in flight together go as one statement. They share a round trip, a flush to disk and the
// lock of NOTIFY, and otherwise know nothing of each other.

import { systemClock } from "../../core/clock.ts";
import type { SessionKey } from "../../core/ids.ts";
import { undone } from "../../engines/postgres/failures.ts";
import type { Values } from "../../engines/postgres/statement.ts";

/** Statements on their way at a time; what is asked for meanwhile gathers for the next. */
const PLACES = 2;
/** A statement that takes longer gives its place up: what holds it, a row or a dead connection, is not to hold others. */
const PATIENCE_MS = 100;
const MOST_WRITES = 100;
/** Of all that a group puts, unless it is one write alone. */
const MOST_CHARACTERS = 131_072;

export interface GroupOptions<Answer> {
  /** Runs a write in a statement of its own. */
  alone(values: Values): Promise<Answer>;
  /** Runs writes of different keys in one transaction. What it does not answer is run alone. */
  together(all: readonly Values[]): Promise<ReadonlyMap<string, Answer>>;
}

interface Write<Answer> {
  readonly key: SessionKey;
  readonly values: Values;
  readonly resolve: (answer: Answer | PromiseLike<Answer>) => void;
  readonly reject: (error: unknown) => void;
  /** What was asked for later under the same key: not to be done earlier. */
  readonly after: (() => void)[];
}

/** Takes writes, and gives each its own answer. */
export function groups<Answer>({ alone, together }: GroupOptions<Answer>) {
  const waiting = new Map<SessionKey, Write<Answer>>();
  const underway = new Set<SessionKey>();
  let places = PLACES;
  let scheduled = false;

  /** At the end of this turn of the event loop, so that all that was asked for in it goes together. */
  function schedule(): void {
    if (scheduled || places === 0 || waiting.size === 0) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      while (places > 0 && waiting.size > 0) go(take());
    });
  }

  function take(): Write<Answer>[] {
    const taken: Write<Answer>[] = [];
    let characters = 0;
    for (const write of waiting.values()) {
      characters += String(write.values.put).length;
      if (taken.length === MOST_WRITES || (taken.length > 0 && characters > MOST_CHARACTERS)) break;
      taken.push(write);
      waiting.delete(write.key);
      underway.add(write.key);
    }
    return taken;
  }

  function go(writes: readonly Write<Answer>[]): void {
    let placed = true;
    places--;
    const leave = () => {
      if (!placed) return;
      placed = false;
      places++;
      schedule();
    };
    const cancel = systemClock.after(PATIENCE_MS, leave);
    void run(writes).then(() => {
      cancel();
      leave();
    });
    for (const { after } of writes) for (const start of after) start();
  }

  async function run(writes: readonly Write<Answer>[]): Promise<void> {
    const [only] = writes;
    if (only && writes.length === 1) return settle(only, alone(only.values));
    let answers: ReadonlyMap<string, Answer> = new Map();
    try {
      answers = await together(writes.map(({ values }) => values));
    } catch (error) {
      if (!undone(error)) return writes.forEach((write) => void settle(write, Promise.reject(error)));
    }
    for (const write of writes) {
      const { key, values } = write;
      void settle(write, answers.has(key) ? (answers.get(key) as Answer) : alone(values));
    }
  }

  async function settle({ key, resolve, reject }: Write<Answer>, answer: Answer | Promise<Answer>): Promise<void> {
    try {
      resolve(await answer);
    } catch (error) {
      reject(error);
    } finally {
      underway.delete(key);
    }
  }

  return function send(key: SessionKey, values: Values): Promise<Answer> {
    if (underway.has(key)) return alone(values);
    return new Promise((resolve, reject) => {
      const earlier = waiting.get(key);
      if (earlier) return earlier.after.push(() => alone(values).then(resolve, reject));
      waiting.set(key, { key, values, resolve, reject, after: [] });
      schedule();
    });
  };
}
