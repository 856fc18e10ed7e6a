// `npm test`: installs what is missing, then lint, types, build and every suite. Goes on after a failure, so that one
// run tells everything. The last line is always `N passed, N failed, N skipped`.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePackages, ensurePrograms, root, run, runTool } from "./setup.mjs";

ensurePackages();
const lacking = ensurePrograms();

// A suite that hangs must not keep the totals from being told.
const deadline = Date.now() + 18 * 60_000;
const timeLeft = () => ({ timeout: Math.max(deadline - Date.now(), 1), killSignal: "SIGKILL" });

const temporary = mkdtempSync(join(tmpdir(), "live-session-test-"));
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

/** A step that counts as one. */
function step(name, runStep) {
  console.log(`\n=== ${name}`);
  if (runStep()) totals.passed++;
  else fail(name, 1);
}

/**
 * A suite of Vitest's, counted by its tests. `needs`: the program without which it is skipped. `file`: the one of its
 * files that is meant, if not all are.
 */
function suite(name, needs, file) {
  const files = file ? [file] : readdirSync(join(root, "tests", name)).filter((each) => each.endsWith(".test.ts"));
  const title = file ? `${name}, ${file}` : name;
  if (needs in lacking) return skipSuite(title, files, lacking[needs]);
  console.log(`\n=== ${title} tests`);
  const report = join(temporary, `${title}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const filter = file ? [`tests/${name}/${file}`] : [];
  const passed = runTool("vitest", ["run", "--project", name, ...filter, ...reporters], timeLeft());
  let counts;
  try {
    counts = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return fail(`${title} tests (no report)`, 1);
  }
  totals.passed += counts.numPassedTests;
  totals.skipped += counts.numPendingTests + counts.numTodoTests;
  if (!passed) fail(`${title} tests`, Math.max(counts.numFailedTests, 1));
}

function fail(name, count) {
  totals.failed += count;
  failures.push(name);
}

/** What cannot run here is said loudly, and in CI is a failure. */
function skipSuite(name, files, { title, variable }) {
  const line = "!".repeat(100);
  console.log(`\n${line}\n!!! SKIPPED: the ${name} suite (${files.join(", ")}).`);
  console.log(`!!! ${title} is not here and could not be installed. Set ${variable} to its path.\n${line}`);
  if (process.env.CI === "true") fail(`${name} tests, which CI must not skip`, files.length);
  else totals.skipped += files.length;
}

step("lint", () => runTool("biome", ["check", "."], timeLeft()));
step("types", () => runTool("tsc", ["--noEmit", "-p", "tsconfig.json"], timeLeft()));
step("build", () => run("node", ["scripts/build.mjs"], timeLeft()));
suite("unit");
suite("integration");
suite("packaging");
suite("redis", "redis");
suite("postgres", "postgres");
suite("nats", "nats");
// A taste of what `npm run test:faults` does at length.
process.env.FAULT_SEEDS = "2";
for (const engine of ["sqlite", "redis", "postgres", "nats"]) suite("faults", engine, `${engine}.test.ts`);
suite("browser", "browser");
step("size of the browser client", () => run("npm", ["run", "--silent", "size"], timeLeft()));
step("unused code and dependencies", () => runTool("knip", [], timeLeft()));

rmSync(temporary, { recursive: true, force: true });
if (failures.length > 0) console.log(`\nFailed: ${failures.join(", ")}`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 ? 1 : 0;
