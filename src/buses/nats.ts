// The NATS bus: a subject for each session, so that a node is sent the events of those sessions that it watches.

import type { SessionBus, SessionEvent, SessionListener } from "../core/bus.ts";
import { systemClock, withTimeout } from "../core/clock.ts";
import type { SessionKey } from "../core/ids.ts";
import { tellListeners } from "../core/listeners.ts";
import type { NatsConnectionLike } from "../engines/nats/client.ts";
import { linkOf } from "../engines/nats/link.ts";
import { badOption, checkSubject } from "../engines/nats/names.ts";

export interface NatsBusOptions {
  /** A connection of @nats-io/transport-node. It stays yours to close. */
  readonly connection: NatsConnectionLike;
  /** What the subjects begin with; the session's key follows. Give each app its own. Default `"live_sessions"`. */
  readonly subject?: string | undefined;
}

/** How long the server may take to confirm a subscription. */
const CONFIRM_MS = 5_000;

interface Topic {
  readonly listeners: Set<{ readonly call: SessionListener }>;
  readonly subscription: { unsubscribe(): void };
}

/**
 * A bus over core NATS: nothing is stored, and what a node missed while it was disconnected is gone, which the hub makes
 * good when the bus is `up` again.
 *
 * @throws LiveSessionError `bad_option`
 */
export function natsBus({ connection, subject = "live_sessions" }: NatsBusOptions): SessionBus {
  if (typeof connection?.status !== "function")
    throw badOption("connection: what connect() of @nats-io/transport-node returns.");
  checkSubject(subject);
  const link = linkOf(connection);
  const topics = new Map<SessionKey, Topic>();
  const endings = new Set<() => void>();

  function topicOf(key: SessionKey): Topic {
    const known = topics.get(key);
    if (known) return known;
    const listeners: Topic["listeners"] = new Set();
    const subscription = connection.subscribe(`${subject}.${key}`, {
      callback: (error, message) => {
        if (!error) deliver(key, listeners, message.string());
      },
    });
    const topic = { listeners, subscription };
    topics.set(key, topic);
    return topic;
  }

  function leave(key: SessionKey, topic: Topic): void {
    if (topic.listeners.size > 0 || topics.get(key) !== topic) return;
    topics.delete(key);
    topic.subscription.unsubscribe();
  }

  return {
    async publish(key, event) {
      // The client would keep it, without bound, until it is connected again.
      link.assertUp();
      connection.publish(`${subject}.${key}`, encode(event, connection.info?.max_payload));
    },

    async subscribe(key, listener) {
      link.assertUp();
      const topic = topicOf(key);
      const entry = { call: listener };
      topic.listeners.add(entry);
      const end = () => {
        if (topic.listeners.delete(entry)) leave(key, topic);
      };
      try {
        // Its answer comes after all that was sent before, so the server has the subscription by then.
        await withTimeout(
          link.run(() => connection.flush()),
          CONFIRM_MS,
          systemClock,
        );
      } catch (error) {
        end();
        throw error;
      }
      return end;
    },

    onStatus(listener) {
      const end = link.onStatus(listener);
      endings.add(end);
      return () => {
        endings.delete(end);
        end();
      };
    },

    close() {
      for (const end of endings) end();
      endings.clear();
      for (const { listeners, subscription } of topics.values()) {
        listeners.clear();
        subscription.unsubscribe();
      }
      topics.clear();
    },
  };
}

/** What does not fit a message goes without its changes: receivers read the store. */
function encode(event: SessionEvent, maxPayload = 1_048_576): string {
  const text = JSON.stringify(event);
  if (event.type !== "changed" || Buffer.byteLength(text) <= maxPayload) return text;
  return JSON.stringify({ ...event, changes: undefined });
}

function deliver(key: SessionKey, listeners: Topic["listeners"], text: string): void {
  let event: SessionEvent;
  try {
    event = JSON.parse(text);
  } catch (error) {
    console.error(`live-session: what came for session ${key} is no event`, error);
    return;
  }
  tellListeners(listeners, key, event);
}
