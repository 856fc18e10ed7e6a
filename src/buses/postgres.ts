// The PostgreSQL bus: NOTIFY carries events, one connection a node LISTENs. See docs/drivers/postgres.md.

import type { SessionBus } from "../core/bus.ts";
import { type Duration, milliseconds } from "../core/duration.ts";
import type { SessionKey } from "../core/ids.ts";
import { type ListenerEntry, tellListeners } from "../core/listeners.ts";
import { engineOf, type PostgresClientLike } from "../engines/postgres/engine.ts";
import { channels, decodeEvent, encodeEvent } from "../engines/postgres/events.ts";
import { checkName } from "../engines/postgres/names.ts";
import { run, statement } from "../engines/postgres/statement.ts";
import { listener } from "./postgres/listener.ts";

export interface PostgresBusOptions {
  /** The user's own client: a `Pool` of `pg`, or the `sql` function of postgres.js. */
  readonly client: PostgresClientLike;
  /** Another client to LISTEN with: one that reaches the server without a transaction pooler. Default: `client`. */
  readonly listen?: PostgresClientLike | undefined;
  /** The name of the channel; give each app its own. Default `"live_sessions"`. Letters, digits and `_`. */
  readonly channel?: string | undefined;
  /** How often the way from NOTIFY to this node is tried, which finds connections that died silently. Default `"10s"`. */
  readonly heartbeat?: Duration | undefined;
  /** How long connecting, listening or a heartbeat may take before it counts as failed. Default `"5s"`. */
  readonly timeout?: Duration | undefined;
  /** Prepares statements on the server. Default true; false for a pooler that cannot. */
  readonly prepare?: boolean | undefined;
}

/**
 * A bus over LISTEN and NOTIFY. One channel carries all sessions, so that a subscription needs no round trip: the key
 * stands first in each message, and what nobody on this node asked for is dropped unparsed.
 *
 * @throws LiveSessionError `bad_option`
 */
export function postgresBus(options: PostgresBusOptions): SessionBus {
  const { client, prepare = true } = options;
  const channel = checkName("channel", options.channel ?? "live_sessions");
  const heartbeatMs = milliseconds(options.heartbeat ?? "10s", "heartbeat");
  const timeoutMs = milliseconds(options.timeout ?? "5s", "timeout");
  const engine = engineOf(client, "client", { prepare });
  const listening = options.listen ? engineOf(options.listen, "listen", { prepare }) : engine;
  const notify = statement("notify", "SELECT pg_notify($channel, $payload)::text");

  const subscriptions = new Map<SessionKey, Set<ListenerEntry>>();
  const statusListeners = new Set<{ readonly listener: (status: "up" | "down") => void }>();
  const connection = listener({
    engine: listening,
    channel,
    heartbeatMs,
    timeoutMs,
    probe: async (probeChannel, payload) => void (await run(engine, notify, { channel: probeChannel, payload })),
    received: deliver,
    status: (status) => {
      for (const each of [...statusListeners]) if (statusListeners.has(each)) each.listener(status);
    },
  });

  function deliver(payload: string): void {
    const space = payload.indexOf(" ");
    const key = payload.slice(0, space) as SessionKey;
    const set = subscriptions.get(key);
    if (!set) return;
    tellListeners(set, key, decodeEvent(payload.slice(space + 1)));
  }

  const bus: SessionBus = {
    async publish(key, event) {
      await run(engine, notify, { channel, payload: encodeEvent(key, event) });
    },

    async subscribe(key, listener) {
      const subscription = { call: listener };
      const set = subscriptions.get(key) ?? new Set();
      subscriptions.set(key, set.add(subscription));
      const end = () => {
        set.delete(subscription);
        if (set.size === 0 && subscriptions.get(key) === set) subscriptions.delete(key);
      };
      try {
        await connection.ready();
      } catch (error) {
        end();
        throw error;
      }
      return end;
    },

    onStatus(listener) {
      const entry = { listener };
      statusListeners.add(entry);
      return () => void statusListeners.delete(entry);
    },

    async close() {
      subscriptions.clear();
      statusListeners.clear();
      connection.close();
      await Promise.all([engine.close(), listening.close()]);
    },
  };
  channels.set(bus, channel);
  return bus;
}
