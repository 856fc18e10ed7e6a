// The records that a request's session makes: a new one, or one that goes on under a new id.

import { diff } from "../../core/changes.ts";
import { generateSessionId, type SessionKey, sessionKey } from "../../core/ids.ts";
import type { Binding } from "../../core/ownership.ts";
import type { Commit, JsonObject, SessionRecord } from "../../core/store.ts";
import type { Hub } from "../shared/working-copy.ts";
import { applied, type Operation } from "./operations.ts";

/** A session as the request knows it. */
export interface Loaded {
  readonly id: string;
  readonly key: SessionKey;
  readonly incarnation: string;
  readonly lifetime: number;
  readonly data: JsonObject;
  readonly meta: JsonObject | null;
  readonly principal: string | null;
}

/** How long the browser keeps the cookie of this session in ms, `null` until it is closed: its own, or the app's. */
export function maxAgeOf(meta: JsonObject | null, maxAge: number | null): number | null {
  const own = meta?.maxAge;
  if (own === "session") return null;
  return typeof own === "number" ? own : maxAge;
}

/** What a request says of the session that it leaves behind. */
export interface FetchBinding extends Binding {
  readonly maxAge: number | "session" | undefined;
}

/** The facts of a session that a binding changes. */
export function boundFacts(meta: JsonObject | null, binding: FetchBinding | null): Pick<Commit, "meta" | "principal"> {
  if (!binding) return {};
  const { principal, about, maxAge } = binding;
  const facts = { ...meta, ...(about !== undefined && { about }), ...(maxAge !== undefined && { maxAge }) };
  return { principal, meta: Object.keys(facts).length === 0 ? null : Object.freeze(facts) };
}

export const EMPTY: JsonObject = Object.freeze({});

type Facts = Partial<Pick<Commit, "deadline" | "lifetime" | "meta" | "principal">>;

/** @throws LiveSessionError `too_large`, `invalid_data`, `store_failed` */
export async function createSession(
  { records, writer }: Hub,
  data: JsonObject,
  maxAge: number | null,
  facts: Facts = {},
): Promise<Loaded> {
  const { meta = null, principal = null } = facts;
  const lifetime = maxAgeOf(meta, maxAge) ?? facts.lifetime ?? records.lifetime;
  const id = generateSessionId();
  const key = sessionKey(id);
  const checked = await writer.checked(EMPTY, { put: data, delete: [] });
  const result = await records.commit(key, { ...facts, ...checked, mode: "create", lifetime });
  if (!result.ok) throw writer.refusal(result);
  return { id, key, incarnation: result.incarnation, lifetime, data: result.data ?? checked.put, meta, principal };
}

/**
 * Goes on under a new id, with the operations applied; `null` if the session was over already. The new record is made
 * first, so that what is refused ends nothing. And what the operations write is never to be had under the old id, which
 * somebody may have planted: not for a moment, and not when the store fails halfway.
 *
 * @throws LiveSessionError as `createSession`: then the old session is as it was
 */
export async function moveSession(
  hub: Hub,
  from: Loaded,
  operations: readonly Operation[],
  maxAge: number | null,
  binding: FetchBinding | null,
): Promise<Loaded | null> {
  const asked = hub.clock.now();
  const found = await hub.records.read(from.key);
  if (found.state !== "live" || found.record.incarnation !== from.incarnation) return null;
  const { data, version, lifetime, deadline, meta, principal } = found.record;
  const left = deadline === null ? null : deadline - found.now - (hub.clock.now() - asked);
  const deadlineAfter = binding?.deadline === undefined ? left : binding.deadline;
  const facts = { deadline: deadlineAfter, lifetime, meta, principal, ...boundFacts(meta, binding) };
  const made = await createSession(hub, applied(data, operations), maxAge, facts);
  const last = await endOld(hub, from, made);
  // It was ended by somebody else in between: what it held must not live on.
  if (last === null) await hub.records.end(made.key, "destroyed");
  if (last === null || last === "unseen" || last.version === version) return last && made;
  return caughtUp(hub, made, last.data, operations);
}

/** The old session's last record; `null` if it was over; `"unseen"` if it was ended, but the answer got lost. */
async function endOld({ records }: Hub, from: Loaded, made: Loaded): Promise<SessionRecord | "unseen" | null> {
  try {
    return await records.end(from.key, "regenerated");
  } catch (error) {
    const now = await records.read(from.key);
    if (now.state === "ended" && now.reason === "regenerated") return "unseen";
    await records.end(made.key, "destroyed");
    throw error;
  }
}

/**
 * Others wrote to the old session while the new one was made: the operations count from that. There is no way back by
 * now, so what cannot be written is reported, and the session goes on without it.
 */
async function caughtUp(hub: Hub, made: Loaded, last: JsonObject, operations: readonly Operation[]): Promise<Loaded> {
  try {
    const { data } = await hub.writer.transact(made, (data) => diff(data, applied(last, operations)));
    return { ...made, data };
  } catch (error) {
    hub.report(error, { stage: "regenerate", key: made.key });
    return made;
  }
}
