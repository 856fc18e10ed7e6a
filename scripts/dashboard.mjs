// The dashboard's page: its code and the chart library in one script, its styles in one sheet.

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./setup.mjs";

const source = join(root, "src/dashboard/browser");

const notice = "/*! Includes uPlot, (c) Leon Sorokin, MIT License: https://github.com/leeoniya/uPlot */";

/** What Vitest runs before the suites that open a dashboard from the sources: it is looked for there from both. */
export function setup() {
  return buildDashboard(join(root, "dist"));
}

/** @param dist the folder of the package that takes it */
export async function buildDashboard(dist) {
  const target = join(dist, "dashboard/assets");
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
