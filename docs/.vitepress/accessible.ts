// What a reader without a mouse or a wide screen needs of the pages.

import type { MarkdownRenderer } from "vitepress";

export function accessible(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push("accessible", ({ tokens }) => {
    for (const [at, token] of tokens.entries()) {
      const [next, close] = [tokens[at + 1], tokens[at + 2]];
      // A picture that is a paragraph by itself scrolls by itself on a narrow screen, also by keyboard.
      if (token.type === "paragraph_open" && next?.children?.length === 1 && next.children[0]?.type === "image") {
        token.attrJoin("class", "picture");
        token.attrSet("tabindex", "0");
      }
      // A heading that heads nothing is none.
      if (token.type === "th_open" && next?.content === "" && close?.type === "th_close") token.tag = close.tag = "td";
    }
  });
}
