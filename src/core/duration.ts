// Durations: milliseconds as a number, or a string with its unit, so that none is ever in the wrong one.

import { LiveSessionError } from "./errors.ts";

/** Milliseconds, or a number with a unit: `"500ms"`, `"30s"`, `"30m"`, `"12h"`, `"2d"`, `"1w"`. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d" | "w"}`;

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A hundred years in ms: anything longer is a mistake of units, and too far for some engine's dates. */
export const LONGEST_MS: number = 100 * 365 * 86_400_000;

/**
 * The milliseconds of a duration.
 *
 * @param option how the error names it
 * @throws LiveSessionError `bad_option` for anything but a whole number of ms between `least` and a hundred years
 */
export function milliseconds(duration: Duration, option: string, least = 1): number {
  const ms = typeof duration === "string" ? parse(duration) : duration;
  if (typeof ms === "number" && Number.isFinite(ms) && ms >= least && ms <= LONGEST_MS) return Math.round(ms);
  const shown = typeof duration === "string" ? `"${duration}"` : String(duration);
  throw new LiveSessionError(
    "bad_option",
    `${option}: ${shown} is not a duration from ${least} ms to a hundred years. Give milliseconds, or a string such ` +
      'as "500ms", "30s", "30m", "12h", "2d" or "1w".',
  );
}

function parse(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text);
  return match ? Number(match[1]) * (units[match[2] as string] as number) : Number.NaN;
}
