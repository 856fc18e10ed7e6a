// Session maps: the plain, frozen data of a session, as handed to views and listeners, that remember where they are from.

import { LiveSessionError } from "./errors.ts";
import { hiddenField } from "./hidden-field.ts";
import type { SessionKey } from "./ids.ts";
import type { JsonObject } from "./store.ts";

/** JSON data that TypeScript lets nobody change. */
export type DeepReadonly<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

declare const dataType: unique symbol;

/** The key, types only, by which a session map's type is told from other objects. */
export type SessionMark = typeof dataType;

/** The data of a session at one version, frozen all the way down. Any key may be absent. `Data` is the user's type. */
export type Session<Data extends object> = DeepReadonly<Partial<Data>> & { readonly [dataType]?: Data };

/** Keys of the user's session type. */
export type KeyOf<Data extends object> = Extract<keyof Data, string>;

/** What writes go through: the hub that made a map. */
export interface MapOrigin {
  readonly hub: MapWriter;
  readonly key: SessionKey;
  readonly incarnation: string;
}

export interface MapWriter {
  putKey(origin: MapOrigin, key: string, value: unknown): Promise<JsonObject>;
  updateKey(origin: MapOrigin, key: string, change: (value: unknown) => unknown): Promise<JsonObject>;
}

const origins = hiddenField<MapOrigin>();

/** A frozen map of its own of the data, since a store's data may be shared by several hubs. */
export function sessionMap(data: JsonObject, origin: MapOrigin): JsonObject {
  const map = Object.freeze({ ...data });
  origins.set(map, origin);
  return map;
}

/** Has `putSession` and its kin write this object's changes to `origin`, though it is no map that a hub made. */
export function setOrigin(object: object, origin: MapOrigin): void {
  origins.set(object, origin);
}

/** Where an object's changes are written, if it is one that a hub or `setOrigin` knows. */
export function knownOrigin(value: unknown): MapOrigin | undefined {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject ? origins.get(value) : undefined;
}

/** Whether a value is the whole data of a session, as the library hands it out. */
export function isSessionMap(value: unknown): boolean {
  return knownOrigin(value) !== undefined;
}

function originOf(session: object): MapOrigin {
  const origin = knownOrigin(session);
  if (origin) return origin;
  throw new LiveSessionError(
    "not_a_session",
    "This object is not a session map as live-session hands them out, but perhaps a copy of one. Pass the original.",
  );
}

/**
 * Writes one key of the session that a map came from, without subscribing to it: refreshes the lifetime and tells every
 * subscriber.
 *
 * @returns the session as it is after the write; the map handed in does not change
 * @throws LiveSessionError `not_a_session`, `bad_key`, `not_json`, `too_large`, `invalid_data`, `session_ended`,
 *   `unknown_session`, `store_failed`
 */
export async function putSession<Data extends object, Key extends KeyOf<Data>>(
  session: Session<Data>,
  key: Key,
  value: Data[Key],
): Promise<Session<Data>> {
  const origin = originOf(session);
  return (await origin.hub.putKey(origin, key, value)) as Session<Data>;
}

/**
 * Changes one key by its current value, atomically: of N concurrent updates none is lost. `change` gets a copy that it
 * may change and return, may run more than once, and must not wait; `undefined` deletes the key.
 *
 * @returns the session as it is after the write
 * @throws as `putSession`, and `conflict`
 */
export async function updateSession<Data extends object, Key extends KeyOf<Data>>(
  session: Session<Data>,
  key: Key,
  change: (value: Data[Key] | undefined) => Data[Key] | undefined,
): Promise<Session<Data>> {
  const origin = originOf(session);
  return (await origin.hub.updateKey(origin, key, change as (value: unknown) => unknown)) as Session<Data>;
}
