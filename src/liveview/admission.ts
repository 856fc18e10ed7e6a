// Whether a client may join a view: the page's token, the session, the CSRF token and the URL must fit together.

import type { SessionKey } from "../core/ids.ts";
import { parseUrl } from "../core/url.ts";
import type { Peer } from "./connection.ts";
import { isObject } from "./frames.ts";
import type { Params } from "./params.ts";
import type { RouteMatch } from "./router.ts";
import type { LiveViewServer } from "./server.ts";

export type Admission =
  | {
      readonly ok: true;
      readonly id: string;
      readonly match: RouteMatch;
      readonly url: URL;
      readonly connectParams: Params;
      readonly flash: Readonly<Record<string, string>>;
    }
  | { readonly ok: false; readonly reason: Refusal };

/**
 * `stale` and `unauthorized` make the client load the page anew, at once. Anything else makes it do so after a while, ten
 * times, and then every 30 s: so much for what a new page will hardly mend.
 */
export type Refusal = "stale" | "unauthorized" | typeof NO_COOKIE;

export const NO_COOKIE = "no session cookie";

/** @param key of the session that the peer's cookie names now; `null` if there is none */
export function admit(
  server: LiveViewServer,
  topic: string,
  payload: Readonly<Record<string, unknown>>,
  key: SessionKey | null,
  peer: Peer,
): Admission {
  const { tokens, clock } = server;
  // A browser that takes no cookies has a page of a session that it cannot name: loading the page anew would not help, and
  // never end. It gets what a visitor without a session gets.
  const token =
    tokens.readPage(payload.session, key, clock.now()) ??
    (peer.sessionId !== null ? null : tokens.readFirstPage(payload.session, clock.now()));
  const connectParams = isObject(payload.params) ? payload.params : {};
  const pageKey = key ?? token?.firstOf ?? null;
  if (!token && cookieIsMissing(server, payload.session, connectParams, peer)) return { ok: false, reason: NO_COOKIE };
  if (!token || !tokens.checkCsrf(connectParams._csrf_token, pageKey)) return { ok: false, reason: "stale" };
  const { redirect } = payload;
  // The client came from another view of this app, whose token it has; otherwise the page's own view is meant.
  const arrived = typeof redirect === "string";
  const url = urlOf(arrived ? redirect : payload.url);
  // A view may make links of its URL, so it must be one of ours: not whatever a client says.
  const match = url && peer.allowsOrigin(url.origin) ? server.router(url) : null;
  if (!url || !match || topic !== `lv:${token.id}` || (!arrived && match.route !== token.route)) {
    return { ok: false, reason: "unauthorized" };
  }
  // From the view before, or at the first join from the page; not again when the connection was lost.
  const flash = payload.flash ?? (connectParams._mounts === 0 ? payload.static : null);
  return { ok: true, id: token.id, match, url, connectParams, flash: tokens.readFlash(flash) ?? {} };
}

/**
 * Whether a page came with a cookie only now, and its view joins without: the cookie's path, most likely, covers the page
 * and not the connection. A later join has lost it since, and a new page is what it needs.
 */
function cookieIsMissing({ tokens }: LiveViewServer, text: unknown, { _mounts }: Params, peer: Peer): boolean {
  return peer.sessionId === null && _mounts === 0 && tokens.isPage(text) && !tokens.readPage(text, null, 0);
}

/** The URL of a request's path: put together, and not resolved, since `//host/path` is a path of this host here. */
export function requestUrl(protocol: string, host: string, path: string): URL | null {
  return urlOf(`${protocol}://${host}${path}`);
}

export function urlOf(text: unknown): URL | null {
  if (typeof text !== "string" || text.length > 8_192) return null;
  const url = parseUrl(text);
  return url?.protocol === "http:" || url?.protocol === "https:" ? url : null;
}
