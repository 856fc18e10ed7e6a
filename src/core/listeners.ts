// How a bus that hears of an event from elsewhere tells its listeners: each by itself, whatever the others do.

import type { SessionEvent, SessionListener } from "./bus.ts";
import type { SessionKey } from "./ids.ts";

/** A listener's entry: the same function may be there twice, each time for itself. */
export interface ListenerEntry {
  readonly call: SessionListener;
}

/** Tells those that are there, but for those that another one ends meanwhile. A listener's error is its own. */
export function tellListeners(listeners: ReadonlySet<ListenerEntry>, key: SessionKey, event: SessionEvent): void {
  for (const listener of [...listeners]) {
    if (!listeners.has(listener)) continue;
    try {
      listener.call(event);
    } catch (error) {
      // It must not keep the others from hearing; the hub's own listeners do not throw.
      console.error(`live-session: a listener of session ${key} failed`, error);
    }
  }
}
