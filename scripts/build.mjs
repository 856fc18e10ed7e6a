// `npm run build`: plain tsc into a clean dist, and the files of the dashboard's page.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { setup as buildDashboard } from "./dashboard.mjs";
import { root, runTool } from "./setup.mjs";

rmSync(join(root, "dist"), { recursive: true, force: true });
process.exitCode = runTool("tsc", ["-p", "tsconfig.build.json"]) ? 0 : 1;
await buildDashboard();
