// `npm run build`, into a clean dist: declarations by tsc; the code, a file for each subpath; the browser client in one file,
// for pages without a bundler; the files of the dashboard's page; and the command, bundled with the libraries that it is made
// of.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { buildCommand } from "./build-command.mjs";
import { buildClient, buildLibrary } from "./build-library.mjs";
import { buildDashboard } from "./dashboard.mjs";
import { root, runTool } from "./setup.mjs";

const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
const compiled = runTool("tsc", ["-p", "tsconfig.build.json"]);
if (compiled) {
  await buildLibrary();
  await buildClient();
  await buildDashboard(dist);
  await buildCommand(dist);
}
process.exitCode = compiled ? 0 : 1;
