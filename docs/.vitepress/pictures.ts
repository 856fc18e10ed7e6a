// A picture that is a paragraph by itself: on a narrow screen it scrolls by itself, also by keyboard.

import type { MarkdownRenderer } from "vitepress";

export function pictures(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push("pictures", ({ tokens }) => {
    for (const [at, token] of tokens.entries()) {
      const [only, ...others] = tokens[at + 1]?.children ?? [];
      if (token.type !== "paragraph_open" || only?.type !== "image" || others.length > 0) continue;
      token.attrJoin("class", "picture");
      token.attrSet("tabindex", "0");
    }
  });
}
