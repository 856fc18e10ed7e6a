// live-session/conformance: the suites that prove a store or bus driver, for whatever test runner.

export { type BusHarness, type BusSuiteOptions, busConformance } from "./conformance/bus.ts";
export { ManualClock } from "./conformance/manual-clock.ts";
export { type StoreHarness, type StoreSuiteOptions, storeConformance } from "./conformance/store.ts";
export type { ConformanceCase } from "./conformance/suite.ts";
