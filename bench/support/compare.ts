// Contenders side by side in one run: A B A B, so that what the machine does meanwhile falls on all of them alike.

import { Bench } from "tinybench";

export interface Contender {
  readonly name: string;
  /** Does `operations` operations, and resolves when the last one is done. */
  readonly batch: () => Promise<void>;
}

export interface Comparison {
  /** What one operation is, such as `get`. */
  readonly operation: string;
  /** The first one is ours: the others are what it is compared with. */
  readonly contenders: readonly Contender[];
  /** Operations of one batch. */
  readonly operations: number;
  /** How often each contender takes its turn. Default 9. */
  readonly rounds?: number;
}

export interface Figure {
  readonly name: string;
  /** Operations a second: median over the rounds, and the slowest and fastest of them. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const ROUND_MS = 300;

/** One round of each contender to warm up, then the rounds that count. Prints the figures and gives them back. */
export async function compare({ operation, contenders, operations, rounds = 9 }: Comparison): Promise<Figure[]> {
  const speeds = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { name, batch }] of contenders.entries()) {
      globalThis.gc?.();
      const bench = new Bench({ time: ROUND_MS, iterations: 3, warmup: false, throws: true });
      bench.add(name, batch);
      const [task] = await bench.run();
      if (task?.result.state !== "completed") throw new Error(`${name} did not complete.`);
      if (round > 0) speeds[index]?.push((1000 * operations) / task.result.latency.mean);
    }
  }
  const figures = contenders.map(({ name }, index) => figure(name, speeds[index] ?? []));
  print(operation, figures);
  return figures;
}

function figure(name: string, speeds: readonly number[]): Figure {
  const sorted = [...speeds].sort((one, other) => one - other);
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  return { name, median: at(0.5), low: at(0), high: at(1) };
}

function print(operation: string, figures: readonly Figure[]): void {
  const [ours] = figures;
  console.log(`\n  ${operation}`);
  for (const { name, median, low, high } of figures) {
    const spread = `${count(low)} to ${count(high)}`;
    const ratio = ours && name !== ours.name ? `   ${ours.name}: ${(ours.median / median).toFixed(2)}x` : "";
    console.log(`    ${name.padEnd(28)} ${count(median).padStart(12)}/s   (${spread})${ratio}`);
  }
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}
