// A session as the commands show it: never its id, which nobody knows here, and its values only if they are asked for.

import { jsonBytes } from "../core/json.ts";
import { owned } from "../core/ownership.ts";
import type { JsonObject, ListedRecord } from "../core/store.ts";
import { counted } from "./text.ts";

/** What is shown of a value that stays hidden. */
export interface Shape {
  readonly type: string;
  /** Characters, items or keys; left out where there is nothing to count. */
  readonly size?: number;
  /** As JSON in UTF-8. */
  readonly bytes: number;
}

export function shapeOf(value: unknown): Shape {
  const bytes = jsonBytes(value);
  if (value === null) return { type: "null", bytes };
  if (Array.isArray(value)) return { type: "list", size: value.length, bytes };
  if (typeof value === "object") return { type: "object", size: Object.keys(value as object).length, bytes };
  if (typeof value === "string") return { type: "text", size: value.length, bytes };
  return { type: typeof value, bytes };
}

const units: Record<string, string> = { text: "character", list: "item", object: "key" };

export function shapeText({ type, size, bytes }: Shape): string {
  if (size === undefined) return type;
  return `${type}, ${counted(size, units[type] as string)}, ${counted(bytes, "byte")}`;
}

/** Times in ms since 1970 on the store's clock. */
export function summaryOf({ key, record }: ListedRecord) {
  const { principal, version, createdAt, expiresAt, deadline, data } = record;
  const { lastSeenAt } = owned(key, record);
  return { key, principal, version, createdAt, lastSeenAt, expiresAt, deadline, bytes: jsonBytes(data) };
}

export function shapesOf(data: JsonObject): Record<string, Shape> {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, shapeOf(value)]));
}
