// A Node that has node:sqlite, for the tests of that driver: this one if it does, else one from npm, kept in npm's cache
// and not among our packages, where its `node` would come before the one that runs everything else.
// `node scripts/newer-node.mjs` prints its path. Built-ins only, as in setup.mjs.

import { spawnSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

const VERSION = "24.21.0";

/** Linux has its binary in a package of its own, without install scripts; elsewhere `node` picks it by one. */
const name = process.platform === "linux" ? `node-linux-${process.arch}` : "node";

/** The path of a Node with node:sqlite, or undefined where none can be had. `NEWER_NODE` names one. */
export function findNewerNode() {
  if (process.env.NEWER_NODE) return process.env.NEWER_NODE;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return process.execPath;
  const parameters = ["exec", "--yes", `--package=${name}@${VERSION}`, "--", "node", "-p", "process.execPath"];
  const { status, stdout } = spawnSync("npm", parameters, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    shell: process.platform === "win32",
    timeout: 100_000,
  });
  return status === 0 ? stdout.trim() : undefined;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  console.log(findNewerNode() ?? "");
}
