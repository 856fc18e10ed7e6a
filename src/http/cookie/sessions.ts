// Sessions sealed in a cookie, for everything that speaks Request and Response.

import { cookieSessionError, markSealed } from "../../core/sealed.ts";
import { type RequestSessions, requestSessions } from "../fetch/sessions.ts";
import { asFormer, type FormerSessions } from "../shared/former.ts";
import { SealedCookies } from "./cookies.ts";
import { formerCookies } from "./move.ts";
import type { CookieSessionsOptions } from "./options.ts";
import { CookieSession } from "./session.ts";

/** What `cookieSessions` makes: as `fetchSessions`, without a store. */
export interface CookieSessions<Data extends object> extends RequestSessions<CookieSession<Data>>, FormerSessions {}

/**
 * Sessions without a store, sealed in the cookie: `cookieSessions<Shop>({ secret })`. Nobody can read or change what is in
 * it, but up to its expiry nobody can take it back either.
 *
 * @throws LiveSessionError `bad_option`
 */
export function cookieSessions<Data extends object>(options: CookieSessionsOptions): CookieSessions<Data> {
  const cookies = new SealedCookies(options);
  const name = cookies.name(cookies.settings.cookie.secure === true);
  const web = requestSessions(name, (request) => new CookieSession<Data>(cookies, request));
  // What a hub has, for those who switch and are not told by types: to say what is the matter.
  Object.assign(web, { app: refuse, attach: refuse });
  return markSealed(asFormer(web, formerCookies(cookies)));
}

function refuse(): never {
  throw cookieSessionError();
}
