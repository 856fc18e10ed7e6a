// Numbers and durations of options.

import { type Duration, milliseconds } from "../core/duration.ts";
import { usage } from "./failures.ts";

/** @throws CliError `bad_usage` */
export function wholeNumber(text: string, option: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw usage(
    `${option}: a whole number${most < Number.MAX_SAFE_INTEGER ? ` from ${least} to ${most}` : `, ${least} or more`}.`,
  );
}

/** In ms. @throws LiveSessionError `bad_option` */
export function retentionOf(text: string): number {
  const duration = /^\d+$/.test(text) ? Number(text) : (text as Duration);
  return milliseconds(duration, "--retention", 0);
}

/** The app's default. */
export const DEFAULT_RETENTION = 600_000;
