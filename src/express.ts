// live-session/express: the store for express-session.

export type { RequestBindOptions } from "./core/ownership.ts";
export { type ExpressStore, type ExpressStoreOptions, expressStore } from "./http/express/store.ts";
export { bindSession } from "./http/shared/binding.ts";
