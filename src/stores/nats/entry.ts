// What is kept of a session: a record or, once `ended` is set, the memory of its end. Decides what a write makes of it.

import { applyChanges } from "../../core/changes.ts";
import { jsonBytes } from "../../core/json.ts";
import type { Commit, CommitResult, EndReason, SessionRecord, Touch } from "../../core/store.ts";

export interface Entry extends SessionRecord {
  /** Set once the session is over; `expiresAt` then is the time of the end. */
  readonly ended: EndReason | null;
  /** Where the index of expiries has it: never later than `expiresAt`, but maybe earlier. Whole milliseconds. */
  readonly due: number;
}

/** What a method makes of an entry: something to write, and the answer once that is written; or just the answer. */
export interface Step<T> {
  readonly write?: Entry;
  readonly result: T;
}

export function recordOf({ ended: _, due: __, ...record }: Entry): SessionRecord {
  return record;
}

export function commitTo(entry: Entry | null, commit: Commit, now: number): Step<CommitResult> {
  if (entry?.ended) return { result: { ok: false, why: "ended", reason: entry.ended } };
  const { mode, ifVersion, ifIncarnation, maxBytes } = commit;
  const conditional = ifVersion !== undefined || ifIncarnation !== undefined;
  if (!entry && (mode === "update" || conditional)) return { result: { ok: false, why: "missing" } };
  if (entry && mode === "create") return { result: { ok: false, why: "exists" } };
  if (entry && ifVersion !== undefined && ifVersion !== entry.version)
    return { result: { ok: false, why: "conflict" } };
  if (entry && ifIncarnation !== undefined && ifIncarnation !== entry.incarnation)
    return { result: { ok: false, why: "conflict" } };
  const write = entry ? updated(entry, commit, now) : created(commit, now);
  if (maxBytes !== undefined) {
    const bytes = jsonBytes(write.data);
    if (bytes > maxBytes) return { result: { ok: false, why: "too_large", bytes } };
  }
  const { version, incarnation, expiresAt, data } = write;
  return { write, result: { ok: true, version, incarnation, expiresAt, now, data } };
}

function created(commit: Commit, now: number): Entry {
  const { lifetime, deadline = null, meta = null, principal = null, put, incarnation } = commit;
  if (lifetime === undefined) throw new TypeError("A commit that may create a record needs a lifetime.");
  const end = deadline === null ? null : now + deadline;
  const expiresAt = expiry(now, lifetime, end);
  const times = { createdAt: now, expiresAt, lifetime, deadline: end, due: Math.floor(expiresAt) };
  return { data: { ...put }, meta, version: 1, incarnation, ...times, principal, ended: null };
}

function updated(entry: Entry, commit: Commit, now: number): Entry {
  const { lifetime = entry.lifetime, meta = entry.meta, principal = entry.principal } = commit;
  const data = applyChanges(entry.data, commit);
  const { newDeadline } = commit;
  const moved = newDeadline === null ? null : newDeadline === undefined ? entry.deadline : now + newDeadline;
  return pushed({ ...entry, data, meta, principal, deadline: moved, version: entry.version + 1 }, lifetime, now);
}

export function touched(
  entry: Entry | null,
  touch: Touch,
  now: number,
): Step<{ expiresAt: number; now: number } | null> {
  if (!entry || entry.ended) return { result: null };
  const { lifetime = entry.lifetime, meta = entry.meta, ifIncarnation } = touch;
  if (ifIncarnation !== undefined && ifIncarnation !== entry.incarnation) return { result: null };
  const write = pushed({ ...entry, meta }, lifetime, now);
  return { write, result: { expiresAt: write.expiresAt, now } };
}

export function destroyed(entry: Entry | null, reason: EndReason, now: number): Step<SessionRecord | null> {
  if (!entry || entry.ended) return { result: null };
  return { write: over(entry, reason, now), result: recordOf(entry) };
}

/** The memory of an end: nothing is left of what the session held. */
export function over(entry: Entry, ended: EndReason, at: number): Entry {
  const due = Math.min(entry.due, Math.floor(at));
  return { ...entry, data: {}, meta: null, principal: null, ended, expiresAt: at, due };
}

/**
 * Pushing an expiry does not move its place in the index: a sweep comes by when it would have been over, and moves it then.
 * Only one that comes nearer must be found earlier.
 */
function pushed(entry: Entry, lifetime: number, now: number): Entry {
  const expiresAt = expiry(now, lifetime, entry.deadline);
  return { ...entry, lifetime, expiresAt, due: Math.min(entry.due, Math.floor(expiresAt)) };
}

function expiry(now: number, lifetime: number, deadline: number | null): number {
  return Math.min(now + lifetime, deadline ?? Number.POSITIVE_INFINITY);
}
