// live-session/conformance: the suites that prove a store or bus driver, for whatever test runner.

export { ManualClock } from "./conformance/manual-clock.ts";
