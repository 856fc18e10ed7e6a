// Session objects of the frameworks: their data as JSON at one moment, and fresh ones made from a record.

import { LiveSessionError } from "../../core/errors.ts";
import { checkKey, cloneJson, copyJson, equalJson } from "../../core/json.ts";
import type { JsonObject, SessionRecord } from "../../core/store.ts";
import { cookieJson, storedCookie } from "./cookie.ts";

/** A session object as the framework and user code hold it: data with the framework's own members in it. */
export type SessionObject = Record<string, unknown>;

/**
 * The data of a session object as JSON has it (a Date becomes a string, a function is left out), deeply frozen. Values
 * equal to the known ones are shared with them.
 *
 * @param isMember tells the framework's own members, which are no data; asked of what is not known yet
 * @throws LiveSessionError `not_json`, `bad_key`
 */
export function snapshotOf(object: SessionObject, known: JsonObject, isMember: (name: string) => boolean): JsonObject {
  const data: Record<string, unknown> = {};
  for (const name of Object.keys(object)) {
    if (name === "cookie") continue;
    if (Object.hasOwn(known, name) && equalJson(known[name], object[name])) {
      data[name] = known[name];
      continue;
    }
    const value = jsonOf(name, object[name]);
    if (value === undefined || (isMember(name) && !(name in Object.prototype))) continue;
    checkKey(name);
    data[name] = value;
  }
  return Object.freeze(data);
}

/** Nearly all that sessions hold is JSON as it is; the detour by its text is for the rest. */
function jsonOf(name: string, value: unknown): unknown {
  try {
    return copyJson(value, name);
  } catch {
    const json = throughText(name, value);
    return json === undefined ? undefined : copyJson(json, name);
  }
}

function throughText(name: string, value: unknown): unknown {
  try {
    return (JSON.parse(JSON.stringify({ [name]: value })) as SessionObject)[name];
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new LiveSessionError("not_json", `${name} is not JSON: ${words}`, { cause });
  }
}

/** A session object for the middleware, which may do with it what it likes; `left` is the time to its expiry, in ms. */
export function sessionObject({ data, meta }: SessionRecord, left: number): SessionObject {
  const object = cloneJson(data) as SessionObject;
  const cookie = storedCookie(meta);
  if (cookie) object.cookie = cookieJson(cookie, left);
  return object;
}

/** The part of the data that does not go by the name of a member. */
export function visibleData(data: JsonObject, isMember: (name: string) => boolean): JsonObject {
  const names = Object.keys(data);
  if (!names.some(isMember)) return data;
  return Object.freeze(Object.fromEntries(names.filter((name) => !isMember(name)).map((name) => [name, data[name]])));
}
