// The records that a request's session makes: a new one, or one that goes on under a new id.

import { diff } from "../../core/changes.ts";
import { generateSessionId, type SessionKey, sessionKey } from "../../core/ids.ts";
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
}

export const EMPTY: JsonObject = Object.freeze({});

type Facts = Partial<Pick<Commit, "deadline" | "meta" | "principal">>;

/** @throws LiveSessionError `too_large`, `invalid_data`, `store_failed` */
export async function createSession(
  { records, writer }: Hub,
  data: JsonObject,
  lifetime: number,
  facts: Facts = {},
): Promise<Loaded> {
  const id = generateSessionId();
  const key = sessionKey(id);
  const checked = await writer.checked(EMPTY, { put: data, delete: [] });
  const result = await records.commit(key, { ...facts, ...checked, mode: "create", lifetime });
  if (!result.ok) throw writer.refusal(result);
  return { id, key, incarnation: result.incarnation, lifetime, data: result.data ?? checked.put };
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
): Promise<Loaded | null> {
  const asked = hub.clock.now();
  const found = await hub.records.read(from.key);
  if (found.state !== "live" || found.record.incarnation !== from.incarnation) return null;
  const { data, version, lifetime, deadline, meta, principal } = found.record;
  const left = deadline === null ? null : deadline - found.now - (hub.clock.now() - asked);
  const facts = { deadline: left, meta, principal };
  const made = await createSession(hub, applied(data, operations), maxAge ?? lifetime, facts);
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
