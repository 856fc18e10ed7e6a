// Figures as people read them.

import { type Case, type Goal, isMet, type Spread } from "./results.ts";

/** Three digits that count; thousands are grouped. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

export function times(value: number): string {
  if (value >= 100) return `${number(value)}×`;
  return `${value < 0.1 ? Number(value.toPrecision(2)) : value.toFixed(2)}×`;
}

/** The median, and how far the rounds lie apart where there were several. */
export function withSpread({ median, low, high }: Spread, format: (value: number) => string): string {
  return low === high ? format(median) : `${format(median)} (${format(low)} to ${format(high)})`;
}

export function goalText({ atLeast, atMost }: Goal, format: (value: number) => string): string {
  return atLeast === undefined ? `≤ ${format(atMost ?? Number.NaN)}` : `≥ ${format(atLeast)}`;
}

export function verdict(figure: Spread, goal: Goal | undefined, format: (value: number) => string): string {
  return goal ? `${goalText(goal, format)} ${isMet(figure, goal) ? "met" : "missed"}` : "";
}

/** A case for the terminal. */
export function caseText({ name, unit, figures, ratios, goal }: Case): string {
  const lines = figures.map((figure, index) => {
    const ratio = ratios.find(({ beside }) => beside === figure.side);
    const words = [
      `    ${figure.side.padEnd(34)} ${withSpread(figure, number)}`,
      index === 0 && verdict(figure, goal, number),
      ratio && `  ours: ${withSpread(ratio, times)} ${verdict(ratio, ratio.goal, times)}`,
    ];
    return words.filter(Boolean).join(" ").trimEnd();
  });
  return `\n  ${name}, ${unit}\n${lines.join("\n")}`;
}
