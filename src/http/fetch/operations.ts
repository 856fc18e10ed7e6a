// What a request means to do to its session, until it is committed.

import { LiveSessionError } from "../../core/errors.ts";
import { cloneJson, copyJson } from "../../core/json.ts";
import type { JsonObject } from "../../core/store.ts";

export type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: unknown }
  | { readonly type: "delete"; readonly key: string }
  | { readonly type: "update"; readonly key: string; readonly change: (value: unknown) => unknown }
  | { readonly type: "clear" };

/** The data after the operations, frozen. */
export function applied(data: JsonObject, operations: readonly Operation[]): JsonObject {
  let result: Record<string, unknown> = { ...data };
  for (const operation of operations) {
    if (operation.type === "clear") result = {};
    else if (operation.type === "put") result[operation.key] = operation.value;
    else if (operation.type === "delete") delete result[operation.key];
    else update(result, operation.key, operation.change);
  }
  return Object.freeze(result);
}

function update(data: Record<string, unknown>, key: string, change: (value: unknown) => unknown): void {
  const value = change(Object.hasOwn(data, key) ? cloneJson(data[key]) : undefined);
  if (typeof (value as PromiseLike<unknown> | undefined)?.then === "function") {
    Promise.resolve(value).catch(() => {}); // its outcome is no longer of interest: this error is
    throw new LiveSessionError(
      "not_json",
      "The function given to update must not be async: it may run more than once.",
    );
  }
  if (value === undefined) delete data[key];
  else data[key] = copyJson(value, key);
}

/** Whether what they write depends on the data at the time: then they are committed by compare-and-set. */
export function dependOnData(operations: readonly Operation[]): boolean {
  return operations.some(({ type }) => type === "update" || type === "clear");
}

/** Whether one of them decides the value of this key. */
export function concern(operations: readonly Operation[], key: string): boolean {
  return operations.some((operation) => operation.type === "clear" || operation.key === key);
}
