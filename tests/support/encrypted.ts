// Drivers under encryption, for the suites that run on them.

import { randomBytes } from "node:crypto";
import type { SessionBus, SessionStore } from "live-session";
import type { BusHarness, StoreHarness } from "live-session/conformance";
import { encrypted } from "live-session/encrypted";

const [older, newer] = [randomBytes(32), randomBytes(32)];
/** Two nodes in the middle of a rotation: each writes with another key, and reads both. */
const rotations = [{ keys: [older, newer] }, { keys: [newer, older] }] as const;

/** The harness with `store` and `peer` wrapped, each as a node of its own. */
export function encryptedStoreHarness(harness: StoreHarness): StoreHarness {
  const wrap = (store: SessionStore, node: 0 | 1) => encrypted({ store }, rotations[node]).store;
  const store = wrap(harness.store, 0);
  return { ...harness, store, peer: harness.peer === harness.store ? store : wrap(harness.peer, 1) };
}

export function encryptedBusHarness(harness: BusHarness, store: SessionStore): BusHarness {
  const wrap = (bus: SessionBus, node: 0 | 1) => encrypted({ store, bus }, rotations[node]).bus;
  const bus = wrap(harness.bus, 0);
  return { ...harness, bus, peer: harness.peer === harness.bus ? bus : wrap(harness.peer, 1) };
}
