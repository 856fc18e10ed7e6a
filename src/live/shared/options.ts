// Options of live transports, and what they have in common in reading them.

import { type Duration, milliseconds } from "../../core/duration.ts";
import { LiveSessionError } from "../../core/errors.ts";

export interface ConnectionOptions {
  /** Calls of one browser tab that may wait or run at a time; more are refused with `too_many_calls`. Default 32. */
  readonly maxCallsInFlight?: number | undefined;
  /** How long the calls of a tab are remembered after its last connection is gone. Default `"60s"`. */
  readonly callRetention?: Duration | undefined;
  /** Browser tabs of one session that a node serves or remembers at a time. Default 64. */
  readonly maxTabs?: number | undefined;
  /** How soon after it connected a browser must say `hello`. Default `"10s"`. */
  readonly helloTimeout?: Duration | undefined;
}

export interface ConnectionLimits {
  readonly maxCallsInFlight: number;
  readonly callRetention: number;
  readonly maxTabs: number;
  readonly helloTimeout: number;
}

/** @throws LiveSessionError `bad_option` */
export function readConnectionOptions(options: ConnectionOptions): ConnectionLimits {
  return {
    maxCallsInFlight: wholeNumber(options.maxCallsInFlight ?? 32, "maxCallsInFlight", 1),
    callRetention: milliseconds(options.callRetention ?? "60s", "callRetention", 0),
    maxTabs: wholeNumber(options.maxTabs ?? 64, "maxTabs", 1),
    helloTimeout: milliseconds(options.helloTimeout ?? "10s", "helloTimeout"),
  };
}

/** @throws LiveSessionError `bad_option` */
export function wholeNumber(value: unknown, option: string, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw badOption(`${option}: ${String(value)} is not a whole number, ${least} or more.`);
}

/** @throws LiveSessionError `bad_option` for the first option that is not one of these */
export function refuseUnknown(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw badOption(`There is no option "${name}".`);
  }
}

export function badOption(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}
