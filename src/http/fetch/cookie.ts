// The session cookie of a Request, and the Set-Cookie of a Response.

import { readCookie, sign, unsign } from "../../core/cookies.ts";
import type { CookieSettings } from "./options.ts";

export interface RequestLike {
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

export interface GivenCookie {
  readonly id: string;
  /** Whether an older secret signed it: it is to be signed anew. */
  readonly outdated: boolean;
}

export function isSecure({ secure }: CookieSettings, { url }: RequestLike): boolean {
  return secure === "auto" ? url.startsWith("https:") : secure;
}

export function cookieName({ name, domain, path }: CookieSettings, secure: boolean): string {
  return secure && domain === undefined && path === "/" ? `__Host-${name}` : name;
}

/** The id in the request's cookie, `null` if there is none that one of the secrets signed. */
export function givenCookie(settings: CookieSettings, request: RequestLike): GivenCookie | null {
  const header = request.headers.get("cookie") ?? undefined;
  const value = readCookie(header, cookieName(settings, isSecure(settings, request)));
  const id = value === null ? null : unsign(value, settings.secrets);
  return id === null ? null : { id, outdated: value !== sign(id, settings.secrets[0] as string) };
}

/** The Set-Cookie header for an id; `null` takes the cookie away. */
export function setCookie(
  settings: CookieSettings,
  secure: boolean,
  id: string | null,
  maxAge: number | null = settings.maxAge,
): string {
  const { secrets, sameSite, domain, path } = settings;
  const value = id === null ? "" : encodeURIComponent(sign(id, secrets[0] as string));
  const parts = [`${cookieName(settings, secure)}=${value}`, `Path=${path}`];
  if (domain !== undefined) parts.push(`Domain=${domain}`);
  if (id === null) parts.push("Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  // Max-Age is what counts; the date is for what knows no better. The record itself ends to the millisecond.
  else if (maxAge !== null) {
    parts.push(`Max-Age=${Math.ceil(maxAge / 1000)}`, `Expires=${new Date(Date.now() + maxAge).toUTCString()}`);
  }
  parts.push("HttpOnly");
  if (secure) parts.push("Secure");
  parts.push(`SameSite=${sameSite.charAt(0).toUpperCase()}${sameSite.slice(1)}`);
  return parts.join("; ");
}

/** The response with one more Set-Cookie; a new one where its headers cannot be changed, as with `Response.redirect`. */
export function withCookie(response: Response, cookie: string): Response {
  try {
    response.headers.append("set-cookie", cookie);
    return response;
  } catch {
    const { status, statusText } = response;
    const headers = new Headers(response.headers);
    headers.append("set-cookie", cookie);
    return new Response(response.body, { status, statusText, headers });
  }
}
