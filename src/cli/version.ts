// The package's version, read from the package.json that the command was installed with.

import { readFileSync } from "node:fs";

/** Of the file that the command is built into, which lies right in dist/. */
export function version(): string {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
}
