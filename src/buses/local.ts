// The local bus: events between the hubs of one process.

import type { SessionBus, SessionListener } from "../core/bus.ts";
import type { SessionKey } from "../core/ids.ts";
import { hasMember, membersOf, type OneOrMany, withMember, withoutMember } from "../core/one-or-many.ts";

/** A bus within this process; every hub that shares it hears the others. A listener's error does not stop the rest. */
export function localBus(): SessionBus {
  const listeners = new Map<SessionKey, OneOrMany<{ readonly call: SessionListener }>>();
  return {
    publish(key, event) {
      const errors: unknown[] = [];
      for (const listener of membersOf(listeners.get(key) ?? null)) {
        try {
          if (hasMember(listeners.get(key) ?? null, listener)) listener.call(event);
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, "A listener of the local bus failed.");
    },

    subscribe(key, listener) {
      const entry = { call: listener };
      listeners.set(key, withMember(listeners.get(key) ?? null, entry));
      return () => {
        const others = withoutMember(listeners.get(key) ?? null, entry);
        if (others) listeners.set(key, others);
        else listeners.delete(key);
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
