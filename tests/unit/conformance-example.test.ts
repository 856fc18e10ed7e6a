// The example in docs/drivers/writing-a-driver.md; a test keeps the two the same.

import { localBus, memoryStore } from "live-session";
import { busConformance, ManualClock, storeConformance } from "live-session/conformance";
import { test } from "vitest";

const storeCases = storeConformance({
  exactClock: true, // advance() moves the clock by just so much
  fails: false, // the harness has fail(): any driver with an engine has
  sweeps: true, // sweep() frees; false if the engine does it
  open() {
    const clock = new ManualClock();
    const store = memoryStore({ clock }); // yours here, over an empty engine
    return {
      store,
      peer: store, // a second object over the same engine, as another node has it
      advance: (ms) => clock.advance(ms), // an engine with its own clock: really wait that long
      close() {}, // free everything
    };
  },
});
const busCases = busConformance({
  interrupts: false, // the harness has interrupt(): any driver with a connection has
  fails: false,
  open() {
    const bus = localBus();
    return { bus, peer: bus, close() {} };
  },
});
for (const { name, run } of [...storeCases, ...busCases]) test(name, run);
