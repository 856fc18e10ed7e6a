// The dashboard's page: its code and the chart library in one script, its styles in one sheet.

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./setup.mjs";

const source = join(root, "src/dashboard/browser");

/** Where the dashboard looks for it, whether it runs from the sources or from the build. */
const target = join(root, "dist/dashboard/assets");

const notice = "/*! Includes uPlot, (c) Leon Sorokin, MIT License: https://github.com/leeoniya/uPlot */";

/** Also what Vitest runs before the suites that open a dashboard from the sources. */
export async function setup() {
  mkdirSync(target, { recursive: true });
  await build({
    entryPoints: [
      { in: join(source, "main.ts"), out: "dashboard" },
      { in: join(source, "dashboard.css"), out: "dashboard" },
    ],
    outdir: target,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    banner: { js: notice, css: notice },
    logLevel: "warning",
  });
  copyFileSync(join(source, "dashboard.svg"), join(target, "dashboard.svg"));
}
