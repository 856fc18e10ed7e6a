// Calls that are made in one turn of the event loop go to Redis together: each command costs the client library more than all
// that we do for one, and each script costs Redis a start.

import type { MaybePromise } from "../../core/maybe.ts";
import type { Caller } from "../../engines/redis/caller.ts";

export interface TurnOptions<Ask, Reply, Answer> {
  readonly caller: Caller;
  /** Sends what was asked as one command. */
  send(asks: readonly Ask[]): Promise<Reply>;
  /** What the reply says to the one at this index. What it throws is that one's alone. */
  answer(reply: Reply, index: number, ask: Ask): MaybePromise<Answer>;
  /** How many go together at most. Redis does nothing else meanwhile. */
  most(): number;
  /** How much of a command each is, in characters. Default 0. */
  weight?(ask: Ask): number;
}

/** Characters of one command, unless a single one is longer. */
const MOST_WEIGHT = 256 * 1024;

interface Waiting<Ask, Answer> {
  readonly ask: Ask;
  readonly resolve: (answer: MaybePromise<Answer>) => void;
  readonly reject: (error: unknown) => void;
}

export class Turn<Ask, Reply, Answer> {
  readonly #options: TurnOptions<Ask, Reply, Answer>;
  #waiting: Waiting<Ask, Answer>[] = [];
  #weight = 0;
  #scheduled = false;

  constructor(options: TurnOptions<Ask, Reply, Answer>) {
    this.#options = options;
  }

  ask(ask: Ask): Promise<Answer> {
    const { caller, most, weight } = this.#options;
    const refusal = caller.enter();
    if (refusal) return Promise.reject(refusal);
    const heavy = weight?.(ask) ?? 0;
    if (this.#weight + heavy > MOST_WEIGHT) this.flush();
    this.#weight += heavy;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ask, resolve, reject });
      if (this.#waiting.length >= most()) this.flush();
      else this.#schedule();
    });
  }

  /** Sends now what was asked so far, rather than after this turn. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#weight = 0;
    const { caller, send, answer } = this.#options;
    send(waiting.map(({ ask }) => ask)).then(
      (reply) => {
        caller.leave(waiting.length);
        for (const [index, { ask, resolve, reject }] of waiting.entries()) {
          try {
            resolve(answer(reply, index, ask));
          } catch (error) {
            reject(error);
          }
        }
      },
      (error) => {
        caller.leave(waiting.length);
        for (const { reject } of waiting) reject(error);
      },
    );
  }

  /** After all that goes on in this turn, promises included. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
