// Session ids are secrets: they live in the browser's cookie and nowhere else. Everything on the server goes by the key.

import { createHash, randomBytes } from "node:crypto";

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

/** The key of a session id. The same id gives the same key on every node. */
export function sessionKey(id: string): SessionKey {
  return createHash("sha256").update(id).digest("base64url") as SessionKey;
}

/** Tells one incarnation of a record from another: 72 random bits, 12 characters. */
export function generateIncarnation(): string {
  return randomBytes(9).toString("base64url");
}
