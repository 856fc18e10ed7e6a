// What the NATS suites share: connections as the docs make them, a bucket for each case.

import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { NatsServer } from "./servers/nats.ts";

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
