// What has to be on the machine before anything runs: npm packages and, for the suites that use them, a
// browser, servers and a newer Node.
// `node scripts/setup.mjs` does just that. Built-ins only, since it runs before anything is installed.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
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

/** What suites need beside npm packages: where it may be found, and the Debian package that has it. */
const programs = {
  browser: {
    title: "Chromium",
    variable: "CHROMIUM_PATH",
    paths: () => ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
    debian: "chromium",
  },
  redis: {
    title: "Redis",
    variable: "REDIS_SERVER_PATH",
    paths: () => [...onPath("redis-server"), ...onPath("valkey-server")],
    debian: "redis-server",
  },
  postgres: {
    title: "PostgreSQL",
    variable: "POSTGRES_PATH",
    paths: () => [...inFolders("/usr/lib/postgresql", "bin/postgres"), ...onPath("postgres")],
    debian: "postgresql",
  },
  nats: {
    title: "NATS",
    variable: "NATS_SERVER_PATH",
    paths: () => [...onPath("nats-server"), "/usr/sbin/nats-server"],
    debian: "nats-server",
  },
};

function onPath(name) {
  return (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
}

/** The newest first: Debian keeps each version of PostgreSQL in a folder of its own. */
function inFolders(folder, path) {
  if (!existsSync(folder)) return [];
  const versions = readdirSync(folder).sort((one, other) => Number(other) - Number(one));
  return versions.map((version) => join(folder, version, path));
}

/** The path of a program, or undefined. */
function find({ variable, paths }) {
  return [process.env[variable], ...paths()].find((path) => path && existsSync(path));
}

/**
 * Finds the programs that the suites use, on Debian installs those that are missing, and tells the suites where they
 * are. Gives the names of those that cannot be had, each with its title and the variable that can point at it.
 */
export function ensurePrograms() {
  const missing = Object.values(programs).filter((program) => !find(program));
  if (missing.length > 0 && existsSync("/usr/bin/apt-get")) {
    const packages = missing.map((program) => program.debian);
    console.log(`Installing ${packages.join(", ")} for the suites that use them ...`);
    const install = (...names) => apt("install", "-y", "-q", "--no-install-recommends", ...names);
    // One that cannot be had must not keep the others away.
    if (!install(...packages) && apt("update", "-q") && !install(...packages))
      for (const name of packages) install(name);
  }
  const lacking = {};
  for (const [name, program] of Object.entries(programs)) {
    const path = find(program);
    if (path) process.env[program.variable] = path;
    else lacking[name] = program;
  }
  return lacking;
}

/** Debian's servers start by themselves when installed; the suites start their own. */
function apt(...parameters) {
  const [command, ...rest] = [...(process.getuid?.() === 0 ? [] : ["sudo", "-n"]), "apt-get", ...parameters];
  return run(command, rest, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" } });
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  ensurePackages();
  const lacking = ensurePrograms();
  for (const [name, { title, variable }] of Object.entries(programs)) {
    console.log(`${title}: ${name in lacking ? "not found, and could not be installed" : process.env[variable]}`);
  }
  console.log(`A Node with node:sqlite: ${findNewerNode() ?? "this one has none, and none could be fetched"}`);
}
