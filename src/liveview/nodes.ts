// Values of templates, sorted into the four things that can travel: text, a template, a list, something placed.

import { Each, escapeHtml, Html, Placed, Raw, type Renderable } from "./template.ts";

export type Node = string | Html | Rows | Placed;

/** A list as the protocol has it: the statics that all rows share, and each row's values. */
export class Rows {
  readonly strings: readonly string[];
  readonly rows: readonly Row[];

  constructor(strings: readonly string[], rows: readonly Row[]) {
    this.strings = strings;
    this.rows = rows;
  }
}

export interface Row {
  readonly key: string;
  readonly values: readonly Renderable[];
}

/** Rows that do not share a template are templates of one value each. */
const wrapper: readonly string[] = Object.freeze(["", ""]);

export function nodeOf(value: Renderable): Node {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string") return escapeHtml(value);
  if (value instanceof Html || value instanceof Placed) return value;
  if (value instanceof Raw) return value.markup;
  if (value instanceof Each) return value.entries.length === 0 ? "" : rowsOf(value.entries);
  if (Array.isArray(value)) return value.length === 0 ? "" : rowsOf(value.map(byPosition));
  return escapeHtml(String(value));
}

function byPosition(content: Renderable, index: number): { key: string; content: Renderable } {
  return { key: String(index), content };
}

/** @param entries at least one */
export function rowsOf(entries: readonly { readonly key: string; readonly content: Renderable }[]): Rows {
  const first = entries[0]?.content;
  const strings = first instanceof Html ? first.strings : wrapper;
  const shared =
    strings !== wrapper && entries.every(({ content }) => content instanceof Html && content.strings === strings);
  if (!shared)
    return new Rows(
      wrapper,
      entries.map(({ key, content }) => ({ key, values: [content] })),
    );
  return new Rows(
    strings,
    entries.map(({ key, content }) => ({ key, values: (content as Html).values })),
  );
}
