// live-session/express: the store for express-session; sessions sealed in a cookie, and their way into the store.

export type { RequestBindOptions } from "./core/ownership.ts";
export { cookieSession } from "./http/cookie/express.ts";
export { type MoveCookieSessionsOptions, moveCookieSessions } from "./http/cookie/express-move.ts";
export type { CookieSessionsOptions } from "./http/cookie/options.ts";
export { renewSession } from "./http/express/renew.ts";
export { type ExpressStore, type ExpressStoreOptions, expressStore } from "./http/express/store.ts";
export { bindSession } from "./http/shared/binding.ts";
export type { FormerSessions } from "./http/shared/former.ts";
export type { RenewSessionOptions } from "./http/shared/renewal.ts";
