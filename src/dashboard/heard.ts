// What comes from other nodes is looked at before it is shown.

import { type Figures, latencyBounds, latencyNames, rateNames, type ShownConnection } from "./wire.ts";

/** The longest name of a node, or of anything else. */
export const LONGEST_NAME = 128;

const MOST_TRANSPORTS = 20;

export function isFigures(value: unknown): value is Figures {
  if (!isObject(value)) return false;
  const { node, sessions, stale, connections, rates, latency } = value;
  if (!isName(node) || !isCount(sessions) || !isCount(stale)) return false;
  if (!isObject(connections) || !isObject(rates) || !isObject(latency)) return false;
  const open = Object.entries(connections);
  const buckets = latencyBounds.length + 1;
  return (
    open.length <= MOST_TRANSPORTS &&
    open.every(([transport, count]) => isName(transport) && isCount(count)) &&
    rateNames.every((name) => isCount(rates[name])) &&
    latencyNames.every((name) => {
      const times = latency[name];
      return Array.isArray(times) && times.length === buckets && times.every(isCount);
    })
  );
}

export function isConnection(value: unknown): value is Omit<ShownConnection, "node"> {
  return isObject(value) && isName(value.transport) && isCount(value.since);
}

export function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
