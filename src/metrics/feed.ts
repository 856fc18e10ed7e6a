// From what the hub tells to values of instruments.

import { observe } from "../core/diagnostics.ts";
import type { LiveSessions } from "../core/hub.ts";
import {
  counters,
  durations,
  END_REASON,
  ERROR_TYPE,
  EVENT_TYPE,
  gauges,
  type Instrument,
  MESSAGE_TYPE,
  OUTCOME,
  RESYNC_CAUSE,
  STAGE,
  STATUS,
  TRANSPORT,
} from "./instruments.ts";

export type Attributes = Record<string, string>;

/** Takes one value of an instrument. */
export type Take = (instrument: Instrument, value: number, attributes: Attributes) => void;

/** Measures until the returned function is called. Durations are handed on in seconds. */
export function feed<Data extends object>(sessions: LiveSessions<Data>, take: Take): () => void {
  return observe(sessions, {
    commit: (told) => take(durations.commit, told.duration / 1000, outcomeOf(told)),
    read: (told) => take(durations.read, told.duration / 1000, outcomeOf(told)),
    touch: (told) => take(durations.touch, told.duration / 1000, outcomeOf(told)),
    end: (told) => take(durations.end, told.duration / 1000, { ...outcomeOf(told), [END_REASON]: told.reason }),
    resync: (told) => take(durations.resync, told.duration / 1000, { ...outcomeOf(told), [RESYNC_CAUSE]: told.cause }),
    conflict: () => take(counters.conflicts, 1, {}),
    error: ({ stage, error }) => take(counters.errors, 1, { [STAGE]: stage, [ERROR_TYPE]: error }),
    received: ({ type }) => take(counters.received, 1, { [EVENT_TYPE]: type }),
    delivered: ({ type, reason, handles, duration }) => {
      const attributes = { [MESSAGE_TYPE]: type, ...(reason && { [END_REASON]: reason }) };
      take(durations.delivery, duration / 1000, attributes);
      take(counters.deliveries, handles, attributes);
    },
  });
}

/** Gives the function that reads the gauges. A transport that it once saw is 0 when it has no connection any more. */
export function levels<Data extends object>(sessions: LiveSessions<Data>): (take: Take) => void {
  const seen = new Set<string>();
  return (take) => {
    const { sessions: count, stale, connections } = sessions.attached();
    take(gauges.sessions, count - stale, { [STATUS]: "live" });
    take(gauges.sessions, stale, { [STATUS]: "stale" });
    for (const transport of Object.keys(connections)) seen.add(transport);
    for (const transport of seen) take(gauges.connections, connections[transport] ?? 0, { [TRANSPORT]: transport });
  };
}

/** By the conventions `error.type` is there only if it failed. */
export function outcomeOf({ outcome, error }: { readonly outcome: string; readonly error: string | null }): Attributes {
  return error === null ? { [OUTCOME]: outcome } : { [OUTCOME]: outcome, [ERROR_TYPE]: error };
}
