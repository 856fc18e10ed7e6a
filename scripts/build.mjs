// `npm run build`: plain tsc into a clean dist; the browser client in one file, for pages without a bundler; the files of the
// dashboard's page; and the command, bundled with the libraries that it is made of.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { buildCommand } from "./build-command.mjs";
import { setup as buildDashboard } from "./dashboard.mjs";
import { root, runTool } from "./setup.mjs";

rmSync(join(root, "dist"), { recursive: true, force: true });
const compiled = runTool("tsc", ["-p", "tsconfig.build.json"]);
if (compiled) {
  await build({
    absWorkingDir: root,
    entryPoints: ["src/client.ts"],
    outfile: "dist/client.min.js",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
  });
  await buildDashboard();
  await buildCommand();
}
process.exitCode = compiled ? 0 : 1;
