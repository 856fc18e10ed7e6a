// The session cookie of a Request, and the Set-Cookie of a Response.

import { readCookie, sign, unsign } from "../../core/cookies.ts";
import type { Hub } from "../shared/working-copy.ts";
import type { CookieSettings } from "./options.ts";

export interface RequestLike {
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

export interface GivenCookie {
  readonly id: string;
  /** Whether an older secret signed it: it is to be signed anew. */
  readonly outdated: boolean;
  /** Makes it a live session first, for one that was kept elsewhere. */
  readonly arrive?: (hub: Hub) => Promise<void>;
}

export function isSecure({ secure }: CookieSettings, { url }: Pick<RequestLike, "url">): boolean {
  return secure === "auto" ? url.startsWith("https:") : secure;
}

export function cookieName({ name, domain, path }: CookieSettings, secure: boolean): string {
  return secure && domain === undefined && path === "/" ? `__Host-${name}` : name;
}

/** The id in the request's cookie, `null` if there is none that one of the secrets signed. */
export function givenCookie(settings: CookieSettings, request: RequestLike): GivenCookie | null {
  const header = request.headers.get("cookie") ?? undefined;
  const secure = isSecure(settings, request);
  const value = readCookie(header, cookieName(settings, secure));
  const id = value === null ? null : unsign(value, settings.secrets);
  if (id !== null) return { id, outdated: value !== sign(id, settings.secrets[0] as string) };
  const arrival = settings.former?.find(header, secure);
  if (!arrival) return null;
  const { maxAge } = arrival;
  const meta = maxAge === null ? null : Object.freeze({ maxAge });
  return { id: arrival.id, outdated: true, arrive: (hub) => arrival.arrive(hub, meta) };
}

/** The Set-Cookie header for an id; `null` takes the cookie away. */
export function setCookie(
  settings: CookieSettings,
  secure: boolean,
  id: string | null,
  maxAge: number | null = settings.maxAge,
): string {
  const value = id === null ? null : encodeURIComponent(sign(id, settings.secrets[0] as string));
  return cookieLine(settings, secure, value, maxAge);
}

/** The Set-Cookie header for a value that is encoded already; `null` takes the cookie away. `maxAge` in ms. */
export function cookieLine(
  settings: CookieSettings,
  secure: boolean,
  value: string | null,
  maxAge: number | null,
): string {
  const { sameSite, domain, path } = settings;
  const parts = [`${cookieName(settings, secure)}=${value ?? ""}`, `Path=${path}`];
  if (domain !== undefined) parts.push(`Domain=${domain}`);
  if (value === null) parts.push("Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT");
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
