// A session goes on under a new id: at a login, and when it has had the old one for long.

import { setTimeout } from "node:timers/promises";
import { diff } from "./changes.ts";
import type { Clock } from "./clock.ts";
import { LiveSessionError, type OnError, sessionEnded } from "./errors.ts";
import { type SessionKey, sessionKey } from "./ids.ts";
import { equalJson } from "./json.ts";
import type { Ownership } from "./ownership.ts";
import type { SessionRecords } from "./records.ts";
import type { Commit, JsonObject, MaybePromise, SessionRecord } from "./store.ts";
import type { SessionWriter, Target } from "./writer.ts";

/** The parts of a hub that a move goes through. */
export interface MovingHub {
  readonly records: SessionRecords;
  readonly writer: Pick<SessionWriter, "refusal">;
  readonly ownership: Pick<Ownership, "hold">;
  readonly clock: Clock;
  readonly report: OnError;
}

/** Facts of the session under its new id, `deadline` in ms from now on; `undefined` for what it has. */
export type MovedFacts = Partial<Pick<Commit, "lifetime" | "deadline" | "meta" | "principal">>;

export interface Move {
  /** The new id, which nobody has yet. */
  readonly id: string;
  /** The data under the new id, frozen, by that under the old one; may be asked twice. Default: all of it. */
  readonly dataOf?: (data: JsonObject) => MaybePromise<JsonObject>;
  /** Default: all as they are. */
  readonly factsOf?: (record: SessionRecord) => MovedFacts;
}

export interface Moved {
  readonly key: SessionKey;
  /** As it was under the old id. */
  readonly before: SessionRecord;
  /** As it is under the new one. */
  readonly record: SessionRecord;
  /** The time to its expiry, in ms. */
  readonly left: number;
}

const ATTEMPTS = 5;
const FIRST_WAIT_MS = 20;

/**
 * The new session is made first: if that fails, the old one is as it was. Then the old one ends, and what was written to it
 * meanwhile follows: no write is lost, and none comes after the end. And what is written under the new id alone is never to
 * be had under the old one, which somebody may have planted: not for a moment, and not when the store fails halfway.
 *
 * @throws LiveSessionError `session_ended` and `unknown_session` if it is over; `too_large`, and what `dataOf` throws: then
 *   the old session is as it was; `store_failed`: then so it is, unless the end of the old one was done and its answer lost,
 *   or a write could not follow it within the store's time-out: then the session is over; `store_failed`, too, if somebody
 *   bound the session while it moved, and what `principalLimit` says of that could not be asked: then it is over
 */
export async function moveSession(hub: MovingHub, from: Target, move: Move): Promise<Moved> {
  const { records, writer, clock } = hub;
  const { id, dataOf = (data) => data, factsOf = (): MovedFacts => ({}) } = move;
  const asked = clock.now();
  const found = await records.read(from.key);
  if (found.state === "ended") throw sessionEnded(found.reason);
  if (found.state === "missing" || (from.incarnation && found.record.incarnation !== from.incarnation)) {
    throw new LiveSessionError("unknown_session", "This session is over: there is nothing to move to a new id.");
  }
  const before = found.record;
  const under = async (old: SessionRecord): Promise<Destination> => {
    const data = await dataOf(old.data); // first, since a schema may take its time
    const left = old.deadline === null ? null : old.deadline - found.now - (clock.now() - asked);
    const { lifetime = old.lifetime, deadline = left, meta = old.meta, principal = old.principal } = factsOf(old);
    return { data, lifetime, deadline, meta, principal };
  };
  const { data, ...facts } = await under(before);
  const key = sessionKey(id);
  const result = await records.commit(key, { mode: "create", put: data, delete: [], ...facts });
  if (!result.ok) throw writer.refusal(result);
  const { incarnation, version, expiresAt, now } = result;
  const deadline = facts.deadline === null ? null : now + facts.deadline;
  const record = { ...facts, data, deadline, incarnation, version, expiresAt, createdAt: now };
  const made: Moved = { key, before, record, left: expiresAt - now };
  const last = await endOld(hub, from.key, key);
  // A touch changes facts, too, and no version.
  const same =
    last.version === before.version && last.lifetime === before.lifetime && equalJson(last.meta, before.meta);
  if (same) return made;
  const moved = await caughtUp(hub, made, last, under);
  const boundMeanwhile = last.principal !== before.principal && factsOf(last).principal === undefined;
  return boundMeanwhile ? held(hub, moved) : moved;
}

type Destination = Pick<SessionRecord, "data" | "lifetime" | "meta" | "principal"> & {
  /** In ms from now on. */
  readonly deadline: number | null;
};

/** The old session's last record. Without it nobody knows what was written to it at last: then the move fails. */
async function endOld(hub: MovingHub, old: SessionKey, made: SessionKey): Promise<SessionRecord> {
  try {
    const last = await hub.records.end(old, "regenerated");
    if (last) return last;
  } catch (error) {
    await undo(hub, made);
    throw error;
  }
  await undo(hub, made);
  throw sessionEnded("destroyed");
}

/** Nobody has its id yet, and what it holds must not live on. */
async function undo({ records, report }: MovingHub, made: SessionKey): Promise<void> {
  try {
    await records.end(made, "destroyed");
  } catch (error) {
    report(error, { stage: "regenerate", key: made });
  }
}

/** The old session is over by now. Rather no new one, which its user is told, than one without a write that was acknowledged. */
async function caughtUp(
  hub: MovingHub,
  made: Moved,
  last: SessionRecord,
  under: (old: SessionRecord) => Promise<Destination>,
): Promise<Moved> {
  const { key, before, record } = made;
  try {
    const late = await under(last);
    const changes = diff(record.data, late.data);
    const extras = {
      lifetime: late.lifetime === record.lifetime ? undefined : late.lifetime,
      newDeadline: last.deadline === before.deadline ? undefined : late.deadline,
      meta: equalJson(late.meta, record.meta) ? undefined : late.meta,
      principal: late.principal === record.principal ? undefined : late.principal,
    };
    const write = { mode: "update", ...changes, ...extras } as const;
    const result = await insist(hub, () => hub.records.commit(key, write));
    if (!result.ok) throw hub.writer.refusal(result);
    const { version, expiresAt, now } = result;
    const { newDeadline } = extras;
    const deadline = newDeadline === undefined ? record.deadline : newDeadline === null ? null : now + newDeadline;
    return { ...made, record: { ...record, ...late, deadline, version, expiresAt }, left: expiresAt - now };
  } catch (error) {
    await undo(hub, key);
    throw error;
  }
}

/** Who bound it while it moved asked for the place of a session that is over: here it is asked for again. */
async function held(hub: MovingHub, moved: Moved): Promise<Moved> {
  const { key, record } = moved;
  try {
    const isHeld = await hub.ownership.hold(key, record.incarnation, record.principal);
    return isHeld ? moved : { ...moved, record: { ...record, principal: null } };
  } catch (error) {
    await undo(hub, key);
    throw error;
  }
}

/** Asks a store that fails again, for as long as any caller waits for it. For what does no harm if it is done twice. */
async function insist<T>({ records, clock }: MovingHub, ask: () => MaybePromise<T>): Promise<T> {
  const end = clock.now() + records.timeout;
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS || clock.now() >= end) throw error;
      await setTimeout(FIRST_WAIT_MS * 2 ** (attempt - 1));
    }
  }
}
