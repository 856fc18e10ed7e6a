// What is shown of a session: shapes and sizes; values only where the app reveals them.

import type { SessionKey } from "../core/ids.ts";
import { jsonBytes } from "../core/json.ts";
import { owned } from "../core/ownership.ts";
import type { ListedRecord } from "../core/store.ts";
import type { ListedSession, ShownSession, ShownValue } from "./wire.ts";

/** The most that is shown of one value, in characters of JSON. */
const MOST_SHOWN = 20_000;

export type Reveal = (key: SessionKey, name: string) => boolean;

export function listed({ key, record }: ListedRecord): ListedSession {
  const { createdAt, lastSeenAt, expiresAt } = owned(key, record);
  const { principal, version, data } = record;
  const size = { names: Object.keys(data).length, bytes: jsonBytes(data) };
  return { key, principal, createdAt, lastSeenAt, expiresAt, version, ...size };
}

export function shown(found: ListedRecord, reveal: Reveal): Omit<ShownSession, "connections"> {
  const { deadline, data } = found.record;
  const values = Object.keys(data)
    .sort()
    .map((name) => shownValue(name, data[name], reveal(found.key, name) === true));
  return { ...listed(found), deadline, values };
}

function shownValue(name: string, value: unknown, isRevealed: boolean): ShownValue {
  const bytes = jsonBytes(value);
  if (!isRevealed) return { name, shape: shapeOf(value), bytes, json: null };
  const text = JSON.stringify(value, null, 2);
  const json = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)} …` : text;
  return { name, shape: shapeOf(value), bytes, json };
}

/** What kind of value it is, and how many parts it has. */
export function shapeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `list, ${many(value.length, "item")}`;
  if (typeof value === "object") return `object, ${many(Object.keys(value).length, "key")}`;
  return typeof value === "string" ? `text, ${many(value.length, "character")}` : typeof value;
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
