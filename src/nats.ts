// live-session/nats: sessions in a JetStream KV bucket, and a bus over core NATS.

import { type NatsBusOptions, natsBus } from "./buses/nats.ts";
import type { SessionBus } from "./core/bus.ts";
import type { SessionStore } from "./core/store.ts";
import { type NatsStoreOptions, natsStore } from "./stores/nats.ts";

export interface NatsOptions extends NatsStoreOptions, NatsBusOptions {}

/**
 * A store and a bus on one connection, to spread into `createLiveSessions`. The subjects are named after the bucket,
 * unless `subject` is given.
 *
 * @throws LiveSessionError `bad_option`
 */
export function nats(options: NatsOptions): { store: SessionStore; bus: SessionBus } {
  const { connection, bucket, subject = bucket } = options;
  return { store: natsStore(options), bus: natsBus({ connection, subject }) };
}

export { type NatsBusOptions, natsBus } from "./buses/nats.ts";
export type { JetStreamLike, NatsConnectionLike } from "./engines/nats/client.ts";
export { type NatsStoreOptions, natsStore } from "./stores/nats.ts";
