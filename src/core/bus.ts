// The bus contract: carries session events between the nodes that share a store.

import type { SessionKey } from "./ids.ts";
import type { EndReason, JsonObject, MaybePromise } from "./store.ts";

/** What a commit did to the data. */
export interface Changes {
  readonly put: JsonObject;
  readonly delete: readonly string[];
}

export type SessionEvent =
  | {
      readonly type: "changed";
      readonly incarnation: string;
      /** The version that this commit led to. */
      readonly version: number;
      /** Left out where they do not fit the engine's message: receivers read the store. */
      readonly changes?: Changes | undefined;
      /** Expiry after the commit and the time of the commit, both on the store's clock, in ms. */
      readonly expiresAt: number;
      readonly now: number;
    }
  /** The expiry moved to where receivers' timers would miss it. Pushing it forward needs no event. */
  | { readonly type: "touched"; readonly incarnation: string; readonly expiresAt: number; readonly now: number }
  | { readonly type: "ended"; readonly incarnation: string; readonly reason: EndReason };

export type SessionListener = (event: SessionEvent) => void;

/**
 * Carries events between nodes, the publisher's own listeners included. While the connection holds, every event MUST
 * reach every subscription once, and events published one after another (each awaited) MUST arrive in that order. In
 * trouble events MAY be lost, doubled, late or out of order: the hub orders them by incarnation and version, and reads
 * the store where it sees a gap. An event MUST arrive as it was sent or not at all, whatever characters it holds; but a
 * `changed` MAY lose its `changes` where they do not fit. Methods MUST throw (or reject) when the engine fails.
 *
 * Prove a driver with the suite in `live-session/conformance`.
 */
export interface SessionBus {
  /** Nobody waits for it. While the engine is away it MUST reject, or drop the event: never queue without bound. */
  publish(key: SessionKey, event: SessionEvent): MaybePromise<void>;

  /**
   * MUST return only once every event published from now on will be seen. MUST allow several listeners on one key (the
   * same function, too) and tell each; one that throws MUST NOT keep the others from being told. The returned function
   * ends this subscription alone and MUST be idempotent; no event after it returns.
   */
  subscribe(key: SessionKey, listener: SessionListener): MaybePromise<() => void>;

  /**
   * Tells when the connection to the engine is lost (`down`) and when it is back with every subscription in place
   * (`up`): events in between are gone. A bus without a connection never calls. Returns the function that ends it.
   */
  onStatus(listener: (status: "up" | "down") => void): () => void;

  /** Ends all subscriptions; the user's own client object stays open. MUST be idempotent. */
  close(): MaybePromise<void>;
}
