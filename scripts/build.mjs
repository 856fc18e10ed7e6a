// `npm run build`: plain tsc into a clean dist.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { root, runTool } from "./setup.mjs";

rmSync(join(root, "dist"), { recursive: true, force: true });
process.exitCode = runTool("tsc", ["-p", "tsconfig.build.json"]) ? 0 : 1;
