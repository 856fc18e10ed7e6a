// A bus that loses, doubles, delays and reorders, as told.

import type { SessionBus, SessionEvent, SessionKey, SessionListener } from "live-session";

interface Held {
  readonly key: SessionKey;
  readonly event: SessionEvent;
}

/** Holds every event until it is delivered (any number of times, in any order) or dropped. */
export class ChaosBus {
  readonly #listeners = new Map<SessionKey, Set<SessionListener>>();
  readonly #statusListeners = new Set<(status: "up" | "down") => void>();
  readonly held: Held[] = [];
  /** What subscribe waits for before the subscription is in place. */
  beforeSubscribe: () => Promise<void> = async () => {};

  /** The bus as one node has it. */
  endpoint(): SessionBus {
    return {
      publish: (key, event) => void this.held.push({ key, event: structuredClone(event) }),
      subscribe: async (key, listener) => {
        await this.beforeSubscribe();
        const set = this.#listeners.get(key) ?? new Set();
        this.#listeners.set(key, set.add(listener));
        return () => void set.delete(listener);
      },
      onStatus: (listener) => {
        this.#statusListeners.add(listener);
        return () => void this.#statusListeners.delete(listener);
      },
      close: () => {},
    };
  }

  deliver(index: number, keep = false): void {
    const held = keep ? this.held[index] : this.held.splice(index, 1)[0];
    if (!held) return;
    for (const listener of [...(this.#listeners.get(held.key) ?? [])]) listener(structuredClone(held.event));
  }

  drop(index: number): void {
    this.held.splice(index, 1);
  }

  deliverAll(): void {
    while (this.held.length > 0) this.deliver(0);
  }

  status(status: "up" | "down"): void {
    for (const listener of this.#statusListeners) listener(status);
  }
}
