// A bus that carries sealed values, like the store's: what the hub publishes is sealed, and so is what the store itself does.

import type { SessionBus, SessionEvent } from "../core/bus.ts";
import type { OnError } from "../core/errors.ts";
import type { SessionKey } from "../core/ids.ts";
import { openData, sealData } from "./records.ts";
import { type Sealing, Seals } from "./seals.ts";

export interface EncryptedBusOptions {
  readonly bus: SessionBus;
  readonly sealing: Sealing;
  readonly report: OnError;
}

export function encryptedBus({ bus, sealing, report }: EncryptedBusOptions): SessionBus {
  function sealed(key: SessionKey, event: SessionEvent): SessionEvent {
    if (event.type !== "changed" || !event.changes) return event;
    return { ...event, changes: { ...event.changes, put: sealData(new Seals(sealing, key), event.changes.put) } };
  }

  /** Without its changes if they do not open: whoever hears it reads the store, and hears there what is wrong. */
  function opened(key: SessionKey, event: SessionEvent): SessionEvent {
    if (event.type !== "changed" || !event.changes) return event;
    const { changes, ...bare } = event;
    try {
      return { ...bare, changes: { ...changes, put: openData(new Seals(sealing, key), changes.put) } };
    } catch (error) {
      report(error, { stage: "decrypt", key });
      return bare;
    }
  }

  return {
    publish: (key, event) => bus.publish(key, sealed(key, event)),
    subscribe: (key, listener) => bus.subscribe(key, (event) => listener(opened(key, event))),
    onStatus: (listener) => bus.onStatus(listener),
    close: () => bus.close(),
  };
}
