// Entries in the bucket: read, written by compare-and-set, kept in step with the indexes.

import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../core/clock.ts";
import type { SessionKey } from "../../core/ids.ts";
import type { Bucket } from "./bucket.ts";
import { type Entry, over, type Step } from "./entry.ts";
import { expiryName, principalName } from "./index-names.ts";

export interface Held {
  /** `null`: no such session. */
  readonly entry: Entry | null;
  /** The sequence of its message, which the next write must name. */
  readonly sequence: number;
}

/** How long a write may lose against writers of other nodes before it fails: less than the hub's own time-out. */
const LONGEST_STRIFE_MS = 4_000;

/** An index entry is made before its session, which cannot take that long. */
const ORPHAN_MS = 600_000;

export class Sessions {
  readonly #bucket: Bucket;
  readonly #clock: Clock;
  /** The last write under way of each key, in this process. */
  readonly #queues = new Map<SessionKey, Promise<unknown>>();

  constructor(bucket: Bucket, clock: Clock) {
    this.#bucket = bucket;
    this.#clock = clock;
  }

  async load(key: SessionKey): Promise<Held> {
    const { sequence, text } = await this.#bucket.get(key);
    return { sequence, entry: parse(text) };
  }

  /**
   * As load, but one whose time is up is ended first. Clocks of nodes differ: without that, one node could tell that a
   * session is over, and another, whose clock is behind, push it afterwards.
   */
  async settle(key: SessionKey): Promise<Held & { readonly now: number }> {
    for (const strife = new Strife(); ; await strife.wait()) {
      const held = await this.load(key);
      const now = this.#clock.now();
      const { entry } = held;
      if (!entry || entry.ended || entry.expiresAt > now) return { ...held, now };
      const ended = over(entry, "expired", entry.expiresAt);
      const sequence = await this.save(key, held, ended);
      if (sequence !== null) return { entry: ended, sequence, now };
    }
  }

  /** Reads, decides, and writes if nobody wrote in between; else does it all again. */
  change<T>(key: SessionKey, decide: (entry: Entry | null, now: number) => Step<T>): Promise<T> {
    // Writers of one process would only get in each other's way.
    return this.#queue(key, async () => {
      for (const strife = new Strife(); ; await strife.wait()) {
        const { now, ...held } = await this.settle(key);
        const { write, result } = decide(held.entry, now);
        if (!write || (await this.save(key, held, write)) !== null) return result;
      }
    });
  }

  /** Writes over what is held, or gives `null` if that is no longer the newest. */
  async save(key: SessionKey, { entry: last, sequence }: Held, next: Entry): Promise<number | null> {
    const [before, after] = [namesOf(key, last), namesOf(key, next)];
    const made = String(this.#clock.now());
    await Promise.all(after.filter((name) => !before.includes(name)).map((name) => this.#bucket.put(name, made)));
    const saved = await this.#bucket.put(key, JSON.stringify(next), sequence);
    if (saved !== null)
      this.#forget(
        before.filter((name) => !after.includes(name)),
        saved,
      );
    return saved;
  }

  /** Removes what is held and its index entries; false if it is no longer the newest. */
  async remove(key: SessionKey, { entry, sequence }: Held): Promise<boolean> {
    if (!(await this.#bucket.remove(sequence))) return false;
    await Promise.all(namesOf(key, entry).map((name) => this.#bucket.forget(name, sequence)));
    return true;
  }

  /** Drops an index entry whose session is not there, unless the session may still be on its way. */
  async forgetOrphan(name: string): Promise<void> {
    const { text, sequence } = await this.#bucket.get(name);
    if (Number(text) <= this.#clock.now() - ORPHAN_MS) await this.#bucket.forget(name, sequence + 1);
  }

  /**
   * Not awaited, since the write is done: a sweep or a list drops what is left. Whoever writes such an entry anew does so
   * after having read this write, so that its sequence is higher and it stays.
   */
  #forget(names: readonly string[], before: number): void {
    for (const name of names) this.#bucket.forget(name, before).catch(() => {});
  }

  #queue<T>(key: SessionKey, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(key) ?? Promise.resolve();
    const result = before.then(work, work);
    this.#queues.set(key, result);
    const done = () => {
      if (this.#queues.get(key) === result) this.#queues.delete(key);
    };
    result.then(done, done);
    return result;
  }
}

/** The index entries of a session. */
function namesOf(key: SessionKey, entry: Entry | null): string[] {
  if (!entry) return [];
  const { due, principal } = entry;
  return [expiryName(key, due), ...(principal === null ? [] : [principalName(key, principal)])];
}

/** An empty text is what other tools leave of a key that they deleted. */
export function parse(text: string): Entry | null {
  return text === "" ? null : (JSON.parse(text) as Entry);
}

/** Losing against others: waits a little longer each time, by chance, and not for ever. */
class Strife {
  readonly #end = performance.now() + LONGEST_STRIFE_MS;
  #longest = 2;

  async wait(): Promise<void> {
    if (performance.now() > this.#end) throw new Error("Other nodes kept writing this session first.");
    await setTimeout(Math.random() * this.#longest);
    this.#longest = Math.min(this.#longest * 2, 100);
  }
}
