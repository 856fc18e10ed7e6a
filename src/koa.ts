// live-session/koa: the external store for koa-session.

export { type KoaContext, type KoaSession, type KoaStore, type KoaStoreOptions, koaStore } from "./http/koa/store.ts";
