// The local bus: events between the hubs of one process.

import type { SessionBus, SessionListener } from "../core/bus.ts";
import type { SessionKey } from "../core/ids.ts";

/** A bus within this process; every hub that shares it hears the others. A listener's error does not stop the rest. */
export function localBus(): SessionBus {
  const listeners = new Map<SessionKey, Set<{ readonly call: SessionListener }>>();
  return {
    publish(key, event) {
      const errors: unknown[] = [];
      for (const listener of [...(listeners.get(key) ?? [])]) {
        try {
          if (listeners.get(key)?.has(listener)) listener.call(event);
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, "A listener of the local bus failed.");
    },

    subscribe(key, listener) {
      const entry = { call: listener };
      const set = listeners.get(key);
      if (set) set.add(entry);
      else listeners.set(key, new Set([entry]));
      return () => {
        const current = listeners.get(key);
        current?.delete(entry);
        if (current?.size === 0) listeners.delete(key);
      };
    },

    onStatus() {
      return () => {};
    },

    close() {
      listeners.clear();
    },
  };
}
