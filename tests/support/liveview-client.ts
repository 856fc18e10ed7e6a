// The official client's own class for rendered trees, bundled from its npm package: the package exports only the whole.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./repository.ts";

type Tree = Record<string, unknown>;

/** `Rendered` of phoenix_live_view/assets/js/phoenix_live_view/rendered.js, as far as tests use it. */
export interface ClientRendered {
  mergeDiff(diff: Tree): void;
  toString(onlyCids?: number[] | null): { buffer: string; streams: Set<unknown> };
  componentToString(cid: number): { buffer: string };
  recursiveToString(
    rendered: Tree,
    components: unknown,
    onlyCids: null,
    changeTracking: boolean,
    rootAttrs: Tree,
    cid: null,
  ): { buffer: string };
  resetRender(cid: number): void;
  pruneCIDs(cids: number[]): void;
  get(): Tree;
}

type Constructor = new (viewId: string, rendered: Tree) => ClientRendered;

const folder = join(root, "node_modules/phoenix_live_view");

/** The version of the installed client. */
export const clientVersion: string = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;

export async function loadRendered(): Promise<Constructor> {
  const outfile = join(mkdtempSync(join(tmpdir(), "live-session-client-")), "rendered.mjs");
  await build({
    entryPoints: [join(folder, "assets/js/phoenix_live_view/rendered.js")],
    bundle: true,
    format: "esm",
    outfile,
    define: { window: "globalThis" }, // it asks for structuredClone there
    logLevel: "error",
  });
  const module = await import(pathToFileURL(outfile).href);
  rmSync(dirname(outfile), { recursive: true });
  return module.default;
}

/** What the client shows, without the marks that it adds for itself. */
export function shown(rendered: ClientRendered): string {
  const tree = rendered.get();
  return withoutMarks(rendered.recursiveToString(tree, tree.c, null, false, {}, null).buffer);
}

export function withoutMarks(markup: string): string {
  return markup.replace(/ data-phx-(?:id|component|view)="[^"]*"/g, "");
}
