// A small template tag that escapes every value put into it. Only the result of another `html` goes in as it is.

export interface Html {
  readonly markup: string;
}

type Value = string | number | Html | readonly Html[] | null | undefined | false;

class Markup implements Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  let markup = strings[0] ?? "";
  values.forEach((value, index) => {
    markup += show(value) + (strings[index + 1] ?? "");
  });
  return new Markup(markup);
}

function show(value: Value): string {
  if (value === null || value === undefined || value === false) return "";
  // By class and not by shape: an object out of parsed JSON must never pass for markup.
  if (value instanceof Markup) return value.markup;
  if (Array.isArray(value)) return value.map(show).join("");
  return escapeHtml(String(value));
}
