// Limits against abuse: how much one session, one address and one connection may ask of this node.

import type { Clock } from "./clock.ts";
import { type ErrorCode, LiveSessionError } from "./errors.ts";
import type { SessionKey } from "./ids.ts";
import type { LimitSettings } from "./limit-options.ts";
import { type BucketSize, TokenBucket, TokenBuckets } from "./token-buckets.ts";

/** How often each limit refused something since the start, by the names of the option `limits`. */
export interface Refused {
  readonly perSession: {
    readonly connections: number;
    readonly maxConnections: number;
    readonly actions: number;
    readonly maxSubscribers: number;
  };
  readonly perAddress: {
    readonly connections: number;
    readonly maxConnections: number;
    readonly actions: number;
    readonly sessions: number;
  };
  readonly perConnection: { readonly messages: number };
}

/** One connection's place among those of its session and address. A class, since there is one for each connection. */
export class Allowance {
  readonly #limits: Limits;
  readonly #key: SessionKey | null;
  readonly #address: string | null;
  #there = true;

  /** For `Limits`. */
  constructor(limits: Limits, key: SessionKey | null, address: string | null) {
    this.#limits = limits;
    this.#key = key;
    this.#address = address;
  }

  /** Counts an action. @throws LiveSessionError `rate_limited` */
  action(): void {
    this.#limits.action(this.#key, this.#address);
  }

  /** The connection is gone. Idempotent. */
  release(): void {
    if (this.#there) this.#limits.left(this.#key, this.#address);
    this.#there = false;
  }
}

/** What a limit that is not a rate tells callers to wait: nobody knows when another leaves. */
const PATIENCE_MS = 5_000;

interface Limit {
  /** @throws LiveSessionError if one more is too many */
  check(who: string): void;
  take(who: string): void;
}

class Rate implements Limit {
  refused = 0;
  readonly #what: string;
  readonly #buckets: TokenBuckets | null;

  constructor(what: string, size: BucketSize | null, clock: Clock) {
    this.#what = what;
    this.#buckets = size && new TokenBuckets(size, clock);
  }

  get isOn(): boolean {
    return this.#buckets !== null;
  }

  check(who: string): void {
    const wait = this.#buckets?.wait(who) ?? 0;
    if (wait === 0) return;
    this.refused++;
    throw tooMany("rate_limited", `Too many ${this.#what} in a short time.`, wait);
  }

  take(who: string): void {
    this.#buckets?.take(who);
  }

  sweep(): void {
    this.#buckets?.sweep();
  }
}

class Most implements Limit {
  refused = 0;
  readonly #most: number | null;
  readonly #what: string;
  readonly #counts = new Map<string, number>();

  constructor(what: string, most: number | null) {
    this.#what = what;
    this.#most = most;
  }

  get isOn(): boolean {
    return this.#most !== null;
  }

  check(who: string): void {
    if (this.#most === null || (this.#counts.get(who) ?? 0) < this.#most) return;
    this.refused++;
    throw tooMany("too_many_connections", `There are as many ${this.#what} as there may be.`, PATIENCE_MS);
  }

  take(who: string): void {
    if (this.#most !== null) this.#counts.set(who, (this.#counts.get(who) ?? 0) + 1);
  }

  give(who: string): void {
    const left = (this.#counts.get(who) ?? 0) - 1;
    if (left > 0) this.#counts.set(who, left);
    else this.#counts.delete(who);
  }
}

export class Limits {
  readonly #clock: Clock;
  readonly #settings: LimitSettings;
  readonly #session: { readonly connections: Rate; readonly maxConnections: Most; readonly actions: Rate };
  readonly #address: {
    readonly connections: Rate;
    readonly maxConnections: Most;
    readonly actions: Rate;
    readonly sessions: Rate;
  };
  #subscribers = 0;
  #floods = 0;

  constructor(settings: LimitSettings, clock: Clock) {
    const { perSession, perAddress } = settings;
    this.#clock = clock;
    this.#settings = settings;
    this.#session = {
      connections: new Rate("connections of this session", perSession.connections, clock),
      maxConnections: new Most("connections of this session", perSession.maxConnections),
      actions: new Rate("actions of this session", perSession.actions, clock),
    };
    this.#address = {
      connections: new Rate("connections from this address", perAddress.connections, clock),
      maxConnections: new Most("connections from this address", perAddress.maxConnections),
      actions: new Rate("actions from this address", perAddress.actions, clock),
      sessions: new Rate("new sessions from this address", perAddress.sessions, clock),
    };
  }

