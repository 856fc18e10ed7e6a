// `npm run bench` runs every row and writes bench/results.json, docs/benchmarks.md and its plots.
// `npm run bench -- express-store redis-put` runs those named and writes nothing, unless `--save` puts their figures among
// the others. `npm run bench -- --report` writes the page again from the figures that are there.

import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { hasResults, readResults, rowNames, writeReport, writeResults } from "./report/files.ts";
import { machine, sameMachine } from "./report/machine.ts";
import type { RowResult } from "./report/results.ts";
import { caseText } from "./report/text.ts";
import type { Row } from "./support/measure.ts";

const { values: flags, positionals: named } = parseArgs({
  options: { save: { type: "boolean", default: false }, report: { type: "boolean", default: false } },
  allowPositionals: true,
});
const all = rowNames();
const unknown = named.filter((name) => !all.includes(name));
if (unknown.length > 0) refuse(`There is no row ${unknown.join(", ")}. The rows are: ${all.join(", ")}.`);

if (flags.report) writeReport(readResults());
else await measure();

async function measure(): Promise<void> {
  const here = machine();
  const whole = named.length === 0;
  const others = flags.save && !whole && hasResults() ? readResults() : undefined;
  if (others && !sameMachine(others.machine, here)) {
    refuse("bench/results.json is of another machine or other versions: run every row, or leave out --save.");
  }
  console.log(`Node ${here.node}, ${here.cores} × ${here.processor}`);
  const rows: Record<string, RowResult> = {};
  for (const name of whole ? all : named) rows[name] = await measureRow(name);
  if (!whole && !flags.save) return;
  const results = { machine: here, rows: { ...others?.rows, ...rows } };
  writeResults(results);
  writeReport(readResults()); // of the figures as they are kept
}

async function measureRow(name: string): Promise<RowResult> {
  const { row }: { row: Row } = await import(new URL(`rows/${name}.ts`, import.meta.url).href);
  const { group, title, about } = row;
  console.log(`\n${name}: ${title}`);
  const [load = 0] = loadavg();
  const date = new Date().toISOString();
  const start = performance.now();
  const cases: RowResult["cases"][number][] = [];
  for await (const measured of row.run()) {
    console.log(caseText(measured));
    cases.push(measured);
  }
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`  (${seconds} s)`);
  return { group, title, about, date, seconds, load: Math.round(load * 10) / 10, cases };
}

function refuse(words: string): never {
  console.error(words);
  process.exit(1);
}
