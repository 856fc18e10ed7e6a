// The NATS store: sessions in a JetStream KV bucket, each one entry that is written by compare-and-set.

import { type Clock, systemClock } from "../core/clock.ts";
import type { SessionKey } from "../core/ids.ts";
import type { ListedRecord, LiveVersion, SessionStore } from "../core/store.ts";
import type { JetStreamLike, NatsConnectionLike } from "../engines/nats/client.ts";
import { badOption, checkBucketName } from "../engines/nats/names.ts";
import { Bucket } from "./nats/bucket.ts";
import { commitTo, destroyed, type Entry, recordOf, touched } from "./nats/entry.ts";
import { inBatches } from "./nats/in-batches.ts";
import { keyOf, principalFilter } from "./nats/index-names.ts";
import { parse, Sessions } from "./nats/sessions.ts";
import { sweepBucket } from "./nats/sweep.ts";

export interface NatsStoreOptions {
  /** A connection of @nats-io/transport-node. It stays yours to close. */
  readonly connection: NatsConnectionLike;
  /** What `jetstream(connection)` of @nats-io/jetstream returns, on the same connection. */
  readonly jetstream: JetStreamLike;
  /** Name of the KV bucket, which is made at the first use. Default `"live_sessions"`. */
  readonly bucket?: string | undefined;
  /** Servers that keep each session, where the store makes the bucket: 1, or 3 or 5 in a cluster. Default 1. */
  readonly replicas?: number | undefined;
  /** `"memory"`: faster, and gone when the servers stop. Where the store makes the bucket. Default `"file"`. */
  readonly storage?: "file" | "memory" | undefined;
  /** Default: the machine's clock, which must be in step with that of the other nodes. */
  readonly clock?: Clock | undefined;
}

/**
 * A store in a JetStream KV bucket. NATS has no clock to ask, so each node decides by its own: see docs/drivers/nats.md.
 *
 * @throws LiveSessionError `bad_option`
 */
export function natsStore(options: NatsStoreOptions): SessionStore {
  const { connection, jetstream, bucket: name = "live_sessions", clock = systemClock } = options;
  if (typeof connection?.status !== "function")
    throw badOption("connection: what connect() of @nats-io/transport-node returns.");
  if (typeof jetstream?.jetstreamManager !== "function")
    throw badOption("jetstream: what jetstream(connection) of @nats-io/jetstream returns.");
  checkBucketName(name);
  const { replicas = 1, storage = "file" } = options;
  const bucket = new Bucket({ connection, jetstream, bucket: name, replicas, storage });
  const sessions = new Sessions(bucket, clock);
  const isLive = (entry: Entry | null): entry is Entry =>
    entry !== null && entry.ended === null && entry.expiresAt > clock.now();

  async function* all(): AsyncGenerator<ListedRecord> {
    const met = new Set<string>();
    for await (const { name, text } of bucket.walk()) {
      const entry = parse(text);
      // What was written since it was met is met again.
      if (!isLive(entry) || met.has(name)) continue;
      met.add(name);
      yield { key: name as SessionKey, record: recordOf(entry) };
    }
  }

  async function* ofPrincipal(principal: string): AsyncGenerator<ListedRecord> {
    const names = await bucket.names(principalFilter(principal));
    const found = inBatches(names, async (name) => ({ name, ...(await sessions.load(keyOf(name))) }));
    for await (const { name, entry, sequence } of found) {
      // The index may say more than the records do. One made since, for a write under way, is spared.
      if (!entry) await sessions.forgetOrphan(name);
      else if (entry.principal !== principal) await bucket.forget(name, sequence);
      else if (isLive(entry)) yield { key: keyOf(name), record: recordOf(entry) };
    }
  }

  return {
    async read(key) {
      const { entry, now } = await sessions.settle(key);
      if (!entry) return { state: "missing" };
      if (entry.ended) return { state: "ended", reason: entry.ended, ago: Math.max(now - entry.expiresAt, 0) };
      return { state: "live", record: recordOf(entry), now };
    },

    commit: (key, commit) => sessions.change(key, (entry, now) => commitTo(entry, commit, now)),

    touch: (key, touch) => sessions.change(key, (entry, now) => touched(entry, touch, now)),

    destroy: (key, reason) => sessions.change(key, (entry, now) => destroyed(entry, reason, now)),

    async versions(keys) {
      const live = new Map<SessionKey, LiveVersion>();
      for await (const { key, entry } of inBatches(keys, async (key) => ({ key, ...(await sessions.load(key)) }))) {
        if (!isLive(entry)) continue;
        const { version, incarnation, expiresAt } = entry;
        live.set(key, { version, incarnation, expiresAt });
      }
      return { now: clock.now(), live };
    },

    sweep: (retention) => sweepBucket(bucket, sessions, clock.now(), retention),

    list: ({ principal } = {}) => (principal === undefined ? all() : ofPrincipal(principal)),

    async count() {
      let count = 0;
      for await (const _ of all()) count++;
      return count;
    },

    close() {},
  };
}
