// The hub of a command that writes or listens.

import type { LiveSessions } from "../core/hub.ts";
import { createLiveSessions } from "../index.ts";
import type { Sessions } from "./stores/open.ts";

/** A hub that leaves sweeping to the apps: they know how long ends are to be remembered. */
export function hubOf(
  { store, bus }: Sessions,
  onError?: (error: unknown) => void,
): LiveSessions<Record<string, unknown>> {
  return createLiveSessions({ store, bus, cleanInterval: "52w", ...(onError && { onError }) });
}
