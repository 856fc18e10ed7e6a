// What users write, as changes of keys: checked, and copied, since they may go on changing what they handed in.

import type { Changes } from "./bus.ts";
import { diff } from "./changes.ts";
import { LiveSessionError } from "./errors.ts";
import { checkKey, cloneJson, copyJson } from "./json.ts";
import type { JsonObject } from "./store.ts";
import type { SessionWriter, Target, Written } from "./writer.ts";

/** The changes of one put, checked and copied. */
export function changesOf(key: string, value: unknown): { put: JsonObject; delete: readonly string[] } {
  checkKey(key);
  return value === undefined ? { put: {}, delete: [key] } : { put: { [key]: copyJson(value, key) }, delete: [] };
}

/**
 * What a function changed of a copy of the data.
 *
 * @throws LiveSessionError `bad_key`, `not_json`
 */
export function changesOfDraft(data: JsonObject, change: (draft: object) => unknown): Changes {
  const draft = cloneJson(data) as Record<string, unknown>;
  refusePromise(change(draft));
  const after: Record<string, unknown> = {};
  for (const name of Object.keys(draft)) {
    if (draft[name] === undefined) continue;
    checkKey(name);
    after[name] = copyJson(draft[name], name);
  }
  return diff(data, after);
}

/** The compare-and-set of one key. */
export function updateKey(
  writer: SessionWriter,
  target: Target,
  key: string,
  change: (value: unknown) => unknown,
): Promise<Written> {
  checkKey(key);
  return writer.transact(target, (data) => {
    const value = change(Object.hasOwn(data, key) ? cloneJson(data[key]) : undefined);
    refusePromise(value);
    return changesOf(key, value);
  });
}

function refusePromise(value: unknown): void {
  if (typeof (value as PromiseLike<unknown> | undefined)?.then !== "function") return;
  Promise.resolve(value).catch(() => {}); // its outcome is no longer of interest: this error is
  throw new LiveSessionError(
    "not_json",
    "The function given to update or transaction must not be async: it may run more than once. Wait before, then update.",
  );
}
