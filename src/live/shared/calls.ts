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
  #connected = true;
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
    this.#trim();
    return answer;
  }

  /** Tabs that are gone cost no more than the limit: their number is bounded, what an action returns is not. */
  setConnected(connected: boolean): void {
    this.#connected = connected;
    this.#trim();
  }

  #trim(): void {
    const overLong = this.#connected ? 1 : 0;
    for (const [old, text] of this.#answers) {
      if (this.#done <= 2 * this.#maxInFlight && (this.#length <= ANSWERS_LIMIT || this.#done === overLong)) break;
      if (typeof text !== "string") continue;
      this.#answers.delete(old);
      this.#done--;
      this.#length -= text.length;
    }
  }
}

/** A browser tab of one session, over all its connections. */
export class Client {
  readonly key: SessionKey;
  readonly name: string;
  /** Tells it from an earlier one of the same name, which was forgotten; of no other meaning. */
  readonly number: number;
  #connections = 0;
  #calls: CallLog | null = null;

  constructor(key: SessionKey, name: string, number: number) {
    this.key = key;
    this.name = name;
    this.number = number;
  }

  get connected(): boolean {
    return this.#connections > 0;
  }

  /** Made for the first call: most tabs only watch. */
  calls(maxInFlight: number): CallLog {
    this.#calls ??= new CallLog(maxInFlight);
    return this.#calls;
  }

  /** Counts a connection that came (1) or went (-1). */
  count(change: 1 | -1): void {
    this.#connections += change;
    this.#calls?.setConnected(this.connected);
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
  readonly #maxTabs: number;
  /** Of each session, in an array, as most have one or two. Those without a connection stand in the order they left. */
  readonly #tabs = new Map<SessionKey, Client[]>();
  /** Tells this process, and these clients, from all others. */
  readonly #name = randomBytes(9).toString("base64url");
  #made = 0;
  /** Those without a connection and when to forget them, soonest first. */
  readonly #leaving = new Map<Client, number>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, retention: number, maxTabs: number) {
    this.#clock = clock;
    this.#retention = retention;
    this.#maxTabs = maxTabs;
  }

  /**
   * A name counts within its session alone: another session's tab of the same name is another tab. For a new tab over
   * the limit the one that left first is forgotten. `null` if all are connected: closing one of them instead would have
   * it come back and close another, for ever.
   */
  join(key: SessionKey, name: string): Joined | null {
    const tabs = this.#tabs.get(key) ?? [];
    const found = tabs.find((tab) => tab.name === name);
    if (!found && tabs.length >= this.#maxTabs) {
      const first = tabs.find((tab) => !tab.connected);
      if (!first) return null;
      this.#forget(first);
    }
    const client = found ?? new Client(key, name, ++this.#made);
    // Forgetting may have emptied the session, so what it has now is asked for anew.
    if (!found) this.#tabs.set(key, (this.#tabs.get(key) ?? []).concat(client));
    client.count(1);
    this.#leaving.delete(client);
    return { client, known: found !== undefined, memory: `${this.#name}.${client.number}` };
  }

  leave(client: Client): void {
    client.count(-1);
    if (client.connected) return;
    const others = this.#tabs.get(client.key)?.filter((tab) => tab !== client);
    if (!others) return; // all were closed meanwhile
    this.#tabs.set(client.key, [...others, client]);
    this.#leaving.set(client, this.#clock.now() + this.#retention);
    this.#arm();
  }

  #forget(client: Client): void {
    this.#leaving.delete(client);
    const others = this.#tabs.get(client.key)?.filter((tab) => tab !== client);
    if (others?.length) this.#tabs.set(client.key, others);
    else this.#tabs.delete(client.key);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#leaving.clear();
    this.#tabs.clear();
  }

  /** One timer for all, since all wait equally long. */
  #arm(): void {
    const [first] = this.#leaving.values();
    if (this.#cancel || first === undefined) return;
    this.#cancel = this.#clock.after(first - this.#clock.now(), () => {
      this.#cancel = null;
      for (const [client, at] of this.#leaving) {
        if (at > this.#clock.now()) break;
        this.#forget(client);
      }
      this.#arm();
    });
  }
}
