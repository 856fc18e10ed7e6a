// Loads sessions for requests of frameworks that have no touch of their own.

import { sessionMoved } from "../../core/errors.ts";
import type { SessionKey } from "../../core/ids.ts";
import type { ReadResult, SessionRecord } from "../../core/store.ts";
import type { Hub } from "./working-copy.ts";

export interface LoadedRecord {
  readonly record: SessionRecord;
  /** The time to its expiry, in ms. */
  readonly left: number;
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
  const left = expiresAt - now;
  if (!records.pushDue(record, now) || !pushes(record)) return { record, left };
  if (!(await records.touch(key, incarnation))) return null; // it ended in between
  return { record, left: Math.min(lifetime, (deadline ?? Number.POSITIVE_INFINITY) - now) };
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
