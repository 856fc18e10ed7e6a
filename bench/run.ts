// `npm run bench` runs every row, `npm run bench -- express-store ws-idle` those named. A row is a file of this folder that
// exports `run`; what rows share lies in support/.

import { readdirSync } from "node:fs";
import { cpus } from "node:os";

const rows = readdirSync(new URL(".", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== "run.ts")
  .map((entry) => entry.name.replace(/\.ts$/, ""))
  .sort();

const named = process.argv.slice(2);
const unknown = named.filter((name) => !rows.includes(name));
if (unknown.length > 0) {
  console.error(`There is no row ${unknown.join(", ")}. The rows are: ${rows.join(", ")}.`);
  process.exit(1);
}

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown processor"}`);
for (const name of named.length > 0 ? named : rows) {
  console.log(`\n${name}`);
  const { run }: { run: () => Promise<void> } = await import(new URL(`${name}.ts`, import.meta.url).href);
  await run();
}
