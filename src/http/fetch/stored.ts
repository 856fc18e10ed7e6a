// The records that a request's session makes: a new one, or one that goes on under a new id.

import { generateSessionId, type SessionKey, sessionKey } from "../../core/ids.ts";
import { moveSession } from "../../core/move.ts";
import type { Binding } from "../../core/ownership.ts";
import type { Commit, JsonObject, SessionRecord } from "../../core/store.ts";
import { isOver, renewed } from "../shared/renewal.ts";
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
  return { id, key, incarnation: result.incarnation, lifetime, data: checked.put, meta, principal };
}

/**
 * Goes on under a new id, with the operations applied to what is there by then.
 *
 * @throws LiveSessionError as `createSession`: then the old session is as it was; `session_ended`, `unknown_session`
 */
export async function movedSession(
  hub: Hub,
  { key, incarnation }: Loaded,
  operations: readonly Operation[],
  maxAge: number | null,
  binding: FetchBinding | null,
): Promise<Loaded> {
  const id = generateSessionId();
  const { writer } = hub;
  const dataOf = async (data: JsonObject) =>
    (await writer.checked(EMPTY, { put: applied(data, operations), delete: [] })).put;
  const factsOf = (record: SessionRecord) => {
    const { principal, meta = record.meta } = boundFacts(record.meta, binding);
    const lifetime = maxAgeOf(meta, maxAge) ?? record.lifetime;
    return { principal, meta, lifetime, deadline: binding?.deadline };
  };
  return loadedAs(id, await moveSession(hub, { key, incarnation }, { id, dataOf, factsOf }));
}

/** The session under a new id; under its old one if the store fails; `null` if it is over, or another request was first. */
export async function renewedSession(hub: Hub, loaded: Loaded): Promise<Loaded | null> {
  const id = generateSessionId();
  try {
    const moved = await renewed(hub, loaded, id);
    return moved ? loadedAs(id, moved) : loaded;
  } catch (error) {
    if (isOver(error)) return null;
    throw error;
  }
}

/** A record as the request knows it. */
export function loadedAs(id: string, { record }: { readonly record: SessionRecord }): Loaded {
  const { incarnation, lifetime, data, meta, principal } = record;
  return { id, key: sessionKey(id), incarnation, lifetime, data, meta, principal };
}
