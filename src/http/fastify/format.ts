// Sessions as @fastify/session has them.

import type { SessionRecord } from "../../core/store.ts";
import { cookieFacts, storedCookie } from "../shared/cookie.ts";
import { snapshotOf, visibleData } from "../shared/snapshot.ts";
import type { SessionFormat } from "../shared/working-copy.ts";

/** The methods and getters of its Session, which data of the same name would break. Its class is not exported. */
const members = new Set([
  "cookie",
  "sessionId",
  "encryptedSessionId",
  "options",
  "touch",
  "regenerate",
  "get",
  "set",
  "destroy",
  "reload",
  "save",
  "isModified",
  "isSaved",
]);

export const isSessionMember = (name: string): boolean => members.has(name);

/** The cookie of a session as its `toJSON` gives it. */
interface CookieJson {
  readonly originalExpires?: unknown;
  readonly originalMaxAge?: unknown;
  readonly expires?: unknown;
}

export const fastifyFormat: SessionFormat = {
  dataOf: (object, known) => snapshotOf(object, known, isSessionMember),
  cookieOf({ cookie }, known) {
    const { toJSON } = (cookie ?? {}) as { toJSON?: () => object };
    // `originalExpires` is when the session was about to expire as it was loaded: another time with each request.
    const { originalExpires, ...own } = (
      typeof toJSON === "function" ? toJSON.call(cookie) : (cookie ?? {})
    ) as CookieJson;
    const facts = cookieFacts(own, known);
    if (!facts || own.originalMaxAge !== null) return facts;
    const expires = own.expires instanceof Date ? own.expires.toJSON() : own.expires;
    return typeof expires === "string" ? { ...facts, stored: Object.freeze({ ...facts.stored, expires }) } : facts;
  },
  visible: (data) => visibleData(data, isSessionMember),
  isLoaded: () => true,
  replaces: false,
};

/** Whether a session ends at a date of its own, set in `session.cookie.expires`, which no activity pushes. */
export function hasFixedEnd({ meta }: SessionRecord): boolean {
  return typeof storedCookie(meta)?.expires === "string";
}
