// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function count(value: number): string {
  return value >= 100_000 ? compact.format(value) : whole.format(value);
}

export function rate(value: number): string {
  return value >= 10 ? count(value) : fine.format(value);
}

/** Beside an axis, where a number is exactly what it stands for. */
export function tick(value: number): string {
  return value >= 100_000 ? compact.format(value) : exact.format(value);
}

export function bytes(value: number): string {
  if (value < 1024) return `${whole.format(value)} B`;
  return value < 1024 * 1024 ? `${fine.format(value / 1024)} KiB` : `${fine.format(value / 1024 / 1024)} MiB`;
}

export function milliseconds(value: number): string {
  return value < 1000 ? `${value} ms` : `${value / 1000} s`;
}

type Unit = readonly [name: string, ms: number];

const units: readonly Unit[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];

/** In its largest unit, and the next if there are few of it: `1 day 22 hours`. To the nearest: two days less a second are two. */
export function span(ms: number): string {
  const length = Math.max(ms, 0);
  const roughly = units.findIndex(([, size]) => length >= size);
  if (roughly === -1) return "a moment";
  const [, large] = units[roughly] as Unit;
  const [, fine] = units[length < 3 * large ? roughly + 1 : roughly] ?? (units[roughly] as Unit);
  const rounded = Math.round(length / fine) * fine;
  const at = units.findIndex(([, size]) => rounded >= size);
  const [unit, size] = units[at] as Unit;
  const [amount, left] = [Math.floor(rounded / size), rounded % size];
  const next = units[at + 1];
  return next && left > 0 ? `${many(amount, unit)} ${many(left / next[1], next[0])}` : many(amount, unit);
}

export function many(amount: number, what: string): string {
  return `${count(amount)} ${what}${amount === 1 ? "" : "s"}`;
}

const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const fullTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export function timeOfDay(at: number): string {
  return clockTime.format(at);
}

export function dateTime(at: number): string {
  return fullTime.format(at);
}
