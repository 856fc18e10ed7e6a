// An app moves a session to a new id, and says what goes along.

import { LiveSessionError } from "./errors.ts";
import { generateSessionId, type SessionId } from "./ids.ts";
import { type MovingHub, moveSession } from "./move.ts";
import { type Binding, type BindOptions, checkBinding, metaAbout, type Ownership } from "./ownership.ts";
import type { JsonObject, SessionRecord } from "./store.ts";
import type { Target } from "./writer.ts";

export interface RegenerateOptions extends BindOptions {
  /** The data that goes along: all of it, none, or these keys. Default true. */
  readonly keep?: boolean | readonly string[] | undefined;
  /** Whose session it is from now on; `null` for nobody's. Default: whose it was. */
  readonly principal?: string | null | undefined;
}

interface Regeneration {
  readonly keeps: (data: JsonObject) => JsonObject;
  /** Another lifetime and deadline, in ms; `undefined` for those that the session has. */
  readonly times: Pick<Binding, "lifetime" | "deadline">;
  readonly binding: Binding | null;
}

/**
 * Stored data passed the schema when it was written, and does not go through it again.
 *
 * @throws LiveSessionError as `sessions.regenerate`
 */
export async function regenerate(
  hub: MovingHub & { readonly ownership: Ownership },
  from: Target,
  options: RegenerateOptions,
): Promise<SessionId> {
  const { keeps, times, binding } = readRegenerate(options);
  const id = generateSessionId();
  const factsOf = ({ meta }: SessionRecord) => ({
    lifetime: times.lifetime,
    deadline: times.deadline,
    meta: metaAbout(meta, binding?.about),
    principal: binding?.principal,
  });
  const { key, before, record } = await moveSession(hub, from, { id, dataOf: keeps, factsOf });
  if (binding && record.principal !== before.principal) {
    await hub.ownership.admit(key, record.incarnation, record.principal);
  }
  return id;
}

/** @throws LiveSessionError `bad_option`, `not_json`, `too_large` */
function readRegenerate(options: RegenerateOptions): Regeneration {
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
