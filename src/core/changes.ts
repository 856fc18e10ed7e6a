// Changes: which keys a write puts and which it deletes; the three-way merge is a diff applied to what is there now.

import type { Changes } from "./bus.ts";
import { equalJson } from "./json.ts";
import type { JsonObject } from "./store.ts";

/** The data after the changes; what did not change stays shared with the data before. Frozen. */
export function applyChanges(data: JsonObject, changes: Changes): JsonObject {
  const result: Record<string, unknown> = { ...data };
  for (const key of Object.keys(changes.put)) result[key] = changes.put[key];
  for (const key of changes.delete) delete result[key];
  return Object.freeze(result);
}

/** The changes that lead from one data to the other, key by key. */
export function diff(before: JsonObject, after: JsonObject): Changes {
  const put: Record<string, unknown> = {};
  for (const key of Object.keys(after)) {
    if (!Object.hasOwn(before, key) || !equalJson(before[key], after[key])) put[key] = after[key];
  }
  return { put, delete: Object.keys(before).filter((key) => !Object.hasOwn(after, key)) };
}

export function isEmpty(changes: Changes): boolean {
  return changes.delete.length === 0 && Object.keys(changes.put).length === 0;
}
