// docs/liveview.md's table of features against the source of the official client: nothing that the client knows is left out.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { JS } from "live-session/liveview";
import { expect, test } from "vitest";
import { read, root } from "../support/repository.ts";

const folder = join(root, "node_modules/phoenix_live_view/assets/js/phoenix_live_view");
const source = readdirSync(folder)
  .filter((file) => /\.(js|ts)$/.test(file))
  .map((file) => readFileSync(join(folder, file), "utf8"))
  .join("\n");

/** The attributes that the client asks for, by name or by the name of a constant. */
function bindings(): Set<string> {
  const constants = new Map(
    [...source.matchAll(/export const (PHX_\w+) = "([^"]+)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
  const named = [...source.matchAll(/\bbinding\(\s*(?:"([a-z-]+)"|(PHX_\w+)),?\s*\)/g)];
  const names = named.map(([, text, constant = ""]) => text ?? constants.get(constant) ?? expect.unreachable(constant));
  // Events whose attributes it makes from a list: on elements, and on the window.
  const [, list = ""] = /bind\(\s*(\{[^}]*keyup[^}]*\})/.exec(source) ?? [];
  const [, others = ""] = /bind\(\s*(\{[^}]*focusin[^}]*\})/.exec(source) ?? [];
  const events = [...(list + others).matchAll(/(\w+):/g)].flatMap(([, name]) => [name as string, `window-${name}`]);
  expect(events).toContain("window-keydown");
  return new Set([...names, ...events]);
}

test("every attribute of the client stands in the table, as supported or not", () => {
  const [, table = ""] = read("docs/liveview.md").split("## The client's features");
  const known = bindings();
  expect(known.size).toBeGreaterThan(30);
  const words = new Set(table.match(/phx-[a-z-]+/g));
  const missing = [...known].filter((name) => !words.has(`phx-${name}`));
  expect(missing).toEqual([]);
});

test("JS has every command of the client, and none that it does not know", () => {
  const commands = new Set([...source.matchAll(/^ {2}exec_(\w+)\(/gm)].map(([, name]) => name as string));
  const chain = JS.push("a")
    .show()
    .hide()
    .toggle()
    .addClass("a")
    .removeClass("a")
    .toggleClass("a")
    .transition("a")
    .setAttribute("a", "b")
    .removeAttribute("a")
    .toggleAttribute("a", ["b"])
    .ignoreAttributes(["a"])
    .focus()
    .focusFirst()
    .pushFocus()
    .popFocus()
    .dispatch("a")
    .exec("a")
    .navigate("/")
    .patch("/");
  const ours = JSON.parse(String(chain)).map(([name]: [string]) => name);
  expect(ours.toSorted()).toEqual([...commands].sort());
});
