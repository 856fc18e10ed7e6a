// Loads sessions for requests of frameworks that have no touch of their own.

import { LiveSessionError, sessionMoved } from "../../core/errors.ts";
import type { SessionKey } from "../../core/ids.ts";
import type { ReadResult, SessionRecord } from "../../core/store.ts";
import type { Hub } from "./working-copy.ts";

export interface LoadedRecord {
  readonly record: SessionRecord;
  /** The time to its expiry, in ms. */
  readonly left: number;
  /** How long the session has had its id, in ms. */
  readonly age: number;
}

/**
 * Reads the live session of a request, `null` if there is none. Activity: pushes the idle lifetime if that is due.
 *
 * @param pushes whether this session's lifetime may be pushed
 * @throws LiveSessionError `store_failed`, `session_moved`
 */
export async function loadSession(
  { records }: Pick<Hub, "records">,
  key: SessionKey,
  pushes: (record: SessionRecord) => boolean = () => true,
): Promise<LoadedRecord | null> {
  const found = await records.read(key);
  if (found.state !== "live") return nobodys(found, { records });
  const { record, now } = found;
  const { lifetime, deadline, expiresAt, incarnation } = record;
  const [left, age] = [expiresAt - now, now - record.createdAt];
  if (!records.pushDue(record, now) || !pushes(record)) return { record, left, age };
  if (!(await records.touch(key, incarnation))) return null; // it ended in between
  return { record, left: Math.min(lifetime, (deadline ?? Number.POSITIVE_INFINITY) - now), age };
}

/**
 * A write that was refused because the session is over: where it goes on under a new id, the request is told to try again,
 * like those that come with the old id. Dropped, the write would be lost to a session that lives.
 *
 * @throws LiveSessionError `session_moved`
 */
export async function refuseMoved(hub: Pick<Hub, "records">, key: SessionKey, error: unknown): Promise<void> {
  if (error instanceof LiveSessionError && error.reason === "regenerated") nobodys(await hub.records.read(key), hub);
}

/**
 * A request with an id that is nobody's: `null`, it is served as a new visitor's.
 *
 * @throws LiveSessionError `session_moved` within `rotationGrace` of a new id
 */
export function nobodys(found: ReadResult, { records }: Pick<Hub, "records">): null {
  if (records.moved(found)) throw sessionMoved();
  return null;
}
