// dist/cli.js and dist/demo: bundled, so that the package needs no other. Client libraries stay the user's own.

import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./setup.mjs";

const common = { absWorkingDir: root, bundle: true, format: "esm", metafile: true, logLevel: "warning" };

/** For Node. Packages of CommonJS ask for Node's modules by `require`, which an ES module has to make. */
const forNode = {
  ...common,
  platform: "node",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
  },
};

/** @param dist the folder that takes it; tests have one of their own */
export async function buildCommand(dist) {
  const bundles = await Promise.all([
    build({ ...forNode, entryPoints: ["src/cli.ts"], outdir: dist }),
    build({
      ...forNode,
      entryPoints: ["examples/shop/demo.ts"],
      outfile: join(dist, "demo/shop.js"),
      minify: true,
      external: ["esbuild"],
    }),
    build({
      ...common,
      entryPoints: ["examples/shop/browser.ts"],
      outfile: join(dist, "demo/browser.js"),
      minify: true,
      target: "es2022",
    }),
  ]);
  chmodSync(join(dist, "cli.js"), 0o755);
  cpSync(join(root, "examples/shop/public"), join(dist, "demo/public"), { recursive: true });
  writeFileSync(
    join(dist, "THIRD-PARTY-LICENSES.txt"),
    licenses(bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs))),
  );
}

/** The licenses of all packages that the bundles are made of: they ask to be handed on. */
function licenses(inputs) {
  const folders = inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
    const text = file && existsSync(join(root, folder, file)) ? readFileSync(join(root, folder, file), "utf8") : "";
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return `The command and its demo are bundled with these packages:\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`;
}
