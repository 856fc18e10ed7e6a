// What a run leaves behind, as bench/results.json keeps it.

/** The median over the rounds, and the lowest and highest of them. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** What one side came to, in the unit of its case. */
export interface Figure extends Spread {
  readonly side: string;
}

/** One of them; where it is set for a ratio it is a number of times. */
export interface Goal {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Our figure divided by that of the other side in the same round. */
export interface Ratio extends Spread {
  readonly beside: string;
  /** A peer is what a user would pick instead; a limit is the least work that could do the same. */
  readonly kind: "peer" | "limit";
  readonly goal?: Goal;
}

/** One thing that was measured. */
export interface Case {
  readonly name: string;
  /** Such as "puts/s", "ms" or "bytes a session". */
  readonly unit: string;
  readonly better: "more" | "less";
  readonly rounds: number;
  /** Ours comes first. */
  readonly figures: readonly Figure[];
  readonly ratios: readonly Ratio[];
  /** What our own figure should be, in the unit of the case. */
  readonly goal?: Goal;
}

export const groups = [
  "Express in memory",
  "Memory store",
  "Puts in one process",
  "Redis and PostgreSQL",
  "Sockets and nodes",
  "Live views",
  "Size and start",
  "Beyond the goals",
] as const;

export type Group = (typeof groups)[number];

export interface RowResult {
  readonly group: Group;
  readonly title: string;
  /** A sentence or two: what is done, and how. */
  readonly about: string;
  /** When it was measured, in UTC. */
  readonly date: string;
  readonly seconds: number;
  /** Processes that ran or waited for a core before the row began, on average over the last minute. */
  readonly load: number;
  readonly cases: readonly Case[];
}

/** What the figures depend on. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  /** Of packages and servers, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Results {
  readonly machine: Machine;
  readonly rows: Readonly<Record<string, RowResult>>;
}

export function isMet({ median }: Spread, { atLeast, atMost }: Goal): boolean {
  return (atLeast === undefined || median >= atLeast) && (atMost === undefined || median <= atMost);
}
