// The code in README.md and docs/, taken out so that tests can compile and run it.
// A block is marked by the comment right above it: `<!-- readme: server -->` in README.md, `<!-- check -->` in docs for a
// block that is complete by itself, `<!-- check: name -->` for one that a test runs as well.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { onTestFinished } from "vitest";
import { filesBelow, read, root } from "./repository.ts";

export interface Block {
  readonly document: string;
  readonly mark: string;
  readonly code: string;
}

/** The marked blocks of a document, by what its mark says. */
export function blocksOf(document: string): Block[] {
  const marked = /<!-- (.+?) -->\s*```ts\n([\s\S]*?)```/g;
  return [...read(document).matchAll(marked)].map(([, mark = "", code = ""]) => ({ document, mark, code }));
}

export function checkedBlocks(): Block[] {
  const documents = filesBelow("docs").filter((path) => path.endsWith(".md"));
  return documents.flatMap(blocksOf).filter(({ mark }) => mark === "check" || mark.startsWith("check: "));
}

/** Writes files to a folder inside the repository, where packages resolve as for users; gone with the test. */
export function folderWith(files: Record<string, string>): string {
  mkdirSync(join(root, "build"), { recursive: true });
  const folder = mkdtempSync(join(root, "build", "documents-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
  return folder;
}

/** Lends the next program what it read and parsed, which is most of the work. */
let last: ts.Program | undefined;

/** What the compiler says of files under the repository's own settings; empty if they are right. */
export function typeErrors(files: readonly string[]): string[] {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files }, ts.sys, root);
  const program = ts.createProgram([...files], { ...options, noUnusedLocals: false }, undefined, last);
  last = program;
  const diagnostics = ts.getPreEmitDiagnostics(program);
  return diagnostics.map(({ messageText, file, start }) => {
    const where = file
      ? `${file.fileName.slice(root.length)}:${file.getLineAndCharacterOfPosition(start ?? 0).line + 1} `
      : "";
    return where + ts.flattenDiagnosticMessageText(messageText, "\n");
  });
}
