// Templates: an `html` literal keeps its static parts apart from what is put into them, so that only the latter travels.

/** What may stand in a `${}` of a template. Text is escaped; `null`, `undefined` and `false` show nothing. */
export type Renderable =
  | Html
  | Raw
  | Each
  | Placed
  | AttributeValue
  | readonly Renderable[]
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined;

/** A template with its values. By class and not by shape: an object out of parsed JSON must never pass for markup. */
export class Html {
  /** The same array for every evaluation of one literal: what a template is known by. */
  readonly strings: readonly string[];
  readonly values: readonly Renderable[];

  constructor(strings: readonly string[], values: readonly Renderable[]) {
    this.strings = strings;
    this.values = values;
  }
}

/** Markup that goes in as it is. */
export class Raw {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** A list whose entries are known by a key. */
export class Each {
  readonly entries: readonly KeyedEntry[];

  constructor(entries: readonly KeyedEntry[]) {
    this.entries = entries;
  }
}

export interface KeyedEntry {
  readonly key: string;
  readonly content: Renderable;
}

/** What is put into a template and then looked after by the view: components and streams. */
export abstract class Placed {
  abstract readonly kind: "component" | "stream";
}

/** Something that stands in an attribute as text, such as JS commands. */
export abstract class AttributeValue {
  /** Types only: not everything with a `toString` may stand in a template. */
  declare protected readonly attributeValue: true;
  abstract toString(): string;
}

/**
 * The tag of templates: `` html`<p>${text}</p>` ``. Values are escaped, in text and in quoted attributes. Do not put values
 * into the names of tags, into `<script>` or `<style>`, or into attributes without quotes: there escaping does not protect.
 */
export function html(strings: TemplateStringsArray, ...values: Renderable[]): Html {
  return new Html(strings, values);
}

/** Markup from a source that is trusted, put in as it is. Never text that somebody typed. */
export function raw(markup: string): Raw {
  return new Raw(markup);
}

/**
 * A list whose entries keep their identity: when one is added in front, the others are told to move rather than sent again.
 *
 * ```ts
 * html`<ul>${each(cart, (line) => line.id, (line) => html`<li>${line.name}</li>`)}</ul>`
 * ```
 * @param key what tells an entry from the others; a second one with the same key counts as another
 */
export function each<Item>(
  items: Iterable<Item>,
  key: (item: Item, index: number) => string | number,
  render: (item: Item, index: number) => Renderable,
): Each {
  const entries: KeyedEntry[] = [];
  const seen = new Map<string, number>();
  let index = 0;
  for (const item of items) {
    const name = String(key(item, index));
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    entries.push({ key: count === 0 ? name : `${name}\u0000${count}`, content: render(item, index) });
    index++;
  }
  return new Each(entries);
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (character) => entities[character] as string) : text;
}
