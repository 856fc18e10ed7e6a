// What the packaging tests know of the repository: its files, its package.json, its subpaths.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

interface Manifest {
  exports: Record<string, string | { types: string; default: string }>;
  version: string;
  bin: Record<string, string>;
  dependencies?: Record<string, string>;
  peerDependencies: Record<string, string>;
}

export const manifest: Manifest = JSON.parse(read("package.json"));

export const manifestVersion = manifest.version;

/** The subpaths that are files of `src`: "index" for ".", "express" for "./express", ... */
export const entries = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json" && subpath !== "./client.min.js")
  .map((subpath) => (subpath === "." ? "index" : subpath.slice(2)));

export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** All files below a folder, as paths from the root with "/". */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll("\\", "/"));
}

const notOurs = new Set([".git", "node_modules", "dist", "build", ".data", "coverage"]);

/** The committed files; in a tree without git, all that are not installed or built. */
export function committedFiles(): string[] {
  const paths = existsSync(join(root, ".git")) ? listedByGit() : [];
  if (paths.length > 0) return paths;
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(entry.name) : [entry.name]));
}

function listedByGit(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0");
  return listed.filter((path) => path !== "" && existsSync(join(root, path)));
}
