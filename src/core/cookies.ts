// Session cookies as express-session has them: read where no middleware did, such as at a WebSocket upgrade, and signed.

import { createHmac, timingSafeEqual } from "node:crypto";

/** Longer headers are not looked at: no honest browser sends them. */
export const HEADER_LIMIT = 64 * 1024;
const VALUE_LIMIT = 4096;

/** The value of the first cookie of this name, decoded; `null` if there is none or it is malformed. */
export function readCookie(header: string | undefined, name: string): string | null {
  if (!header || header.length > HEADER_LIMIT) return null;
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair.slice(equals + 1).trim();
    if (value.length > VALUE_LIMIT) return null;
    return decode(value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value);
  }
  return null;
}

/** The header without the cookies of this name; `undefined` if nothing is left. */
export function withoutCookie(header: string | undefined, name: string): string | undefined {
  const others = header?.split(";").filter((pair) => pair.split("=", 1)[0]?.trim() !== name);
  return others?.join(";").trim() || undefined;
}

function decode(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

/**
 * The session id of a cookie that express-session and its kin signed: `s:<id>.<signature>`, the signature being the
 * HMAC-SHA-256 of the id in base64 without padding (the `cookie-signature` package). Any of the secrets may have signed
 * it. `null` if it is unsigned, malformed, or none did.
 */
export function unsign(value: string, secrets: readonly string[]): string | null {
  if (!value.startsWith("s:")) return null;
  const dot = value.lastIndexOf(".");
  if (dot <= 2) return null;
  const id = value.slice(2, dot);
  const given = Buffer.from(value.slice(dot + 1));
  let valid = false;
  for (const secret of secrets) {
    const wanted = Buffer.from(signature(id, secret));
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) valid = true;
  }
  return valid ? id : null;
}

/** The value of a cookie for a session id, as `unsign` reads it. */
export function sign(id: string, secret: string): string {
  return `s:${id}.${signature(id, secret)}`;
}

function signature(id: string, secret: string): string {
  return createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
}
