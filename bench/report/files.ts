// The files of the benchmarks: rows, figures, notes, the page and its plots.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { page } from "./page.ts";
import type { Results } from "./results.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const results = join(root, "bench/results.json");
const plots = join(root, "docs/benchmarks");

/** The rows by the names of their files, in the order of the alphabet. */
export function rowNames(): string[] {
  const files = readdirSync(join(root, "bench/rows"));
  return files.map((file) => file.replace(/\.ts$/, "")).sort();
}

export function hasResults(): boolean {
  return existsSync(results);
}

export function readResults(): Results {
  return JSON.parse(readFileSync(results, "utf8"));
}

/** Figures keep four digits: more would say more than was measured. */
export function writeResults(found: Results): void {
  const rounded = (_name: string, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  writeFileSync(results, `${JSON.stringify(found, rounded, 2)}\n`);
}

/** The page and its plots, by their paths from the root. */
export function report(found: Results): Record<string, string> {
  return page(found, noteOf);
}

export function writeReport(found: Results): void {
  rmSync(plots, { recursive: true, force: true });
  for (const [path, text] of Object.entries(report(found))) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** What a person wrote about a row: what was tried where it loses, and what the limit is. */
function noteOf(row: string): string {
  const path = join(root, `bench/notes/${row}.md`);
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}
