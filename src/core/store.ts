// The store contract: keeps session records, and is the one place where a write is decided.

import type { SessionBus } from "./bus.ts";
import type { SessionKey } from "./ids.ts";
import type { MaybePromise } from "./maybe.ts";

export type { MaybePromise } from "./maybe.ts";

/** Session data: string keys, JSON values. A key's value is the unit of writing. Deeply frozen wherever it is shared. */
export type JsonObject = { readonly [key: string]: unknown };

/**
 * Why a session is over. `destroyed`: logout or `end()`. `expired`: its lifetime or deadline passed. `revoked`: ended
 * from outside, by an administrator or "log out everywhere". `regenerated`: replaced by a session with another id.
 */
export type EndReason = "destroyed" | "expired" | "revoked" | "regenerated";

export const endReasons: readonly EndReason[] = ["destroyed", "expired", "revoked", "regenerated"];

/** A session as a store keeps it. Times are milliseconds since 1970 on the store's own clock. */
export interface SessionRecord {
  /** The session's data. Either deeply frozen, or a fresh copy that the caller may freeze and keep. */
  readonly data: JsonObject;
  /** Facts of one adapter, such as express-session's cookie. Never broadcast, never part of the data. */
  readonly meta: JsonObject | null;
  /** 1 when created, +1 on each commit. */
  readonly version: number;
  /** Tells this record from an earlier or later one under the same key. */
  readonly incarnation: string;
  readonly createdAt: number;
  /** `min(last activity + lifetime, deadline)`. The record is unreadable from this millisecond on. */
  readonly expiresAt: number;
  /** Idle lifetime of this record, in ms. */
  readonly lifetime: number;
  /** Absolute end, never pushed forward; `null` for none. */
  readonly deadline: number | null;
  /** Whose session it is (a user's id, say), for listing and ending someone's sessions; `null` for nobody's. */
  readonly principal: string | null;
}

/** What a read found; `now` is the store's clock at the read, so that readers on other clocks can tell what is left. */
export type ReadResult =
  | { readonly state: "live"; readonly record: SessionRecord; readonly now: number }
  /** `ago`: ms since the end, on the store's clock. */
  | { readonly state: "ended"; readonly reason: EndReason; readonly ago: number }
  | { readonly state: "missing" };

/** An intended write. The hub hands in data that is checked, copied and deeply frozen. */
export interface Commit {
  /** `update`: the record must exist. `create`: it must not. `upsert`: either. */
  readonly mode: "update" | "create" | "upsert";
  /** Keys to write, with their values. */
  readonly put: JsonObject;
  /** Keys to remove; those that do not exist are no error. No key is in both `put` and `delete`. */
  readonly delete: readonly string[];
  /**
   * Commit only if the live record is at this version, else `conflict`. A commit with a condition never creates: where
   * there is no record it is `missing`, whatever the mode.
   */
  readonly ifVersion?: number | undefined;
  /** Commit only to this incarnation, else `conflict`; never creates, as above. */
  readonly ifIncarnation?: string | undefined;
  /** The incarnation of the record, should this commit create it: unique then. Empty where it cannot (`update`). */
  readonly incarnation: string;
  /** Idle lifetime in ms from now on. `undefined` leaves an existing record's; always given where one may be created. */
  readonly lifetime?: number | undefined;
  /** Absolute end, in ms from now, for a record that this commit creates; ignored for one that exists. */
  readonly deadline?: number | null | undefined;
  /** Another absolute end, in ms from now, for a record that exists: `null` for none, `undefined` leaves it. */
  readonly newDeadline?: number | null | undefined;
  /** Replaces the adapter's facts; `undefined` leaves them. */
  readonly meta?: JsonObject | null | undefined;
  /** Replaces the principal; `undefined` leaves it. */
  readonly principal?: string | null | undefined;
  /** Refuse with `too_large` if the whole data would be longer than this, as JSON in UTF-8 bytes. */
  readonly maxBytes?: number | undefined;
}

/** Where several refusals apply, the first of `missing`, `ended`, `exists`, `conflict`, `too_large` is given. */
export type CommitResult =
  | {
      readonly ok: true;
      readonly version: number;
      readonly incarnation: string;
      readonly expiresAt: number;
      readonly now: number;
      /**
       * The whole data after the commit. A store that has it at hand MAY give it, by a getter if that takes work; frozen
       * or fresh, as in a record.
       */
      readonly data?: JsonObject | undefined;
    }
  /** `missing`: never was, or swept. `ended`: is over. `exists`: `create` found a live record. */
  | { readonly ok: false; readonly why: "missing" | "exists" | "conflict" }
  | { readonly ok: false; readonly why: "ended"; readonly reason: EndReason }
  | { readonly ok: false; readonly why: "too_large"; readonly bytes: number };

