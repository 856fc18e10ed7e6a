// Events as messages, and the names of what lies in Redis: what the store's scripts and the bus must agree on.

import type { SessionBus, SessionEvent } from "../../core/bus.ts";
import type { SessionKey } from "../../core/ids.ts";
import type { EndReason, JsonObject } from "../../core/store.ts";
import { bad, type RedisClientLike } from "./clients.ts";

export const DEFAULT_PREFIX = "live-session:";

/** Changes that are longer as JSON text stay at home: receivers read the store. */
export const CHANGES_LIMIT = 65_536;

/** A bus whose events the store's scripts can publish. */
export interface RedisBus extends SessionBus {
  /** For `redisStore`: how and where its scripts publish. */
  readonly publishing: {
    readonly client: RedisClientLike;
    readonly command: "PUBLISH" | "SPUBLISH";
    readonly prefix: string;
  };
}

/** @throws LiveSessionError `bad_option` */
export function checkPrefix(prefix: unknown): asserts prefix is string {
  if (typeof prefix !== "string" || prefix === "" || Buffer.from(prefix).toString() !== prefix) {
    throw bad(`prefix: ${JSON.stringify(prefix)} is no text to begin the names of keys and channels with.`);
  }
}

/**
 * The name of a session's record, and of its channel: one name, so one slot of a cluster, where a script may write the one
 * and publish to the other.
 */
export function nameOf(prefix: string, key: SessionKey): string {
  return prefix + key;
}

export function keyOf(prefix: string, name: string): SessionKey {
  return name.slice(prefix.length) as SessionKey;
}

/** `["c", incarnation, version, expiresAt, now, put?, delete?]`, `["t", ...]`, `["e", ...]`: the scripts write the same. */
export function encodeEvent(event: SessionEvent): string {
  const { type, incarnation } = event;
  if (type === "ended") return JSON.stringify(["e", incarnation, event.reason]);
  if (type === "touched") return JSON.stringify(["t", incarnation, event.expiresAt, event.now]);
  const head = ["c", incarnation, event.version, event.expiresAt, event.now];
  const { changes } = event;
  if (changes) {
    const text = JSON.stringify([...head, changes.put, changes.delete]);
    if (text.length <= CHANGES_LIMIT) return text;
  }
  return JSON.stringify(head);
}

type Message =
  | ["c", string, number, number, number, JsonObject?, string[]?]
  | ["t", string, number, number]
  | ["e", string, EndReason];

/** @throws Error if the text is no event */
export function decodeEvent(text: string): SessionEvent {
  const message = JSON.parse(text) as Message;
  switch (message[0]) {
    case "c": {
      const [, incarnation, version, expiresAt, now, put, gone] = message;
      const changes = put && gone && { put, delete: gone };
      return { type: "changed", incarnation, version, ...(changes && { changes }), expiresAt, now };
    }
    case "t":
      return { type: "touched", incarnation: message[1], expiresAt: message[2], now: message[3] };
    case "e":
      return { type: "ended", incarnation: message[1], reason: message[2] };
    default:
      throw new Error(`Not an event of this bus: ${text.slice(0, 100)}`);
  }
}
