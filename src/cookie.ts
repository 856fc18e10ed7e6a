// live-session/cookie: sessions without a store, sealed in the cookie, on Request and Response.

export type { CookieSessionsOptions } from "./http/cookie/options.ts";
export type { CookieSession } from "./http/cookie/session.ts";
export { type CookieSessions, cookieSessions } from "./http/cookie/sessions.ts";
export type { FormerSessions } from "./http/shared/former.ts";
