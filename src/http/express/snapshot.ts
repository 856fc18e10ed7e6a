// Session objects of the middleware: their data as JSON at one moment, and fresh ones made from a record.

import session from "express-session";
import { LiveSessionError } from "../../core/errors.ts";
import { checkKey, cloneJson, copyJson, equalJson } from "../../core/json.ts";
import type { JsonObject, SessionRecord } from "../../core/store.ts";
import { cookieJson, storedCookie } from "./cookie.ts";

/** A session object as the middleware and user code hold it: data with `cookie` in it. */
export type SessionObject = Record<string, unknown>;

/** Names that a Session cannot hold as data: the middleware leaves them out when it makes one. */
function isSessionMember(name: string): boolean {
  return name === "id" || name === "req" || name in session.Session.prototype;
}

/**
 * The data of a session object as JSON has it (a Date becomes a string, a function is left out), deeply frozen. Values
 * equal to the known ones are shared with them.
 *
 * @throws LiveSessionError `not_json`, `bad_key`
 */
export function snapshotOf(object: SessionObject, known: JsonObject): JsonObject {
  const isSession = object instanceof session.Session;
  const data: Record<string, unknown> = {};
  for (const name of Object.keys(object)) {
    if (name === "cookie") continue;
    if (Object.hasOwn(known, name) && equalJson(known[name], object[name])) {
      data[name] = known[name];
      continue;
    }
    const value = jsonOf(name, object[name]);
    if (value === undefined || (isSession && !(name in Object.prototype) && isSessionMember(name))) continue;
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

/** Takes out what a Session would not take over, so that the middleware does not see a change where there is none. */
export function dropSessionMembers(object: SessionObject): void {
  for (const name of Object.keys(object)) if (isSessionMember(name)) delete object[name];
}

/** The part of the data that a Session holds. */
export function visibleData(data: JsonObject): JsonObject {
  const names = Object.keys(data);
  if (!names.some(isSessionMember)) return data;
  return Object.freeze(
    Object.fromEntries(names.filter((name) => !isSessionMember(name)).map((name) => [name, data[name]])),
  );
}
