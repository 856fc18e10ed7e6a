// `npm run test:fuzz`: the fuzz tests with a million inputs, or FUZZ_RUNS.

import { runTool } from "./setup.mjs";

process.env.FUZZ_RUNS ??= "1000000";
process.exitCode = runTool("vitest", ["run", "--project", "unit", "tests/unit/fuzz", ...process.argv.slice(2)]) ? 0 : 1;
