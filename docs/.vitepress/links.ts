// What a link in docs/ means on the site. In the repository it is relative to its file, and may lead out of docs/.

import { posix } from "node:path";
import type { MarkdownRenderer } from "vitepress";

/** The id that repository hosts give a heading, so that one link works in both places. */
export function githubSlug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

/**
 * Links that lead out of docs/ go to the repository, if `base` says where it is (such as `https://host/owner/name/blob/main`),
 * and else are shown as what they name, without a link.
 */
export function repositoryLinks(markdown: MarkdownRenderer, base: string | undefined): void {
  markdown.core.ruler.push("repository-links", ({ tokens, env }) => {
    for (const { children } of tokens) {
      let leaving = false;
      for (const token of children ?? []) {
        if (token.type === "link_open") {
          const path = outside(String(token.attrGet("href")), env.relativePath);
          leaving = path !== null;
          if (path === null) continue;
          if (base) token.attrSet("href", `${base}/${path}`);
          else Object.assign(token, { tag: "span", attrs: [["title", `${path}, in the repository`]] });
        } else if (token.type === "link_close") {
          if (leaving && !base) token.tag = "span";
          leaving = false;
        }
      }
    }
  });
}

/** The path from the root of the repository, or null for what is on the site or elsewhere. */
function outside(href: string, page: string): string | null {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return null;
  const path = posix.join("docs", posix.dirname(page), href);
  return path.startsWith("docs/") && !path.startsWith("docs/decisions/#") ? null : path;
}
