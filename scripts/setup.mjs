// What has to be on the machine before anything runs: npm packages and, for some suites, a Chromium and a newer Node.
// `node scripts/setup.mjs` does just that. Built-ins only, since it runs before anything is installed.

import { spawnSync } from "node:child_process";
import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findNewerNode } from "./newer-node.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command with its output shown; true if it succeeded. */
export function run(command, parameters, options = {}) {
  const { status } = spawnSync(command, parameters, { cwd: root, stdio: "inherit", ...options });
  return status === 0;
}

/** As run, with a command of the installed packages: not through npx, which would download one that is missing. */
export function runTool(name, parameters, options) {
  return run(join(root, "node_modules/.bin", name), parameters, { shell: process.platform === "win32", ...options });
}

/** Installs the npm packages unless those of this lock file are there. */
export function ensurePackages() {
  const installed = join(root, "node_modules/.package-lock.json");
  const lock = join(root, "package-lock.json");
  const locked = existsSync(lock);
  if (existsSync(installed) && (!locked || statSync(installed).mtimeMs >= statSync(lock).mtimeMs)) return;
  console.log("Installing npm packages ...");
  const install = [locked ? "ci" : "install", "--no-audit", "--no-fund"];
  if (run("npm", install, { shell: process.platform === "win32" })) return;
  console.error("The npm packages could not be installed: see above.");
  process.exit(1);
}

const browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The path of a Chromium, or undefined. */
export function findBrowser() {
  return [process.env.CHROMIUM_PATH, ...browsers].find((path) => path && existsSync(path));
}

/** As findBrowser, but installs Debian's through apt if there is none and that is possible. */
export function ensureBrowser() {
  const found = findBrowser();
  if (found || !existsSync("/usr/bin/apt-get")) return found;
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const apt = (...parameters) => {
    const [command, ...rest] = [...asRoot, "apt-get", ...parameters];
    return run(command, rest, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  console.log("Installing Chromium for the browser suite ...");
  const install = () => apt("install", "-y", "-q", "--no-install-recommends", "chromium");
  if (!install() && apt("update", "-q")) install();
  return findBrowser();
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  ensurePackages();
  console.log(`Browser: ${ensureBrowser() ?? "none found, and none could be installed"}`);
  console.log(`A Node with node:sqlite: ${findNewerNode() ?? "this one has none, and none could be fetched"}`);
}
