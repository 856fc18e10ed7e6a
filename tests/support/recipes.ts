// The code of a recipe in docs/recipes, as a module.

import { join } from "node:path";
import type { LiveSessions } from "live-session";
import { expect, onTestFinished } from "vitest";
import { blocksOf, folderWith } from "./documents.ts";

export type Data = Record<string, unknown>;

/**
 * What a block exports. Its `sessions` are closed with the test.
 *
 * @param more what is added at its end, such as an export of what it keeps to itself
 */
export async function recipe<Exports>(
  page: string,
  name: string,
  more = "",
): Promise<Exports & { sessions: LiveSessions<Data> }> {
  const found = blocksOf(`docs/recipes/${page}.md`).find(({ mark }) => mark === `check: ${name}`);
  const code = found?.code ?? expect.unreachable(`no block ${name}`);
  const exported = await import(join(folderWith({ "block.ts": `${code}\n${more}` }), "block.ts"));
  onTestFinished(() => exported.sessions.close());
  return exported;
}
