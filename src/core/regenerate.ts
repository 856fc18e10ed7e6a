// What goes along when a session moves to a new id.

import { milliseconds } from "./duration.ts";
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
  /** Of the lifetime and what is left to the deadline, in ms, those of the new session. */
  readonly lifetimeOf: (lifetime: number) => number;
  readonly deadlineOf: (left: number | null) => number | null;
  readonly binding: Binding | null;
}

/** @throws LiveSessionError `bad_option`, `not_json`, `too_large` */
export function readRegenerate(options: RegenerateOptions): Regeneration {
  const { keep = true, deadline, principal, about, lifetime } = options;
  if (typeof keep !== "boolean" && !Array.isArray(keep)) {
    throw new LiveSessionError("bad_option", "keep: true, false, or the keys that go along.");
  }
  const given = lifetime === undefined ? undefined : milliseconds(lifetime, "lifetime");
  const end = deadline === undefined || deadline === null ? deadline : milliseconds(deadline, "deadline");
  if (principal === undefined && about !== undefined) {
    throw new LiveSessionError("bad_option", "about: goes with a principal.");
  }
  return {
    keeps: keepsOf(keep),
    lifetimeOf: (before) => given ?? before,
    deadlineOf: (left) => (end === undefined ? left : end),
    binding: principal === undefined ? null : checkBinding(principal, { about }),
  };
}

function keepsOf(keep: boolean | readonly string[]): (data: JsonObject) => JsonObject {
  if (keep === true) return (data) => data;
  const names = new Set(keep === false ? [] : keep);
  return (data) => Object.freeze(Object.fromEntries(Object.entries(data).filter(([name]) => names.has(name))));
}
