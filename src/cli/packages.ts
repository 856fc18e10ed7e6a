// Client libraries are the user's own: found in the project that the command is run in, when they are needed.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError, exitCodes } from "./failures.ts";

/** The first of these packages that there is: in the project of the working directory, or beside this one. */
export async function firstOf(
  names: readonly string[],
): Promise<{ readonly name: string; readonly module: unknown } | null> {
  for (const name of names) {
    const module = await load(name);
    if (module !== undefined) return { name, module };
  }
  return null;
}

/** @throws CliError `missing_package`, naming what to install */
export async function needed(
  engine: string,
  names: readonly string[],
): Promise<{ readonly name: string; readonly module: unknown }> {
  const found = await firstOf(names);
  if (found) return found;
  const [first = "", ...others] = names;
  const or = others.length > 0 ? ` (or ${others.join(", ")})` : "";
  throw missing(`${engine} needs a client library, and there is none here: npm install ${first}${or}`);
}

export function missing(message: string): CliError {
  return new CliError("missing_package", exitCodes.failed, message);
}

async function load(name: string): Promise<unknown> {
  const resolved = [join(process.cwd(), "package.json"), import.meta.url].map((from) => resolve(name, from));
  const path = resolved.find((each) => each !== null);
  return path ? import(path.startsWith("node:") ? path : pathToFileURL(path).href) : undefined;
}

function resolve(name: string, from: string): string | null {
  try {
    return createRequire(from).resolve(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND" || code === "ERR_UNKNOWN_BUILTIN_MODULE") return null;
    throw error;
  }
}
