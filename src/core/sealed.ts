// Sessions sealed in a cookie, as far as everything that is live must know them: to say that they cannot be.

import { HEADER_LIMIT } from "./cookies.ts";
import { LiveSessionError } from "./errors.ts";
import type { SessionKey } from "./ids.ts";
import { knownOrigin, type MapWriter, setOrigin } from "./session-map.ts";

/** What the value of such a cookie begins with: its version. */
export const SEALED_PREFIX = "ls1.";

/** Whether a Cookie header brings a sealed session, under whatever name. */
export function bringsSealed(header: string | undefined): boolean {
  if (header === undefined || header.length > HEADER_LIMIT) return false;
  return header.split(";").some((pair) =>
    pair
      .slice(pair.indexOf("=") + 1)
      .trimStart()
      .startsWith(SEALED_PREFIX),
  );
}

export function cookieSessionError(): LiveSessionError {
  return new LiveSessionError(
    "cookie_session",
    "This session is sealed in its cookie, which only the head of an HTTP response can write: no socket can, nor a " +
      "response that was begun. To make it live switch to a live store: see docs/adapters/cookie.md.",
  );
}

const refusing: MapWriter = {
  putKey: () => Promise.reject(cookieSessionError()),
  updateKey: () => Promise.reject(cookieSessionError()),
};

/** Marks what belongs to sessions sealed in a cookie, so that the live part of the library refuses it with a clear error. */
export function markSealed<T extends object>(object: T): T {
  setOrigin(object, { hub: refusing, key: "" as SessionKey, incarnation: "" });
  return object;
}

/** @throws LiveSessionError `cookie_session` for what `markSealed` marked */
export function refuseSealed(value: unknown): void {
  if (knownOrigin(value)?.hub === refusing) throw cookieSessionError();
}
