// NATS, through @nats-io/transport-node and @nats-io/jetstream.

import type { JetStreamLike, NatsConnectionLike, StreamConfigLike } from "../../engines/nats/client.ts";
import { checkBucketName } from "../../engines/nats/names.ts";
import { nats } from "../../nats.ts";
import { examineNats } from "../doctor/nats.ts";
import { notFound } from "../failures.ts";
import { needed } from "../packages.ts";
import type { Engine } from "./open.ts";
import { unreachable } from "./redis.ts";

/** What a server says of itself when it is connected to. */
export interface NatsServerInfo {
  readonly version: string;
  readonly jetstream?: boolean;
  readonly cluster?: string;
}

interface Connection extends NatsConnectionLike {
  readonly info?: (NatsServerInfo & { readonly max_payload: number }) | undefined;
  close(): Promise<void>;
}
interface TransportPackage {
  connect(options: object): Promise<Connection>;
}
interface JetStreamPackage {
  jetstream(connection: NatsConnectionLike): JetStreamLike;
}

const STREAM_NOT_FOUND = 10059;

/** @throws CliError `missing_package`, `unreachable` */
export async function openNats(url: string, bucket = "live_sessions"): Promise<Engine> {
  checkBucketName(bucket);
  const transport = (await needed("NATS", ["@nats-io/transport-node"])).module as TransportPackage;
  const { jetstream } = (await needed("NATS", ["@nats-io/jetstream"])).module as JetStreamPackage;
  const connection = await connect(transport, url);
  const client = jetstream(connection);

  async function stream(): Promise<StreamConfigLike | null> {
    const manager = await client.jetstreamManager(false);
    try {
      return (await manager.streams.info(`KV_${bucket}`)).config;
    } catch (error) {
      if ((error as { code?: unknown }).code === STREAM_NOT_FOUND) return null;
      throw error;
    }
  }

  return {
    kind: "nats",
    async sessions({ create = false }) {
      if (!create && (await stream()) === null) {
        throw notFound(`There is no bucket "${bucket}" on this server: an app makes it at its first use.`, "no_store");
      }
      return nats({ connection, jetstream: client, bucket });
    },
    examine: () => examineNats(connection.info ?? { version: "0.0.0" }, bucket, stream),
    close: () => connection.close(),
  };
}

async function connect(transport: TransportPackage, url: string): Promise<Connection> {
  const { protocol, host, username, password } = new URL(url);
  const login = password
    ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
    : username
      ? { token: decodeURIComponent(username) }
      : {};
  const tls = protocol === "tls:" ? { tls: {} } : {};
  try {
    return await transport.connect({
      servers: host,
      maxReconnectAttempts: -1,
      waitOnFirstConnect: false,
      timeout: 5_000,
      ...login,
      ...tls,
    });
  } catch (error) {
    throw unreachable("NATS", error);
  }
}
