// Sessions by key, or by as much of its beginning as no other has.

import type { SessionKey } from "../core/ids.ts";
import type { SessionRecord, SessionStore } from "../core/store.ts";
import { notFound, usage } from "./failures.ts";

const KEY_LENGTH = 43;
const SHORTEST = 4;

/**
 * The live session that a key or its beginning names. What was given is never repeated: it may be an id, by mistake.
 *
 * @throws CliError `bad_usage`, `unknown_session`
 */
export async function findSession(
  store: SessionStore,
  given: string,
): Promise<{ readonly key: SessionKey; readonly record: SessionRecord }> {
  if (!/^[\w-]+$/.test(given) || given.length < SHORTEST || given.length > KEY_LENGTH) {
    throw usage(
      `A session is named by its key, or by ${SHORTEST} or more of its first characters: see "live-session list".`,
    );
  }
  if (given.length === KEY_LENGTH) {
    const key = given as SessionKey;
    const found = await store.read(key);
    if (found.state === "live") return { key, record: found.record };
    throw notFound(found.state === "ended" ? `This session is over: ${found.reason}.` : "There is no such session.");
  }
  const matches = [];
  for await (const each of store.list()) {
    if (each.key.startsWith(given) && matches.push(each) > 1)
      throw usage("Several keys begin like this: give more of it.");
  }
  if (matches[0]) return matches[0];
  throw notFound("No session's key begins like this. Sessions are named by key, never by id.");
}
