// live-session/express: the store for express-session.

export { type ExpressStore, type ExpressStoreOptions, expressStore } from "./http/express/store.ts";
