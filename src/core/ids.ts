// Session ids are secrets: they live in the browser's cookie and nowhere else. Everything on the server goes by the key.

import { hash, randomBytes, randomFillSync } from "node:crypto";
import { LiveSessionError } from "./errors.ts";

declare const keyBrand: unique symbol;
declare const idBrand: unique symbol;

/** Names a record in the store and a topic on the bus: base64url(SHA-256(session id)), 43 characters. No secret. */
export type SessionKey = string & { readonly [keyBrand]: true };

/** The secret in the cookie. Never stored, logged, broadcast or shown. */
export type SessionId = string & { readonly [idBrand]: true };

/** A new id: 192 bits from the system's CSPRNG, base64url, 32 characters (OWASP asks for at least 128 bits). */
export function generateSessionId(): SessionId {
  return randomBytes(24).toString("base64url") as SessionId;
}

/**
 * The key of a session id. The same id gives the same key on every node.
 *
 * @throws LiveSessionError `unknown_session` for what is no string, such as the cookie of a request that had none
 */
export function sessionKey(id: string): SessionKey {
  if (typeof id !== "string") {
    throw new LiveSessionError("unknown_session", `A session id is a string, not ${id === null ? "null" : typeof id}.`);
  }
  return hash("sha256", id, "base64url") as SessionKey;
}

const INCARNATION_BYTES = 9;

/** Random bytes for the next incarnations, since asking the system for each costs more than a commit. */
const pool = Buffer.alloc(INCARNATION_BYTES * 512);
let used = pool.length;

/** Tells one incarnation of a record from another: 72 random bits, 12 characters. No secret. */
export function generateIncarnation(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += INCARNATION_BYTES;
  return pool.toString("base64url", used - INCARNATION_BYTES, used);
}

/** Whether a text from outside could be the key of a session. */
export function isSessionKey(text: unknown): text is SessionKey {
  return typeof text === "string" && /^[\w-]{43}$/.test(text);
}
