// What the NATS suites share: connections as the docs make them, a bucket for each case.

import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { type Clock, createLiveSessions, type LiveSession } from "live-session";
import { nats } from "live-session/nats";
import { onTestFinished } from "vitest";
import type { NatsServer } from "./servers/nats.ts";
import { when } from "./sessions.ts";

/** A connection and its JetStream client, which comes back however long the server was away. */
export async function connectTo({ servers }: NatsServer) {
  const connection = await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  return { connection, jetstream: jetstream(connection) };
}

let buckets = 0;

/** A name that no bucket and no subject had before. */
export function freshBucket(): string {
  return `b${process.pid}_${++buckets}`;
}

/** A node of a test: hub, store, bus and connection of its own. */
export async function natsNode(server: NatsServer, options: NodeOptions = {}) {
  const { bucket = freshBucket(), timeout, clock } = options;
  const own = await connectTo(server);
  const driver = nats({ ...own, bucket, clock });
  const sessions = createLiveSessions<Data>({ ...driver, timeout, onError: () => {} });
  onTestFinished(async () => {
    await sessions.close();
    await own.connection.close();
  });
  return { sessions, ...driver, ...own };
}

type Data = Record<string, unknown>;

interface NodeOptions {
  readonly bucket?: string;
  readonly timeout?: number;
  readonly clock?: Clock;
}

/** Resolves when the handle has this status. */
export function status(live: LiveSession<Data>, wanted: "live" | "stale" | "ended"): Promise<void> {
  return when(live, () => live.status === wanted);
}

/** Resolves when the handle's data passes. */
export function until(live: LiveSession<Data>, passes: (data: Data) => boolean): Promise<void> {
  return when(live, () => passes(live.data));
}
