// Frames summed over the nodes that are looked at.

import { type Figures, type Frame, type LatencyName, latencyBounds, type RateName } from "../wire.ts";
import { milliseconds } from "./format.ts";

/** The figures of one node, or of all (`null`). */
export function chosen(frame: Frame, node: string | null): readonly Figures[] {
  return node === null ? frame.nodes : frame.nodes.filter((each) => each.node === node);
}

export function sum(figures: readonly Figures[], of: (each: Figures) => number): number {
  return figures.reduce((total, each) => total + of(each), 0);
}

export function rateOf(figures: readonly Figures[], name: RateName): number {
  return sum(figures, ({ rates }) => rates[name]);
}

export function connectionsOf({ connections }: Figures): number {
  return Object.values(connections).reduce((total, each) => total + each, 0);
}

export function latencyOf(figures: readonly Figures[], name: LatencyName): number[] {
  return Array.from({ length: latencyBounds.length + 1 }, (_none, at) =>
    sum(figures, ({ latency }) => latency[name][at] ?? 0),
  );
}

/** The bound of the bucket by which such a part of all was done. */
export function within(counts: readonly number[], part: number): string {
  const total = counts.reduce((all, each) => all + each, 0);
  if (total === 0) return "–";
  let seen = 0;
  for (const [at, times] of counts.entries()) {
    seen += times;
    if (seen < total * part) continue;
    const bound = latencyBounds[at];
    return bound === undefined ? `over ${milliseconds(latencyBounds.at(-1) as number)}` : milliseconds(bound);
  }
  return "–";
}
