// Whether a template is exactly one element: the client can then skip it when nothing in it changed, and components must be.

const cache = new WeakMap<readonly string[], boolean>();

const voidTags = new Set("area base br col embed hr img input link meta param source track wbr".split(" "));

/** Whether the statics of a template are one element with nothing beside it but space. When in doubt: no. */
export function hasSingleRoot(strings: readonly string[]): boolean {
  let known = cache.get(strings);
  if (known === undefined) {
    known = scan(strings);
    cache.set(strings, known);
  }
  return known;
}

/** Where a value stands in the text that is scanned: nothing that markup can hold. */
const HOLE = "\uFFFE";

function scan(strings: readonly string[]): boolean {
  const text = strings.join(HOLE).trim();
  const token = /<!--[\s\S]*?-->|<(\/?)([a-zA-Z][^\s/>\uFFFE]*)((?:"[^"]*"|'[^']*'|[^"'>])*)>/g;
  if (!/^<[a-zA-Z]/.test(text)) return false;
  let depth = 0;
  let end = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (depth === 0 && match.index !== 0) return false; // a second root
    end = token.lastIndex;
    const [, slash, name = "", rest = ""] = match;
    if (match[0].startsWith("<!--")) continue;
    if (slash) depth--;
    else if (!voidTags.has(name.toLowerCase()) && !rest.endsWith("/")) depth++;
    if (depth < 0) return false;
    if (/^(script|style|textarea|title)$/i.test(name) && !slash) {
      const close = text.toLowerCase().indexOf(`</${name.toLowerCase()}`, end); // their content is no markup
      if (close === -1) return false;
      token.lastIndex = close;
    }
  }
  return depth === 0 && end === text.length;
}
