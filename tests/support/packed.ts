// The package as `npm publish` would pack it, laid out in apps as `npm install` would.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./repository.ts";

/** Packs (which builds) into a folder; returns the path of the tarball. */
export function pack(folder: string): string {
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const name = readdirSync(folder).find((file) => file.endsWith(".tgz"));
  return join(folder, name ?? "no tarball");
}

/** Makes an app of its own, whatever lies in the folders above, with the packed package and others of the repository. */
export function layOut(app: string, tarball: string, packages: readonly string[]): void {
  const modules = join(app, "node_modules");
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(app, "package.json"), "{}");
  execFileSync("tar", ["-xzf", tarball, "-C", modules]);
  renameSync(join(modules, "package"), join(modules, "live-session"));
  for (const name of packages) {
    mkdirSync(dirname(join(modules, name)), { recursive: true }); // a scope is a folder
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
}
