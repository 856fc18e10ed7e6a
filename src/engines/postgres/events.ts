// Events as NOTIFY carries them: `<key> [...]`. The key stands first, so that a node that does not know it need not parse.

import type { Changes, SessionBus, SessionEvent } from "../../core/bus.ts";
import type { SessionKey } from "../../core/ids.ts";
import type { EndReason } from "../../core/store.ts";

/** NOTIFY takes less than 8,000 bytes; what stands before the changes fits in the rest. */
const CHANGES_LIMIT = 7_500;

/** One letter for each type; what follows stands in the order in which `commit`, `touch` and `destroy` word it in SQL. */
type Wire =
  | readonly ["c", incarnation: string, version: number, expiresAt: number, now: number, changes?: Changes]
  | readonly ["t", incarnation: string, expiresAt: number, now: number]
  | readonly ["e", incarnation: string, reason: EndReason];

export function encodeEvent(key: SessionKey, event: SessionEvent): string {
  return `${key} ${JSON.stringify(wireOf(event))}`;
}

function wireOf(event: SessionEvent): Wire {
  const { type, incarnation } = event;
  switch (type) {
    case "changed": {
      const { version, expiresAt, now, changes } = event;
      const bare = ["c", incarnation, version, expiresAt, now] as const;
      return changes && encodeChanges(changes) !== null ? [...bare, changes] : bare;
    }
    case "touched":
      return ["t", incarnation, event.expiresAt, event.now];
    case "ended":
      return ["e", incarnation, event.reason];
  }
}

/** The changes as JSON, or null if NOTIFY cannot carry them: then the version goes alone, and receivers read the store. */
export function encodeChanges({ put, delete: gone }: Changes): string | null {
  const text = JSON.stringify({ put, delete: gone });
  return Buffer.byteLength(text) > CHANGES_LIMIT ? null : text;
}

export function decodeEvent(text: string): SessionEvent {
  const wire = JSON.parse(text) as Wire;
  const [type, incarnation] = wire;
  switch (type) {
    case "c": {
      const [, , version, expiresAt, now, changes] = wire;
      const event = { type: "changed", incarnation, version, expiresAt, now } as const;
      return changes ? { ...event, changes } : event;
    }
    case "t":
      return { type: "touched", incarnation, expiresAt: wire[2], now: wire[3] };
    case "e":
      return { type: "ended", incarnation, reason: wire[2] };
  }
}

/** The channel of each bus that was made here: a store that publishes by itself must know it. */
export const channels = new WeakMap<SessionBus, string>();
