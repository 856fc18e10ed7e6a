// Sessions as koa-session has them: data, with `_expire` and `_maxAge`, or `_session`, beside it.

import type { JsonObject } from "../../core/store.ts";
import { lifetimeIn, type StoredCookie, storedCookie } from "../shared/cookie.ts";
import { snapshotOf, visibleData } from "../shared/snapshot.ts";
import type { SessionFormat } from "../shared/working-copy.ts";

/** The methods and getters of its Session, which data of the same name would break. Its class is not exported. */
const members = new Set([
  "isNew",
  "length",
  "populated",
  "maxAge",
  "externalKey",
  "save",
  "regenerate",
  "manuallyCommit",
  "commit",
  "toJSON",
]);

/** Names that its sessions have no room for: it keeps those with `_` for itself and never writes them. */
export const isSessionMember = (name: string): boolean => name.startsWith("_") || members.has(name);

export const koaFormat: SessionFormat = {
  dataOf: (object, known) => snapshotOf(object, known, isSessionMember),
  // In the words of express-session's cookie, so that the facts of a record mean the same in every framework.
  cookieOf({ _maxAge, _session }) {
    if (typeof _maxAge === "number") return { stored: { originalMaxAge: _maxAge }, lifetime: lifetimeIn(_maxAge) };
    return _session ? { stored: { originalMaxAge: null, expires: null }, lifetime: null } : null;
  },
  visible: (data) => visibleData(data, isSessionMember),
  isLoaded: () => true,
  replaces: false,
};

/**
 * Whether a session has a maxAge. Its cookie then has a date too, and `rolling` and `renew` decide when both are pushed:
 * `renew` goes by how much is left.
 */
export function hasOwnLifetime(meta: JsonObject | null): boolean {
  return typeof storedCookie(meta)?.originalMaxAge === "number";
}

/** The marks that koa-session reads a session's lifetime from; `left` is the time to its expiry, in ms. */
export function lifetimeMarks(meta: JsonObject | null, left: number): Record<string, unknown> {
  const cookie: StoredCookie | undefined = storedCookie(meta);
  if (typeof cookie?.originalMaxAge === "number") {
    return { _maxAge: cookie.originalMaxAge, _expire: Date.now() + left };
  }
  return cookie ? { _session: true } : {};
}
