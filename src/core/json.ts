// Copies, freezes, compares and measures JSON values. What goes in is checked; what is shared is frozen.

import { LiveSessionError } from "./errors.ts";
import type { JsonObject } from "./store.ts";

/** Deeper values are refused: they are cycles, or an attack on the stack. */
const DEPTH_LIMIT = 64;

/** Longest top-level key, in UTF-16 units. */
const KEY_LIMIT = 256;

const hasOwn = Object.hasOwn;

/**
 * A deeply frozen copy of a JSON value. Properties that are `undefined` are left out, as JSON.stringify does; anything
 * else that JSON cannot hold is refused rather than quietly changed.
 *
 * @param path how errors name the value, such as `cart[0].addedAt`
 * @throws LiveSessionError `not_json`
 */
export function copyJson(value: unknown, path: string): unknown {
  try {
    return copy(value, 0);
  } catch (error) {
    throw error instanceof Fault ? notJson(error.keys.reduce(pathOf, path), error.what) : error;
  }
}

/** What is wrong with a value. Its path is told on the way out, since hardly any value has one. */
class Fault {
  /** From the outermost key to the innermost. */
  readonly keys: (string | number)[] = [];

  constructor(readonly what: string) {}
}

/** Adds the key under which a value was found at fault. */
function under(key: string | number, error: unknown): unknown {
  if (error instanceof Fault) error.keys.unshift(key);
  return error;
}

function copy(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw new Fault(String(value));
    case "object":
      if (value === null) return null;
      if (depth === DEPTH_LIMIT) throw new Fault(`nested deeper than ${DEPTH_LIMIT} levels, or a cycle`);
      return Array.isArray(value) ? copyArray(value, depth) : copyObject(value, depth);
    default:
      throw new Fault(typeof value === "undefined" ? "undefined" : `a ${typeof value}`);
  }
}

function copyArray(array: readonly unknown[], depth: number): readonly unknown[] {
  const result = new Array(array.length);
  let index = 0;
  try {
    for (; index < array.length; index++) result[index] = copy(array[index], depth + 1);
  } catch (error) {
    throw under(index, error);
  }
  return Object.freeze(result);
}

function copyObject(object: object, depth: number): JsonObject {
  const prototype = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new Fault(`a ${prototype.constructor?.name ?? "class instance"}`);
  }
  const result: Record<string, unknown> = {};
  let at = "";
  try {
    for (const key of Object.keys(object)) {
      at = key;
      const value = (object as JsonObject)[key];
      if (value === undefined) continue;
      if (key === "__proto__") throw new Fault('a key named "__proto__"');
      result[key] = copy(value, depth + 1);
    }
  } catch (error) {
    throw under(at, error);
  }
  return Object.freeze(result);
}

function pathOf(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (path === "") return key;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function notJson(path: string, what: string): LiveSessionError {
  return new LiveSessionError("not_json", `${path} is not JSON: ${what}. Session data holds JSON values only.`);
}

/**
 * Checks a top-level key. `cookie` is express-session's, and names that every object inherits would be lost by session
 * middleware or mistaken for something else.
 *
 * @throws LiveSessionError `bad_key`
 */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== "string")
    throw badKey(`A session key must be a string, not ${key === null ? "null" : typeof key}.`);
  if (key === "") throw badKey("A session key must not be empty.");
  if (key.length > KEY_LIMIT) throw badKey(`A session key may have ${KEY_LIMIT} characters, not ${key.length}.`);
  if (isReserved(key)) throw badKey(`The session key "${key}" is reserved.`);
}

/** True for `cookie`, `prototype`, and the names that every object inherits. */
export function isReserved(key: string): boolean {
  return key === "cookie" || key === "prototype" || key in Object.prototype;
}

function badKey(message: string): LiveSessionError {
  return new LiveSessionError("bad_key", message);
}

/** Freezes a JSON value that nobody else holds, all the way down, and gives it back. What is frozen is taken as done. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

/** A copy of a JSON value that may be changed at will. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson) as T;
  // A spread keeps a key named "__proto__" a key, should a store have one from elsewhere; an assignment then does, too.
  const result: Record<string, unknown> = { ...(value as JsonObject) };
  for (const key of Object.keys(result)) {
    const inner = result[key];
    if (typeof inner === "object" && inner !== null) result[key] = cloneJson(inner);
  }
  return result as T;
}

/** Whether two values would be the same JSON, whatever the order of keys. Properties that are `undefined` don't count. */
export function equalJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false;
    for (let index = 0; index < one.length; index++) if (!equalJson(one[index], other[index])) return false;
    return true;
  }
  if (Array.isArray(other) || !isPlain(one) || !isPlain(other)) return false;
  let count = 0;
  for (const key of Object.keys(one)) {
    if (one[key] === undefined) continue;
    if (!hasOwn(other, key) || !equalJson(one[key], other[key])) return false;
    count++;
  }
  for (const key of Object.keys(other)) if (other[key] !== undefined) count--;
  return count === 0;
}

function isPlain(value: object): value is JsonObject {
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && typeof (value as JsonObject).toJSON !== "function";
}

/** The length of a JSON value as JSON in UTF-8 bytes, as `Buffer.byteLength(JSON.stringify(value))` counts it. */
export function jsonBytes(value: unknown): number {
  if (typeof value === "string") return stringBytes(value);
  if (typeof value !== "object" || value === null) return String(value).length;
  if (Array.isArray(value)) {
    let bytes = value.length === 0 ? 2 : 1 + value.length;
    for (const item of value) bytes += jsonBytes(item);
    return bytes;
  }
  let bytes = 1;
  for (const key of Object.keys(value)) bytes += entryBytes(key, (value as JsonObject)[key]) + 1;
  return Math.max(bytes, 2);
}

/** The bytes of `"key":value` inside an object. */
export function entryBytes(key: string, value: unknown): number {
  return stringBytes(key) + 1 + jsonBytes(value);
}

function stringBytes(text: string): number {
  let bytes = 2;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80 || unit < 0x20 || unit === 0x22 || unit === 0x5c) return Buffer.byteLength(JSON.stringify(text));
    bytes++;
  }
  return bytes;
}
