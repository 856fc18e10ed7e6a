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

/** A suite of Vitest's, counted by its tests. `needs`: the program without which it is skipped. */
function suite(name, needs) {
  if (needs in lacking) return skipSuite(name, lacking[needs]);
  console.log(`\n=== ${name} tests`);
  const report = join(temporary, `${name}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const passed = runTool("vitest", ["run", "--project", name, ...reporters], timeLeft());
  let counts;
  try {
    counts = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return fail(`${name} tests (no report)`, 1);
  }
  totals.passed += counts.numPassedTests;
  totals.skipped += counts.numPendingTests + counts.numTodoTests;
  if (!passed) fail(`${name} tests`, Math.max(counts.numFailedTests, 1));
}

function fail(name, count) {
  totals.failed += count;
  failures.push(name);
}

/** What cannot run here is said loudly, and in CI is a failure. */
function skipSuite(name, { title, variable }) {
  const files = readdirSync(join(root, "tests", name)).filter((file) => file.endsWith(".test.ts"));
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
suite("browser", "browser");
step("size of the browser client", () => run("npm", ["run", "--silent", "size"], timeLeft()));
step("unused code and dependencies", () => runTool("knip", [], timeLeft()));

rmSync(temporary, { recursive: true, force: true });
if (failures.length > 0) console.log(`\nFailed: ${failures.join(", ")}`);
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 ? 1 : 0;
