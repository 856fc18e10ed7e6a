// Every block of code in README.md and docs/ compiles. What a page speaks of without saying it (an `app`, a `secret`) is in
// tests/documents, under the name of the page; a block that no compiler can take says why: `<!-- no check: reason -->`.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sidebar } from "../../docs/.vitepress/pages.ts";
import { codeBlocks, pagesOf, typeErrorsOf } from "../support/documents.ts";
import { committedFiles, read, root } from "../support/repository.ts";

const pages = ["README.md", ...pagesOf("docs")];

test.each(pages)("%s: its code compiles", (page) => {
  const files = codeBlocks(page).map(({ file, code }) => [file, code] as const);
  const shared = `tests/documents/${page.replace(/^docs\//, "").replace(/\.md$/, "")}`;
  const globals = existsSync(join(root, shared, "globals.ts"))
    ? [["globals.ts", read(`${shared}/globals.ts`)] as const]
    : [];
  expect(typeErrorsOf(shared, new Map([...globals, ...files]))).toEqual([]);
});

test("no more than a few blocks are left out", () => {
  const reasons = pages.flatMap((page) => [...read(page).matchAll(/<!-- no check: .+? -->/g)]);
  expect(reasons.length).toBeLessThanOrEqual(3);
});

test("each guarantee has a page that names tests which are there, and the index has each", () => {
  const guarantees = pagesOf("docs/guarantees");
  const index = read("docs/guarantees.md");
  const tests = committedFiles().filter((path) => /^tests\/.+\.test\.tsx?$/.test(path));
  expect(guarantees.length).toBeGreaterThan(7);
  for (const page of guarantees) {
    const text = read(page);
    const [, title = "", promise = ""] = /^# (.+)\n\n\*\*(.+)\*\*\n/.exec(text) ?? [];
    const row = new RegExp(`\\[(.+?)\\]\\(${page.slice("docs/".length)}\\) *\\| *(.+?) *\\|`).exec(index) ?? [];
    expect(row.slice(1), page).toEqual([title, promise]);
    const named = [...text.split("## The tests that hold it")[1]!.matchAll(/`([\w./-]+\.test\.tsx?)`/g)];
    expect(named, page).not.toEqual([]);
    for (const [, name] of named)
      expect(
        tests.some((path) => path.endsWith(`/${name}`)),
        `${page}: ${name}`,
      ).toBe(true);
  }
});

test("the site's sidebar has every page, and no other", () => {
  const listed = (item: { link?: string; items?: readonly object[] }): string[] => [
    ...(item.link ? [item.link] : []),
    ...(item.items ?? []).flatMap(listed),
  ];
  const links = sidebar([])
    .flatMap(listed)
    .filter((link) => !link.startsWith("/api/"));
  const paths = links.map((link) => `docs${link.endsWith("/") ? `${link}README` : link}.md`);
  expect(paths.sort()).toEqual(
    pagesOf("docs")
      .filter((page) => page !== "docs/index.md")
      .sort(),
  );
});
