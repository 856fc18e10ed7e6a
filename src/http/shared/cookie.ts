// The session's cookie, as a record keeps it: in `meta`, beside the data and never part of it.

import { LONGEST_MS } from "../../core/duration.ts";
import { LiveSessionError } from "../../core/errors.ts";
import { copyJson, equalJson } from "../../core/json.ts";
import type { JsonObject } from "../../core/store.ts";

/**
 * The cookie as JSON. A date in `expires` is left out, since the record's own expiry says it, to the millisecond and
 * after every push; `null` is kept: the cookie of a browser session.
 */
export type StoredCookie = JsonObject;

export interface CookieFacts {
  readonly stored: StoredCookie;
  /** Idle lifetime in ms, 0 or less for a cookie that is over; `null` where the cookie has none of its own. */
  readonly lifetime: number | null;
}

/**
 * How much shorter a cookie's lifetime gets by itself: express-session's setter reads the clock twice, so each touch
 * takes off `originalMaxAge` what passed in between: a millisecond, or however long a busy machine was elsewhere. A
 * hundredth, within these bounds, is not taken for somebody's wish.
 */
const DRIFT_MS = { least: 5, most: 1_000 };

/**
 * What a session's cookie says, or `null` if it has none.
 *
 * @param cookie express-session's Cookie, or a plain object such as user code writes
 * @param known the cookie as the session was loaded with: what only drifted is not taken for a change
 * @throws LiveSessionError `not_json`
 */
export function cookieFacts(cookie: unknown, known: StoredCookie | undefined): CookieFacts | null {
  if (typeof cookie !== "object" || cookie === null) return null;
  const { json: stored, expires } = jsonOf(cookie);
  const end = timeOf(expires);
  if (Number.isNaN(end)) stored.expires = null;
  const knownAge = ageOf(known);
  const drift = knownAge - ageOf(stored);
  const allowed = Math.min(Math.max(knownAge / 100, DRIFT_MS.least), DRIFT_MS.most);
  if (drift > 0 && drift <= allowed && ageOf(stored) > 0) stored.originalMaxAge = knownAge;
  const lifetime = lifetimeOf(stored, end);
  if (known && equalJson(known, stored)) return { stored: known, lifetime };
  if (!equalJson(recent.cookie, stored)) recent = Object.freeze({ cookie: Object.freeze(stored) });
  return { stored: recent.cookie, lifetime };
}

/** The last cookie that was new. Most sessions of an app have the same one: they share it, and the meta it lies in. */
let recent: { readonly cookie: StoredCookie } = Object.freeze({ cookie: Object.freeze({}) });

/** An adapter's facts with this cookie among them. */
export function metaWith(meta: JsonObject | null, cookie: StoredCookie): JsonObject {
  return meta === null && cookie === recent.cookie ? recent : { ...meta, cookie };
}

/** What JSON makes of a cookie; but for its date, there is hardly ever anything to make of it. */
function jsonOf(cookie: object): { json: Record<string, unknown>; expires: unknown } {
  const { toJSON } = cookie as { toJSON?: unknown };
  const facts = (typeof toJSON === "function" ? toJSON.call(cookie) : cookie) as Record<string, unknown>;
  const json: Record<string, unknown> = {};
  const { expires } = facts;
  for (const name of Object.keys(facts)) {
    const fact = facts[name];
    if (name === "expires" || name === "__proto__") continue;
    if (fact === null || typeof fact === "string" || typeof fact === "boolean" || Number.isFinite(fact))
      json[name] = fact;
    else if (fact !== undefined) Object.assign(json, throughText(name, fact));
  }
  return { json, expires };
}

function timeOf(expires: unknown): number {
  if (expires instanceof Date) return expires.getTime();
  return typeof expires === "string" ? Date.parse(expires) : Number.NaN;
}

/** Bounded and checked like data: user code may hang anything at all on a cookie. @throws LiveSessionError `not_json` */
function throughText(name: string, fact: unknown): JsonObject {
  let json: JsonObject;
  try {
    json = JSON.parse(JSON.stringify({ [name]: fact }));
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new LiveSessionError("not_json", `cookie.${name} is not JSON: ${words}`, { cause });
  }
  return copyJson(json, "cookie") as JsonObject;
}

function ageOf(cookie: StoredCookie | undefined): number {
  return typeof cookie?.originalMaxAge === "number" ? cookie.originalMaxAge : Number.NaN;
}

/** The middleware's clock is Date.now, whatever the hub's is. */
function lifetimeOf({ originalMaxAge, maxAge }: StoredCookie, end: number): number | null {
  for (const ms of [originalMaxAge, maxAge, end - Date.now()]) if (Number.isFinite(ms)) return lifetimeIn(ms as number);
  return null;
}

/** The lifetime that a cookie asks for: cookies of "for ever" last a hundred years, since no date is for ever. */
export function lifetimeIn(ms: number): number {
  return Math.min(Math.ceil(ms), LONGEST_MS);
}

/** The cookie as the middleware reads it; `left` is what is left of the session, in ms. */
export function cookieJson(stored: StoredCookie, left: number): Record<string, unknown> {
  if ("expires" in stored) return { ...stored };
  return { ...stored, expires: new Date(Date.now() + left) };
}

export function storedCookie(meta: JsonObject | null): StoredCookie | undefined {
  const cookie = meta?.cookie;
  return typeof cookie === "object" && cookie !== null ? (cookie as StoredCookie) : undefined;
}