  /** Whether live connections are counted by address. */
  get countsAddresses(): boolean {
    const { connections, maxConnections, actions } = this.#address;
    return connections.isOn || maxConnections.isOn || actions.isOn;
  }

  /** Whether new sessions are counted by address. */
  get countsNewSessions(): boolean {
    return this.#address.sessions.isOn;
  }

  get refused(): Refused {
    const { connections, maxConnections, actions } = this.#session;
    const { connections: opened, maxConnections: open, actions: acts, sessions } = this.#address;
    return {
      perSession: {
        connections: connections.refused,
        maxConnections: maxConnections.refused,
        actions: actions.refused,
        maxSubscribers: this.#subscribers,
      },
      perAddress: {
        connections: opened.refused,
        maxConnections: open.refused,
        actions: acts.refused,
        sessions: sessions.refused,
      },
      perConnection: { messages: this.#floods },
    };
  }

  /**
   * Counts a connection that is opened, and from then on as one that is there.
   *
   * @param key `null` for a visitor without a session
   * @param address as `countedAddress` has it; `null` where addresses are not counted
   * @throws LiveSessionError `rate_limited`, `too_many_connections`
   */
  connection(key: SessionKey | null, address: string | null): Allowance {
    const { connections, maxConnections } = this.#session;
    const { connections: opened, maxConnections: open } = this.#address;
    takeAll([opened, address], [open, address], [connections, key], [maxConnections, key]);
    return new Allowance(this, key, address);
  }

  /** For `Allowance`: a connection is there no more. */
  left(key: SessionKey | null, address: string | null): void {
    if (address !== null) this.#address.maxConnections.give(address);
    if (key !== null) this.#session.maxConnections.give(key);
  }

  /** Counts an action. @throws LiveSessionError `rate_limited` */
  action(key: SessionKey | null, address: string | null): void {
    takeAll([this.#address.actions, address], [this.#session.actions, key]);
  }

  /** Counts a session that a request is about to make. @throws LiveSessionError `rate_limited` */
  newSession(address: string): void {
    takeAll([this.#address.sessions, address]);
  }

  /** One more is about to attach to a session to which so many are. @throws LiveSessionError `too_many_subscribers` */
  subscriber(there: number): void {
    const { maxSubscribers } = this.#settings.perSession;
    if (maxSubscribers === null || there < maxSubscribers) return;
    this.#subscribers++;
    throw tooMany("too_many_subscribers", "As many are attached to this session as may be.", PATIENCE_MS);
  }

  /** What the messages of one connection are counted by; `null` for no limit. */
  messageBucket(): TokenBucket | null {
    const { messages } = this.#settings.perConnection;
    return messages && new TokenBucket(messages, this.#clock.now());
  }

  /** Counts a message. Whether it is one of a flood, upon which the connection is to be closed. */
  isFlood(bucket: TokenBucket | null): boolean {
    const now = this.#clock.now();
    if (!bucket || bucket.wait(now) === 0) {
      bucket?.take(now);
      return false;
    }
    this.#floods++;
    return true;
  }

  /** Frees the memory of those who asked for nothing in the last while. */
  sweep(): void {
    const { connections, actions } = this.#session;
    const { connections: opened, actions: acts, sessions } = this.#address;
    for (const rate of [connections, actions, opened, acts, sessions]) rate.sweep();
  }
}

/** All or none: what one limit refuses costs nothing of the others. */
function takeAll(...all: readonly (readonly [limit: Limit, who: string | null])[]): void {
  for (const [limit, who] of all) if (who !== null) limit.check(who);
  for (const [limit, who] of all) if (who !== null) limit.take(who);
}

/** The codes of what the limits throw. */
export const limitCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "rate_limited",
  "too_many_connections",
  "too_many_subscribers",
]);

/** The error if a limit threw it, else `null`. */
export function limitError(error: unknown): LiveSessionError | null {
  return error instanceof LiveSessionError && limitCodes.has(error.code) ? error : null;
}

/** How long the caller of what a limit refused is to wait, in whole seconds. */
export function retryAfter({ headers }: LiveSessionError): number {
  return Number(headers?.["Retry-After"] ?? 1);
}

function tooMany(code: ErrorCode, message: string, wait: number): LiveSessionError {
  const seconds = Math.ceil(wait / 1000);
  const details = { status: 429, headers: { "Retry-After": String(seconds) } };
  return new LiveSessionError(code, `${message} Try again in ${seconds} s.`, details);
}