export interface Touch {
  /** New idle lifetime in ms; `undefined` keeps the record's. */
  readonly lifetime?: number | undefined;
  /** Replaces the adapter's facts; `undefined` leaves them. */
  readonly meta?: JsonObject | null | undefined;
  /** Touch only this incarnation. */
  readonly ifIncarnation?: string | undefined;
}

export interface LiveVersion {
  readonly version: number;
  readonly incarnation: string;
  readonly expiresAt: number;
}

export interface ListedRecord {
  readonly key: SessionKey;
  readonly record: SessionRecord;
  /**
   * Why not all of the record could be read, should it be so: what could not is left out of `data`, and `meta` is `null`.
   * Listed all the same, so that it can be ended.
   */
  readonly failure?: unknown;
}

/**
 * Keeps session records. Every method MAY return its result at once or as a promise, and MUST throw (or reject) when
 * the engine fails: never answer "missing" for "could not tell".
 *
 * A record is *live* while it was not destroyed and the store's clock is before its `expiresAt`, to the millisecond,
 * whether or not a sweep has run. Records that are not live MUST NOT be read, listed, counted, touched or committed to.
 * One whose time is up is *ended* with the reason `expired`, and is remembered like any other end.
 *
 * Keys of data, values, meta and principals MUST be kept exactly, whatever they hold: U+0000, lone surrogates, keys such
 * as `__proto__`, numbers to their last bit, `[]` as opposed to `{}`. A driver MAY escape what its engine refuses. The
 * order of keys need not be kept.
 *
 * Prove a driver with the suite in `live-session/conformance`.
 */
export interface SessionStore {
  /** MUST give the newest committed record: a read after a finished commit sees that commit. */
  read(key: SessionKey): MaybePromise<ReadResult>;

  /**
   * MUST apply the commit as a whole or not at all, atomically against every other writer of the engine, other
   * processes included: check the conditions, write the keys, version + 1, `expiresAt = min(now + lifetime, deadline)`.
   * MUST NOT create a record (in any mode) under a key whose session was ended, for as long as it remembers the end.
   * Every commit adds 1 to the version, also one that puts and deletes nothing.
   */
  commit(key: SessionKey, commit: Commit): MaybePromise<CommitResult>;

  /**
   * Pushes the idle lifetime forward: `expiresAt = min(now + lifetime, deadline)`. MUST NOT create a record and MUST
   * NOT change data or version. `null`: no such live record.
   */
  touch(key: SessionKey, touch: Touch): MaybePromise<{ readonly expiresAt: number; readonly now: number } | null>;

  /**
   * Ends a session: MUST drop its data and MUST remember the end and its reason until swept. Returns the record as it
   * last was, or `null` if there was no live one (whose reason, if it was ended before, stays). A key that never had a
   * record is not remembered: who guesses ids must not fill the store.
   */
  destroy(key: SessionKey, reason: EndReason): MaybePromise<SessionRecord | null>;

  /** Version, incarnation and expiry of the live ones among `keys`, in one round trip; others are left out. */
  versions(
    keys: readonly SessionKey[],
  ): MaybePromise<{ readonly now: number; readonly live: ReadonlyMap<SessionKey, LiveVersion> }>;

  /**
   * Frees the space of all sessions that were over for at least `retention` ms; returns how many. Those that ended later
   * MUST stay remembered. MUST cost in proportion to what it frees, not to what exists. A no-op (0) where the engine
   * expires records by itself.
   */
  sweep(retention: number): MaybePromise<number>;

  /**
   * Live records, all or one principal's, in no promised order; pages through the engine rather than loading all. Each
   * is listed once while nothing changes; one that is live throughout MUST be listed whatever else comes and goes.
   */
  list(filter?: { readonly principal?: string | undefined }): AsyncIterable<ListedRecord>;

  /** Number of live records. */
  count(): MaybePromise<number>;

  /** Frees what the driver itself made; the user's own client object stays open. MUST be idempotent. */
  close(): MaybePromise<void>;

  /**
   * The bus on which this store itself publishes each commit, touch and end, in the same atomic step as the write. The
   * hub then does not publish. Left out by stores that do not.
   */
  readonly publishesTo?: SessionBus | undefined;
}
