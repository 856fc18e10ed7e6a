// The page's script, style sheet and icon, as the build made them.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
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

/** The same place seen from the sources and from the build, which lie equally deep. */
const packaged = new URL("../../dist/dashboard/assets/", import.meta.url);

/** @throws LiveSessionError `bad_option` if the package was not built */
export function readAssets(folder = packaged): ReadonlyMap<string, Asset> {
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
