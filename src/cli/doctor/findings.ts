// What the doctor says.

import { span } from "../text.ts";

export interface Finding {
  /** A short name that stays: scripts may go by it. */
  readonly check: string;
  /** `note`: could not be told, or worth a thought. Only a `problem` makes the doctor fail. */
  readonly level: "ok" | "note" | "problem";
  readonly found: string;
  /** What to do about it. */
  readonly mend?: string;
}

export function ok(check: string, found: string): Finding {
  return { check, level: "ok", found };
}

export function note(check: string, found: string, mend?: string): Finding {
  return { check, level: "note", found, ...(mend && { mend }) };
}

export function problem(check: string, found: string, mend: string): Finding {
  return { check, level: "problem", found, mend };
}

/** Where it holds it is fine, else a problem. */
export function expect(holds: boolean, check: string, found: string, mend: string): Finding {
  return holds ? ok(check, found) : problem(check, found, mend);
}

/** Clocks that NTP keeps in step differ by less. In ms. */
const MOST_SKEW = 1_000;

/**
 * How far this machine's clock is from the engine's, which answered between `before` and `after` of this one.
 *
 * @param precision how coarse `theirs` is, in ms
 */
export function clockFinding(before: number, theirs: number, after: number, precision = 1): Finding {
  const early = before - theirs - precision;
  const late = theirs - after;
  const off = Math.max(early, late, 0);
  const words =
    off < 1 ? "in step with this machine's" : `${span(off)} ${late > 0 ? "ahead of" : "behind"} this machine's`;
  const mend = "Set both by NTP: expiry goes by the engine's clock, cookies and logs by the others.";
  return expect(off <= MOST_SKEW, "clock", `the clock is ${words}`, mend);
}

/** Whether a dotted version is at least another. */
export function atLeast(version: string, least: string): boolean {
  const [one, two] = [version, least].map((each) => each.split(".").map((part) => Number.parseInt(part, 10) || 0)) as [
    number[],
    number[],
  ];
  for (const [at, wanted] of two.entries()) {
    const has = one[at] ?? 0;
    if (has !== wanted) return has > wanted;
  }
  return true;
}
