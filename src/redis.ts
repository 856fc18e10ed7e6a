// live-session/redis: sessions and events in Redis.

import { type RedisBusOptions, redisBus } from "./buses/redis.ts";
import type { SessionStore } from "./core/store.ts";
import type { RedisBus } from "./engines/redis/events.ts";
import { type RedisStoreOptions, redisStore } from "./stores/redis.ts";

export type RedisOptions = Omit<RedisStoreOptions, "bus"> & RedisBusOptions;

/**
 * Store and bus on one client, where each write is published in the same step:
 * `createLiveSessions({ ...redis({ client }) })`.
 *
 * @throws LiveSessionError `bad_option`
 */
export function redis(options: RedisOptions): { readonly store: SessionStore; readonly bus: RedisBus } {
  const bus = redisBus(options);
  return { store: redisStore({ ...options, bus }), bus };
}

export { type RedisBusOptions, redisBus } from "./buses/redis.ts";
export type { RedisClientLike } from "./engines/redis/clients.ts";
export type { RedisBus } from "./engines/redis/events.ts";
export { type RedisStoreOptions, redisStore } from "./stores/redis.ts";
