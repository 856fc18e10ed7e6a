// A template as HTML text, for pages.

import { ComponentInstance } from "./components.ts";
import type { ComponentCall } from "./definitions.ts";
import { nodeOf, Rows, rowsOf } from "./nodes.ts";
import type { StreamRows } from "./streams.ts";
import { Html, type Placed, type Renderable } from "./template.ts";
import type { ViewCore } from "./view-core.ts";

/** The HTML of a template. @param core the view that its components belong to; without one it must have none */
export function textOf(html: Html, core?: ViewCore): string {
  let cid = 0;

  const template = (strings: readonly string[], values: readonly Renderable[]) => {
    let text = strings[0] ?? "";
    values.forEach((value, index) => {
      text += show(value) + (strings[index + 1] ?? "");
    });
    return text;
  };

  const show = (value: Renderable): string => {
    const node = nodeOf(value);
    if (typeof node === "string") return node;
    if (node instanceof Html) return template(node.strings, node.values);
    if (node instanceof Rows) return rows(node);
    return placed(node);
  };

  const rows = (node: Rows) => node.rows.map(({ values }) => template(node.strings, values)).join("");

  const placed = (node: Placed) => {
    if (node.kind === "stream") {
      const { buffer, render } = node as StreamRows;
      const entries = buffer.entries(render);
      return entries.length > 0 ? rows(rowsOf(entries)) : "";
    }
    if (!core) throw new Error("Components stand in live views, not in the layout around them.");
    const call = node as ComponentCall;
    const instance = new ComponentInstance(call, core, ++cid);
    instance.update(call.props);
    const { strings, values } = instance.render();
    return template(strings, values);
  };

  return template(html.strings, html.values);
}

/** The HTML text of a template, for pages of your own. It must hold no component and no stream. */
export function htmlText(template: Html): string {
  return textOf(template);
}
