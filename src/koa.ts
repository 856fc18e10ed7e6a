// live-session/koa: the external store for koa-session, and a cookie for it that sockets can read.

export type { RequestBindOptions } from "./core/ownership.ts";
export { type SignedCookie, type SignedCookieOptions, signedCookie } from "./http/koa/cookie.ts";
export { renewSession } from "./http/koa/renew.ts";
export { type KoaContext, type KoaSession, type KoaStore, type KoaStoreOptions, koaStore } from "./http/koa/store.ts";
export { bindSession } from "./http/shared/binding.ts";
export type { RenewSessionOptions } from "./http/shared/renewal.ts";
