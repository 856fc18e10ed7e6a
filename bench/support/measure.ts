// Sides measured in turns, A B A B, so that what the machine does meanwhile falls on all alike.

import { Bench } from "tinybench";
import type { Case, Goal, Group, Ratio, Spread } from "../report/results.ts";

/** A row of the benchmarks: a file in bench/rows exports one. */
export interface Row {
  readonly group: Group;
  readonly title: string;
  /** A sentence or two: what is done, and how. */
  readonly about: string;
  /** Gives each case as soon as it is measured. */
  run(): AsyncIterable<Case>;
}

export interface Side<T> {
  readonly name: string;
  /** Measures once. */
  readonly measure: () => T | Promise<T>;
}

export interface Rounds {
  /** How often each side takes its turn. Default 5. */
  readonly rounds?: number;
  /** Whether a first round of each is not counted. Default true. */
  readonly warmUp?: boolean;
}

/** What each side measured in each round. */
export type Samples<T> = Readonly<Record<string, readonly T[]>>;

export async function inTurns<T>(
  sides: readonly Side<T>[],
  { rounds = 5, warmUp = true }: Rounds = {},
): Promise<Samples<T>> {
  const samples = new Map<string, T[]>(sides.map(({ name }) => [name, []]));
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    for (const { name, measure } of sides) {
      globalThis.gc?.();
      const measured = await measure();
      if (round >= 0) samples.get(name)?.push(measured);
    }
  }
  return Object.fromEntries(samples);
}

/** The part of each sample that a case is about. */
export function pick<T>(samples: Samples<T>, part: (sample: T) => number): Samples<number> {
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, values.map(part)]));
}

export interface CaseDefinition {
  readonly name: string;
  readonly unit: string;
  readonly better: "more" | "less";
  readonly samples: Samples<number>;
  /** The side that is compared with the others. */
  readonly ours: string;
  /** The others, by name. */
  readonly beside?: Readonly<Record<string, Pick<Ratio, "kind" | "goal">>>;
  readonly goal?: Goal;
}

export function caseOf({ name, unit, better, samples, ours, beside = {}, goal }: CaseDefinition): Case {
  const of = (side: string): readonly number[] => {
    const values = samples[side];
    if (!values?.length) throw new Error(`${name}: ${side} was not measured.`);
    return values;
  };
  const own = of(ours);
  return {
    name,
    unit,
    better,
    rounds: own.length,
    figures: [ours, ...Object.keys(beside)].map((side) => ({ side, ...spreadOf(of(side)) })),
    ratios: Object.entries(beside).map(([side, { kind, goal }]) => ({
      beside: side,
      kind,
      ...(goal && { goal }),
      ...spreadOf(of(side).map((value, round) => (own[round] ?? Number.NaN) / value)),
    })),
    ...(goal && { goal }),
  };
}

export interface Comparison extends Omit<CaseDefinition, "samples" | "ours">, Rounds {
  /** Ours comes first. */
  readonly sides: readonly Side<number>[];
}

/** Measures the sides in turns. */
export async function compare({ sides, rounds, warmUp, ...about }: Comparison): Promise<Case> {
  const samples = await inTurns(sides, { ...(rounds && { rounds }), ...(warmUp !== undefined && { warmUp }) });
  return caseOf({ ...about, samples, ours: sides[0]?.name ?? "" });
}

/** Operations a second: a batch of so many, again and again for a third of a second. */
export async function rateOf(operations: number, batch: () => Promise<void>): Promise<number> {
  const bench = new Bench({ time: 300, iterations: 3, warmup: false, throws: true });
  bench.add("batch", batch);
  const [task] = await bench.run();
  if (task?.result.state !== "completed") throw new Error("A batch did not complete.");
  return (1000 * operations) / task.result.latency.mean;
}

/** Operations a second with so many in flight, for so many ms. Each is told which it is, from 0. */
export async function rateInFlight(
  inFlight: number,
  ms: number,
  operation: (index: number) => Promise<unknown>,
): Promise<number> {
  const start = performance.now();
  let started = 0;
  let done = 0;
  const lane = async () => {
    while (performance.now() - start < ms) {
      await operation(started++);
      done++;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (1000 * done) / (performance.now() - start);
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** Of an even number of values, halfway between the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const [low = Number.NaN, high = low] = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return (low + high) / 2;
}

/** The value below which this part of the values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? Number.NaN;
}
