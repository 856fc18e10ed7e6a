// The code in README.md and docs/, taken out so that tests can compile and run it.
// A block is marked by the comment right above it: `<!-- readme: server -->` in README.md, `<!-- check -->` in docs for a
// block that is complete by itself, `<!-- check: name -->` for one that a test runs as well. tests/packaging/documents.test.ts
// compiles all blocks, with a mark or without. `<!-- file: server.mjs -->` is above a whole file, of whatever language, that the
// reader's trial starts as it stands (tests/browser/reader.test.ts).

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { onTestFinished } from "vitest";
import { committedFiles, read, root } from "./repository.ts";

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

/** The whole files that a document has, by the names that their marks give them. */
export function filesOf(document: string): Map<string, string> {
  const marked = /^<!-- file: (\S+) -->\s*```\w+\n([\s\S]*?)^```$/gm;
  return new Map([...read(document).matchAll(marked)].map(([, name = "", code = ""]) => [name, code]));
}

/** The pages of a folder that somebody wrote, not those made from docstrings. */
export function pagesOf(folder: string): string[] {
  return committedFiles().filter((path) => path.startsWith(`${folder}/`) && path.endsWith(".md"));
}

export interface CodeBlock {
  /** Its name (`check: name`, `file: name.ts`), by which other blocks of the page can import it, or else its line. */
  readonly file: string;
  readonly code: string;
}

/** All TypeScript of a page, but for what is marked `<!-- no check: reason -->`. */
export function codeBlocks(document: string): CodeBlock[] {
  const text = read(document);
  const blocks = text.matchAll(
    /^(?:<!-- (?<mark>.+?) -->\s*)?(?<indent> *)```(?<language>tsx?)\n(?<code>[\s\S]*?)^ *```$/gm,
  );
  return [...blocks].flatMap(({ 0: all, index, groups: { mark, indent = "", language = "", code = "" } = {} }) => {
    if (mark?.startsWith("no check: ")) return [];
    const line = text.slice(0, index + all.indexOf("```")).split("\n").length + 1;
    const name =
      mark
        ?.match(/^(?:check: ([\w-]+)|file: (\w+)\.tsx?)$/)
        ?.slice(1)
        .join("") ?? `line-${line}`;
    return [{ file: `${name}.${language}`, code: code.replaceAll(new RegExp(`^${indent}`, "gm"), "") }];
  });
}

export function checkedBlocks(): Block[] {
  return pagesOf("docs")
    .flatMap(blocksOf)
    .filter(({ mark }) => mark === "check" || mark.startsWith("check: "));
}

/** Writes files to a folder inside the repository, where packages resolve as for users; gone with the test. */
export function folderWith(files: Record<string, string>): string {
  mkdirSync(join(root, "build"), { recursive: true });
  const folder = mkdtempSync(join(root, "build", "documents-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
  return folder;
}

/** What was parsed of files that do not change meanwhile. */
const parsed = new Map<string, ts.SourceFile>();

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

/**
 * The same for files that are nowhere but here: as if they lay in `folder`, beside what does. Each is a module, and of files
 * of one folder those that declare globals (`globals.ts`) are seen by all.
 */
export function typeErrorsOf(folder: string, files: ReadonlyMap<string, string>): string[] {
  const names = new Map([...files].map(([name, code]) => [join(root, folder, name), `${code}\nexport {};\n`]));
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [...names.keys()] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => names.has(name) || fileExists(name);
  host.readFile = (name) => names.get(name) ?? readFile(name);
  host.getSourceFile = (name, target, ...rest) => {
    const code = names.get(name);
    if (code !== undefined) return ts.createSourceFile(name, code, target);
    const known = parsed.get(name) ?? getSourceFile(name, target, ...rest);
    if (known) parsed.set(name, known);
    return known;
  };
  const program = ts.createProgram([...names.keys()], { ...options, noUnusedLocals: false }, host, last);
  last = program;
  return [...names.keys()].flatMap((name) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText, start = 0 }) =>
        `${name.slice(root.length)}:${(file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1} ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  });
}
