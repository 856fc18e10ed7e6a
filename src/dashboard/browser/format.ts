// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(value: number): string {
  return value >= 100_000 ? compact.format(value) : whole.format(value);
}

export function rate(value: number): string {
  return value >= 100_000 ? compact.format(value) : value >= 100 ? whole.format(value) : fine.format(value);
}

export function bytes(value: number): string {
  if (value < 1024) return `${whole.format(value)} B`;
  return value < 1024 * 1024 ? `${fine.format(value / 1024)} KiB` : `${fine.format(value / 1024 / 1024)} MiB`;
}

export function milliseconds(value: number): string {
  return value < 1000 ? `${value} ms` : `${value / 1000} s`;
}

const units: readonly (readonly [string, number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];

/** In its largest unit: `3 days`. */
export function span(ms: number): string {
  const positive = Math.max(ms, 0);
  for (const [unit, size] of units) {
    const amount = Math.floor(positive / size);
    if (amount >= 1) return `${amount} ${unit}${amount === 1 ? "" : "s"}`;
  }
  return "a moment";
}

const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const fullTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export function timeOfDay(at: number): string {
  return clockTime.format(at);
}

export function dateTime(at: number): string {
  return fullTime.format(at);
}
