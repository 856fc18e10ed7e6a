// What the bus cases have in hand: the harness, events, and ears that wait for them.

import assert from "node:assert/strict";
import type { SessionBus, SessionEvent } from "../../core/bus.ts";
import { generateIncarnation, type SessionKey, sessionKey } from "../../core/ids.ts";
import { deepFreeze } from "../../core/json.ts";
import type { JsonObject } from "../../core/store.ts";
import type { BusHarness } from "../bus.ts";
import { group } from "../suite.ts";

/** Options of the suite that a case may depend on. */
export type BusNeed = "interrupts" | "fails";

export const busGroup = (promise: string) => group<BusTest, BusNeed>(promise);

/** A listener that keeps what it hears. */
export interface Ear {
  readonly heard: SessionEvent[];
  readonly listen: (event: SessionEvent) => void;
  /** Resolves when so many events were heard. */
  until(count: number): Promise<void>;
}

export class BusTest {
  readonly bus: SessionBus;
  readonly peer: SessionBus;
  readonly harness: BusHarness;
  readonly #patience: number;
  #keys = 0;

  constructor(harness: BusHarness, patience: number) {
    this.harness = harness;
    this.bus = harness.bus;
    this.peer = harness.peer;
    this.#patience = patience;
  }

  /** A key that no event had before. */
  key(): SessionKey {
    return sessionKey(`conformance ${++this.#keys} ${generateIncarnation()}`);
  }

  ear(): Ear {
    const heard: SessionEvent[] = [];
    let wake = () => {};
    const until = async (count: number) => {
      const deadline = Date.now() + this.#patience;
      while (heard.length < count) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await this.within(deadline - Date.now(), woken, () => `${heard.length} of ${count} events arrived`);
      }
    };
    const listen = (event: SessionEvent) => {
      heard.push(event);
      wake();
    };
    return { heard, listen, until };
  }

  /** Waits for what has to come, but not for ever. */
  async within<T>(ms: number, promise: Promise<T>, what: () => string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new assert.AssertionError({ message: what() })), Math.max(ms, 0));
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  /** Waits for what has to come, as long as the suite is patient. */
  inTime<T>(promise: Promise<T>, what: string): Promise<T> {
    return this.within(this.#patience, promise, () => what);
  }

  /**
   * Publishes through both endpoints and waits until a listener of each heard it: what was published before to the same
   * key has arrived by then, or never will.
   */
  async flush(key: SessionKey): Promise<void> {
    const mark = changed(1_000_000);
    for (const from of new Set([this.bus, this.peer])) {
      for (const to of new Set([this.bus, this.peer])) {
        const ear = this.ear();
        const end = await to.subscribe(key, ear.listen);
        await from.publish(key, mark);
        await ear.until(1);
        end();
      }
    }
  }
}

/** A `changed` event with a version to tell it by. */
export function changed(version: number, put: JsonObject = { n: version }): SessionEvent {
  const changes = { put, delete: [] };
  return deepFreeze({ type: "changed", incarnation: "one", version, changes, expiresAt: 2_000 + version, now: 1_000 });
}

/** The versions of the `changed` events, marks of `flush` aside. */
export function versionsIn({ heard }: Ear): number[] {
  return heard.flatMap((event) => (event.type === "changed" && event.version < 1_000_000 ? [event.version] : []));
}
