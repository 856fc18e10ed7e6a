// What goes along when a session moves to a new id.

import { LiveSessionError } from "./errors.ts";
import { type Binding, type BindOptions, checkBinding } from "./ownership.ts";
import type { JsonObject } from "./store.ts";

export interface RegenerateOptions extends BindOptions {
  /** The data that goes along: all of it, none, or these keys. Default true. */
  readonly keep?: boolean | readonly string[] | undefined;
  /** Whose session it is from now on; `null` for nobody's. Default: whose it was. */
  readonly principal?: string | null | undefined;
}

export interface Regeneration {
  readonly keeps: (data: JsonObject) => JsonObject;
  /** Another lifetime and deadline, in ms; `undefined` for those that the session has. */
  readonly times: Pick<Binding, "lifetime" | "deadline">;
  readonly binding: Binding | null;
}

/** @throws LiveSessionError `bad_option`, `not_json`, `too_large` */
export function readRegenerate(options: RegenerateOptions): Regeneration {
  const { keep = true, principal, about } = options;
  if (typeof keep !== "boolean" && !Array.isArray(keep)) {
    throw new LiveSessionError("bad_option", "keep: true, false, or the keys that go along.");
  }
  if (principal === undefined && about !== undefined) {
    throw new LiveSessionError("bad_option", "about: goes with a principal.");
  }
  const binding = checkBinding(principal ?? null, options);
  return { keeps: keepsOf(keep), times: binding, binding: principal === undefined ? null : binding };
}

function keepsOf(keep: boolean | readonly string[]): (data: JsonObject) => JsonObject {
  if (keep === true) return (data) => data;
  const names = new Set(keep === false ? [] : keep);
  return (data) => Object.freeze(Object.fromEntries(Object.entries(data).filter(([name]) => names.has(name))));
}
