// The option `limits`: read, with every default filled in.

import { type Duration, milliseconds } from "./duration.ts";
import { LiveSessionError } from "./errors.ts";
import type { BucketSize } from "./token-buckets.ts";

/** So many within a time, as a token bucket counts: `burst` at once, and `rate` more within each `per`. */
export interface RateLimit {
  /** A whole number, 1 to 1,000,000. */
  readonly rate: number;
  /** At most a day. Default `"1s"`. */
  readonly per?: Duration | undefined;
  /** A whole number, 1 to 1,000,000. Default: `rate`. */
  readonly burst?: number | undefined;
}

/** What is counted for each session. `false` for no limit. */
export interface SessionLimits {
  /** Connections that are opened. Default `{ rate: 10, burst: 200 }`. */
  readonly connections?: RateLimit | false | undefined;
  /** Connections at once. Default 200. */
  readonly maxConnections?: number | false | undefined;
  /** Calls of actions, and events of live views. Default `{ rate: 100, burst: 1_000 }`. */
  readonly actions?: RateLimit | false | undefined;
  /** Handles that are attached at once, by connections or by your code. Default 1,000. */
  readonly maxSubscribers?: number | false | undefined;
}

/** What is counted for each address. No limit unless it is given. */
export interface AddressLimits {
  /** Connections that are opened. */
  readonly connections?: RateLimit | false | undefined;
  /** Connections at once. */
  readonly maxConnections?: number | false | undefined;
  /** Calls of actions, and events of live views. */
  readonly actions?: RateLimit | false | undefined;
  /** Sessions that are made by requests. */
  readonly sessions?: RateLimit | false | undefined;
}

/** What is counted for each connection. `false` for no limit. */
export interface ConnectionFloodLimits {
  /** Messages of any kind; beyond, the connection is closed. Default `{ rate: 1_000, burst: 5_000 }`. */
  readonly messages?: RateLimit | false | undefined;
}

export interface LimitsOptions {
  readonly perSession?: SessionLimits | undefined;
  readonly perAddress?: AddressLimits | undefined;
  readonly perConnection?: ConnectionFloodLimits | undefined;
}

/** The limits as they are kept; `null` for none. */
export interface LimitSettings {
  readonly perSession: {
    readonly connections: BucketSize | null;
    readonly maxConnections: number | null;
    readonly actions: BucketSize | null;
    readonly maxSubscribers: number | null;
  };
  readonly perAddress: {
    readonly connections: BucketSize | null;
    readonly maxConnections: number | null;
    readonly actions: BucketSize | null;
    readonly sessions: BucketSize | null;
  };
  readonly perConnection: { readonly messages: BucketSize | null };
}

const MOST = 1_000_000;
const LONGEST_MS = 86_400_000;

/** @throws LiveSessionError `bad_option`, naming the limit */
export function readLimits(limits: LimitsOptions | false = {}): LimitSettings {
  const off = limits === false;
  const { perSession = {}, perAddress = {}, perConnection = {} } = group(off ? {} : limits, "limits", groups);
  const session = group(perSession, "limits.perSession", [
    "connections",
    "maxConnections",
    "actions",
    "maxSubscribers",
  ]);
  const address = group(perAddress, "limits.perAddress", ["connections", "maxConnections", "actions", "sessions"]);
  const connection = group(perConnection, "limits.perConnection", ["messages"]);
  const usual = <T>(value: T): T | false => (off ? false : value);
  return {
    perSession: {
      connections: rateOf(session.connections ?? usual({ rate: 10, burst: 200 }), "perSession.connections"),
      maxConnections: countOf(session.maxConnections ?? usual(200), "perSession.maxConnections"),
      actions: rateOf(session.actions ?? usual({ rate: 100, burst: 1_000 }), "perSession.actions"),
      maxSubscribers: countOf(session.maxSubscribers ?? usual(1_000), "perSession.maxSubscribers"),
    },
    perAddress: {
      connections: rateOf(address.connections ?? false, "perAddress.connections"),
      maxConnections: countOf(address.maxConnections ?? false, "perAddress.maxConnections"),
      actions: rateOf(address.actions ?? false, "perAddress.actions"),
      sessions: rateOf(address.sessions ?? false, "perAddress.sessions"),
    },
    perConnection: {
      messages: rateOf(connection.messages ?? usual({ rate: 1_000, burst: 5_000 }), "perConnection.messages"),
    },
  };
}

const groups = ["perSession", "perAddress", "perConnection"] as const;

function group<T extends object>(given: T, name: string, known: readonly (keyof T & string)[]): T {
  if (typeof given !== "object" || given === null) throw bad(`${name}: give an object of limits.`);
  for (const each of Object.keys(given)) {
    if (!known.includes(each as keyof T & string)) throw bad(`${name}: there is no limit "${each}".`);
  }
  return given;
}

function rateOf(limit: RateLimit | false, name: string): BucketSize | null {
  if (limit === false) return null;
  const { rate, per = "1s", burst = rate } = group(limit, `limits.${name}`, ["rate", "per", "burst"]);
  if (!isCount(rate)) throw bad(`limits.${name}: rate is a whole number, 1 to ${MOST}.`);
  if (!isCount(burst)) throw bad(`limits.${name}: burst is a whole number, 1 to ${MOST}.`);
  const ms = milliseconds(per, `limits.${name}.per`);
  if (ms > LONGEST_MS) throw bad(`limits.${name}: per is at most a day.`);
  return { rate, per: ms, burst };
}

function countOf(count: number | false, name: string): number | null {
  if (count === false) return null;
  if (!isCount(count)) throw bad(`limits.${name}: a whole number, 1 to ${MOST}, or false for no limit.`);
  return count;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MOST;
}

function bad(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}
