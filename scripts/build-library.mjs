// The JavaScript in dist: a file for each subpath, and those that they share in dist/shared. Hundreds of small files would
// take Node longer to find and read than to run. Declarations are tsc's, a file for each source.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { build } from "rolldown";
import { root } from "./setup.mjs";

/** What nearly every subpath needs lies together: one file to load. */
const shared = ["core", "http/shared", "live/shared"];

export async function buildLibrary() {
  const entries = readdirSync(join(root, "src")).filter((name) => name.endsWith(".ts") && name !== "cli.ts");
  await build({
    cwd: root,
    input: Object.fromEntries(entries.map((name) => [name.replace(/\.ts$/, ""), `src/${name}`])),
    platform: "node",
    external: /^[^./]/,
    onLog(level, log, handler) {
      // "use client" of the React hooks stands at the top of its file, whatever is said about others.
      if (log.code !== "MODULE_LEVEL_DIRECTIVE") handler(level, log);
    },
    output: {
      dir: "dist",
      format: "esm",
      sourcemap: true,
      comments: { annotation: true, legal: true, jsdoc: false },
      entryFileNames: "[name].js",
      chunkFileNames: "shared/[name].js",
      codeSplitting: {
        groups: shared.map((path) => ({ name: path.split("/")[0], test: new RegExp(`/src/${path}/`) })),
      },
    },
  });
}

/** For a script element of a page. */
export async function buildClient() {
  await bundle({
    absWorkingDir: root,
    entryPoints: ["src/client.ts"],
    outfile: "dist/client.min.js",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
  });
}
