// `npm run bench`: measures the built package, as users have it, not the sources through a transpiler.

import { join } from "node:path";
import { ensurePackages, ensurePrograms, root, run } from "./setup.mjs";

ensurePackages();
ensurePrograms();
if (!run(process.execPath, [join(root, "scripts/build.mjs")])) process.exit(1);
// Without the paths of the main one, by which "live-session" would be the sources.
const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, "bench/tsconfig.json") };
const parameters = ["--expose-gc", "--import", "tsx", "bench/run.ts", ...process.argv.slice(2)];
process.exitCode = run(process.execPath, parameters, { env }) ? 0 : 1;
