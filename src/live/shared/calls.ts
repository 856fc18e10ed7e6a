// Which calls of a browser tab ran, so that none runs twice: a call sent again gets the answer of the first.

import { randomBytes } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { SessionKey } from "../../core/ids.ts";
import { errorText } from "./messages.ts";

/** Answers kept for one tab, in characters. While the tab is connected its latest is kept whatever its length. */
export const ANSWERS_LIMIT = 256 * 1024;

/**
 * The calls of one tab. They are run one after the other, in the order they came, so that one that builds on another
 * finds it done.
 *
 * The bound: as a connection delivers in order, answers that a tab did not get are the last ones written, and a tab that
 * keeps to `maxInFlight` waits for no more than that. Twice as many are kept, since those of refused calls count, too.
 * An older id is answered `call_forgotten`: whatever became of it, it does not run again.
 */
export class CallLog {
  readonly #maxInFlight: number;
  /** By id: the answer, or the promise of it. Those that are done stand in the order in which they were. */
  readonly #answers = new Map<number, string | Promise<string>>();
  #highest = 0;
  #inFlight = 0;
  #done = 0;
  #length = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  /** The answer to a call. `run` is called for a call that is new, and must not reject. */
  ask(id: number, run: () => Promise<string>): string | Promise<string> {
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    if (id <= this.#highest) return errorText("call_forgotten", { id });
    this.#highest = id;
    if (this.#inFlight >= this.#maxInFlight) return this.#keep(id, errorText("too_many_calls", { id }));
    this.#inFlight++;
    const answer = this.#last.then(run).then((text) => {
      this.#inFlight--;
      return this.#keep(id, text);
    });
    this.#answers.set(id, answer);
    this.#last = answer;
    return answer;
  }

  #keep(id: number, answer: string): string {
    this.#answers.delete(id);
    this.#answers.set(id, answer);
    this.#done++;
    this.#length += answer.length;
    for (const [old, text] of this.#answers) {
      if (this.#done <= 2 * this.#maxInFlight && (this.#length <= ANSWERS_LIMIT || this.#done === 1)) break;
      if (typeof text !== "string") continue;
      this.#answers.delete(old);
      this.#done--;
      this.#length -= text.length;
    }
    return answer;
  }
}

/** A browser tab of one session, over all its connections. */
export class Client {
  readonly id: string;
  /** Tells it from an earlier one of the same id, which was forgotten; of no other meaning. */
  readonly number: number;
  connections = 0;
  #calls: CallLog | null = null;

  constructor(id: string, number: number) {
    this.id = id;
    this.number = number;
  }

  /** Made for the first call: most tabs only watch. */
  calls(maxInFlight: number): CallLog {
    this.#calls ??= new CallLog(maxInFlight);
    return this.#calls;
  }
}

export interface Joined {
  readonly client: Client;
  /** Whether it was known before. */
  readonly known: boolean;
  /** Names what is remembered of it: another one after it was forgotten. */
  readonly memory: string;
}

/** The tabs that this node knows: those connected, and those that were until a moment ago. */
export class Clients {
  readonly #clock: Clock;
  readonly #retention: number;
  readonly #clients = new Map<string, Client>();
  /** Tells this process, and these clients, from all others. */
  readonly #name = randomBytes(9).toString("base64url");
  #made = 0;
  /** Those without a connection and when to forget them, soonest first. */
  readonly #leaving = new Map<Client, number>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, retention: number) {
    this.#clock = clock;
    this.#retention = retention;
  }

  /** A name counts within its session alone: another session's tab of the same name is another tab. */
  join(key: SessionKey, name: string): Joined {
    const id = key + name; // keys are all of one length
    const found = this.#clients.get(id);
    const client = found ?? new Client(id, ++this.#made);
    client.connections++;
    this.#clients.set(id, client);
    this.#leaving.delete(client);
    return { client, known: found !== undefined, memory: `${this.#name}.${client.number}` };
  }

  leave(client: Client): void {
    client.connections--;
    if (client.connections > 0) return;
    this.#leaving.set(client, this.#clock.now() + this.#retention);
    this.#arm();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#leaving.clear();
    this.#clients.clear();
  }

  /** One timer for all, since all wait equally long. */
  #arm(): void {
    const [first] = this.#leaving.values();
    if (this.#cancel || first === undefined) return;
    this.#cancel = this.#clock.after(first - this.#clock.now(), () => {
      this.#cancel = null;
      for (const [client, at] of this.#leaving) {
        if (at > this.#clock.now()) break;
        this.#leaving.delete(client);
        this.#clients.delete(client.id);
      }
      this.#arm();
    });
  }
}
