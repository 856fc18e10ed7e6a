// Texts for terminals: tables, times, sizes. What comes out of a store must not steer the terminal that shows it.

/** Without control characters and what turns the direction of writing, which could show something else than is there. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd");
}

/** Rows under a heading, in columns as wide as their widest text. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows].map((row) => row.map(plain));
  const widths = heading.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const steps = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

/** A span of time in its largest unit, such as "3 h". */
export function span(ms: number): string {
  const [size, unit] = steps.find(([size]) => Math.abs(ms) >= size) ?? [1, "ms"];
  return `${Math.floor(Math.abs(ms) / size)} ${unit}`;
}

export function bytes(count: number): string {
  return count < 1_000 ? `${count} B` : `${(count / 1_000).toFixed(1)} kB`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
