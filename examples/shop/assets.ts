// The shop's style sheet, pictures and script, for examples whose frameworks bring no static files.

import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import express from "express";

const folder = fileURLToPath(new URL("public/", import.meta.url));
const types: Record<string, string> = { ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };

/** The same files, for Express. */
export const shopFiles = express.static(folder);

export interface Asset {
  readonly type: string;
  readonly body: Buffer<ArrayBuffer>;
}

/** The file at a path such as `/style.css`; `null` if it is none of the shop's. */
export async function assetAt(path: string): Promise<Asset | null> {
  const type = types[extname(path)];
  if (!type || !/^\/(pictures\/)?[\w-]+\.\w+$/.test(path)) return null;
  try {
    return { type, body: await readFile(folder + path.slice(1)) };
  } catch {
    return null;
  }
}

/** Whether a browser says that a form was posted from another site: sites may post to each other, with cookies. */
export function isForeign(header: (name: string) => string | null | undefined): boolean {
  const site = header("sec-fetch-site");
  return Boolean(site) && site !== "same-origin" && site !== "none";
}

/** The browser's half of an example, bundled once at start. */
export async function browserScript(entry = new URL("browser.ts", import.meta.url)): Promise<string> {
  const { build } = await import("esbuild"); // here alone: the shop of the package comes bundled, without it
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    tsconfig: fileURLToPath(new URL("../../tsconfig.json", import.meta.url)),
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputFiles[0]?.text ?? "";
}
