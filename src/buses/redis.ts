// The Redis bus: Pub/Sub, a channel for each session that anyone on this node listens to.

import type { SessionBus, SessionListener } from "../core/bus.ts";
import type { SessionKey } from "../core/ids.ts";
import { openCaller } from "../engines/redis/caller.ts";
import { bad, isCluster, knownClient, type RedisClientLike } from "../engines/redis/clients.ts";
import {
  checkPrefix,
  DEFAULT_PREFIX,
  decodeEvent,
  encodeEvent,
  keyOf,
  nameOf,
  type RedisBus,
} from "../engines/redis/events.ts";
import { openLink } from "./redis/link.ts";
import { Subscriber } from "./redis/subscriber.ts";

export interface RedisBusOptions {
  /**
   * A connected client of node-redis 5 or 6, or of ioredis 5 or 6, as for `redisStore`. It publishes, and stays yours to close.
   */
  readonly client: RedisClientLike;
  /** A client whose duplicates subscribe, with other credentials, say. Default: `client`. */
  readonly subscriber?: RedisClientLike | undefined;
  /** What the names of channels begin with. Default `"live-session:"`. */
  readonly prefix?: string | undefined;
  /**
   * Sharded Pub/Sub: an event goes to one server of the cluster rather than to all. The same on every node of the app.
   * Default: true for a cluster's client; set it to false for a cluster older than Redis 7.
   */
  readonly sharded?: boolean | undefined;
  /** Told of a listener that threw and of messages that are no events. Default: writes them to stderr. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

interface Topic {
  readonly listeners: Set<{ readonly call: SessionListener }>;
}

/**
 * A bus over Redis Pub/Sub. Opens a connection of its own, a duplicate of the client, when it is first subscribed to; while that
 * is lost it tries again by itself.
 *
 * @throws LiveSessionError `bad_option`
 */
export function redisBus(options: RedisBusOptions): RedisBus {
  const { client, subscriber: subscribing = client, prefix = DEFAULT_PREFIX, onError = printError } = options;
  const known = knownClient(client);
  const listening = knownClient(subscribing, "subscriber");
  checkPrefix(prefix);
  if (isCluster(known) !== isCluster(listening)) throw bad("subscriber: one client is a cluster's, the other is not.");
  const { sharded = isCluster(known) } = options;
  if (sharded && !isCluster(known)) throw bad("sharded: needs a client of a cluster.");
  const command = sharded ? "SPUBLISH" : "PUBLISH";
  const caller = openCaller(known);
  const topics = new Map<SessionKey, Topic>();
  const statusListeners = new Set<{ readonly call: (status: "up" | "down") => void }>();

  const subscriber = new Subscriber({
    open: (listener) => openLink(listening, sharded, listener),
    message: (channel, text) => deliver(keyOf(prefix, channel), text),
    status: (status) => {
      for (const { call } of [...statusListeners]) attempt(() => call(status));
    },
  });

  function attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      onError(error);
    }
  }

  function deliver(key: SessionKey, text: string): void {
    const topic = topics.get(key);
    if (!topic) return;
    attempt(() => {
      const event = decodeEvent(text);
      for (const listener of [...topic.listeners]) {
        if (topic.listeners.has(listener)) attempt(() => listener.call(event));
      }
    });
  }

  function end(key: SessionKey, topic: Topic, listener: { readonly call: SessionListener }): void {
    if (!topic.listeners.delete(listener) || topic.listeners.size > 0 || topics.get(key) !== topic) return;
    topics.delete(key);
    subscriber.leave(nameOf(prefix, key));
  }

  return {
    publishing: { client, command, prefix },

    async publish(key, event) {
      const name = nameOf(prefix, key);
      const text = encodeEvent(event);
      // Any node of a cluster takes a PUBLISH, and clients take any: by a key it is the same one each time, which keeps order.
      const args = isCluster(known) && !sharded ? ["EVAL", publishByKey, "1", name, text] : [command, name, text];
      await caller.call(name, args);
    },

    async subscribe(key, call) {
      const listener = { call };
      const topic = topics.get(key) ?? { listeners: new Set() };
      topics.set(key, topic);
      topic.listeners.add(listener);
      try {
        await subscriber.want(nameOf(prefix, key));
      } catch (error) {
        end(key, topic, listener);
        throw error;
      }
      return () => end(key, topic, listener);
    },

    onStatus(call) {
      const listener = { call };
      statusListeners.add(listener);
      return () => void statusListeners.delete(listener);
    },

    close() {
      topics.clear();
      statusListeners.clear();
      subscriber.close();
      caller.close();
    },
  } satisfies RedisBus & SessionBus;
}

const publishByKey = "return redis.call('PUBLISH', KEYS[1], ARGV[1])";

function printError(error: unknown): void {
  console.error("live-session: the Redis bus:", error);
}
