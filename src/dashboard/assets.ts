// The page's script, style sheet and icon, as the build made them.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { LiveSessionError } from "../core/errors.ts";

export interface Asset {
  readonly type: string;
  readonly text: string;
  readonly etag: string;
}

const types: Readonly<Record<string, string>> = {
  "dashboard.js": "text/javascript; charset=utf-8",
  "dashboard.css": "text/css; charset=utf-8",
  "dashboard.svg": "image/svg+xml",
};

/** In the package, by its own name: whichever file of the build this code is in, and from the sources too. */
function packaged(): URL {
  const manifest = createRequire(import.meta.url).resolve("live-session/package.json");
  return new URL("dist/dashboard/assets/", pathToFileURL(manifest));
}

/** @throws LiveSessionError `bad_option` if the package was not built */
export function readAssets(folder = packaged()): ReadonlyMap<string, Asset> {
  return new Map(Object.entries(types).map(([name, type]) => [name, readAsset(new URL(name, folder), name, type)]));
}

function readAsset(file: URL, name: string, type: string): Asset {
  try {
    const text = readFileSync(file, "utf8");
    return { type, text, etag: `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"` };
  } catch (cause) {
    const message = `The dashboard's file ${name} is not there. Build the package, and leave it out of bundles.`;
    throw new LiveSessionError("bad_option", message, { cause });
  }
}
