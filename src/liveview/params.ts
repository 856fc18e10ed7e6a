// Forms and query strings, as the client sends them, read into nested params: `user[name]=Ada&tags[]=a&tags[]=b`.

/**
 * What comes from a browser: anything. Typed the way `JSON.parse` types it, since nothing but a check at run time knows
 * better; `event(schema, ...)` makes that check and types what passed.
 */
export type Params = Readonly<Record<string, ReturnType<typeof JSON.parse>>>;

type Tree = { [name: string]: Tree | string | (string | Tree)[] };

/** Deeper names and more fields than any honest form has. */
const MAX_DEPTH = 16;
const MAX_FIELDS = 2_000;

/** Objects without a prototype, so that no name in them can be mistaken for something inherited. */
export function parseParams(text: string): Params {
  const tree: Tree = Object.create(null);
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    if (++count > MAX_FIELDS) break;
    const path = pathOf(name);
    if (path) put(tree, path, value);
  }
  return tree;
}

/** `a[b][]` is `["a", "b", ""]`; a name that is not of that form is taken as it stands. */
export function pathOf(name: string): string[] | null {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (!match) return name === "" ? null : [name];
  const [, first = "", rest = ""] = match;
  const path = [first, ...[...rest.matchAll(/\[([^[\]]*)\]/g)].map(([, part = ""]) => part)];
  return path.length > MAX_DEPTH ? null : path;
}

function put(tree: Tree, path: readonly string[], value: string): void {
  let at: Tree = tree;
  for (let index = 0; index < path.length - 1; index++) {
    const part = path[index] as string;
    if (path[index + 1] === "" && index + 2 === path.length) {
      const list = at[part];
      if (Array.isArray(list)) list.push(value);
      else at[part] = [value];
      return;
    }
    const next = at[part];
    if (typeof next === "object" && !Array.isArray(next)) at = next;
    else {
      const made: Tree = Object.create(null);
      at[part] = made;
      at = made;
    }
  }
  at[path.at(-1) as string] = value;
}
