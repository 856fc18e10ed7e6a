// A connection that subscribes, until it is lost. It never reconnects by itself: whoever holds it opens the next one and
// knows then what is subscribed on it. So all clients behave alike, and `up` can mean that everything is in place.

import { type IoRedis, ignore, type KnownClient, type NodeRedis } from "../../engines/redis/clients.ts";
import { openSharded } from "./sharded.ts";

export interface Link {
  /** Resolves when the server confirmed all of them. */
  subscribe(channels: readonly string[]): Promise<void>;
  unsubscribe(channel: string): Promise<void>;
  close(): void;
}

export interface LinkListener {
  message(channel: string, text: string): void;
  /** Called once, unless it was closed by hand. */
  lost(): void;
}

/** Opens a link by a duplicate of the client. Rejects if that fails. */
export function openLink(known: KnownClient, sharded: boolean, listener: LinkListener): Promise<Link> {
  switch (known.kind) {
    case "node-redis":
      return openNodeRedis(duplicate(known.client), sharded, listener);
    case "node-redis sentinel":
      return openNodeRedis(known.client.duplicate() as unknown as NodeRedis, sharded, listener);
    case "ioredis":
      return openIoRedis(known.client, sharded, listener);
    default:
      return sharded ? Promise.resolve(openSharded(known, openLink, listener)) : openAnywhere(known, listener);
  }
}

/** In a cluster, what is published without sharding reaches every node: subscribing to one is enough. */
async function openAnywhere(
  known: KnownClient & { readonly kind: "node-redis cluster" | "ioredis cluster" },
  listener: LinkListener,
): Promise<Link> {
  let reason: unknown = new Error("The cluster client knows no node.");
  for (const node of await mastersOf(known)) {
    try {
      return await openLink(node, false, listener);
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}

async function mastersOf(
  known: KnownClient & { readonly kind: "node-redis cluster" | "ioredis cluster" },
): Promise<KnownClient[]> {
  if (known.kind === "ioredis cluster") {
    return known.client.nodes("master").map((client) => ({ kind: "ioredis", client }));
  }
  const clients = await Promise.all(known.client.masters.map((node) => known.client.nodeClient(node)));
  return clients.map((client) => ({ kind: "node-redis", client }));
}

/** What is told of a connection: messages and its loss, once, and nothing after it was closed. */
function once({ message, lost }: LinkListener, end: () => void) {
  let open = true;
  const close = () => {
    if (!open) return false;
    open = false;
    end();
    return true;
  };
  return {
    message: (channel: string, text: string) => {
      if (open) message(channel, text);
    },
    lost: () => {
      if (close()) lost();
    },
    close,
  };
}

function duplicate(client: NodeRedis): NodeRedis {
  return client.duplicate({ socket: { ...client.options?.socket, reconnectStrategy: false } });
}

async function openNodeRedis(client: NodeRedis, sharded: boolean, listener: LinkListener): Promise<Link> {
  const told = once(listener, () => {
    if (client.isOpen) client.destroy();
  });
  const heard = (text: string, channel: string) => told.message(channel, text);
  client.on("error", ignore);
  try {
    await client.connect();
  } catch (error) {
    told.close();
    throw error;
  }
  // A sentinel's client goes on by itself; what it told us until then may not have been all.
  for (const event of ["error", "end", "reconnecting", "topology-change", "sharded-channel-moved"]) {
    client.on(event, told.lost);
  }
  return {
    async subscribe(channels) {
      if (!sharded) await client.subscribe(channels, heard);
      else await Promise.all(channels.map((channel) => client.sSubscribe(channel, heard)));
    },
    async unsubscribe(channel) {
      await (sharded ? client.sUnsubscribe(channel) : client.unsubscribe(channel));
    },
    close: () => void told.close(),
  };
}

async function openIoRedis(known: IoRedis, sharded: boolean, listener: LinkListener): Promise<Link> {
  const client = known.duplicate({
    lazyConnect: true,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    reconnectOnError: null,
    maxRetriesPerRequest: 0,
  });
  const told = once(listener, () => client.disconnect());
  client.on("error", ignore);
  client.on(sharded ? "smessage" : "message", (channel, text) => told.message(channel as string, text as string));
  try {
    await client.connect();
  } catch (error) {
    told.close();
    throw error;
  }
  for (const event of ["close", "end", "moved"]) client.on(event, told.lost);
  return {
    async subscribe(channels) {
      if (!sharded) await client.subscribe(...channels);
      else await Promise.all(channels.map((channel) => client.ssubscribe(channel)));
    },
    async unsubscribe(channel) {
      await (sharded ? client.sunsubscribe(channel) : client.unsubscribe(channel));
    },
    close: () => void told.close(),
  };
}
