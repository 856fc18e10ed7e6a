// Links that the client follows over its connection. They are plain links where there is none.

import { escapeHtml, type Raw, raw } from "./template.ts";

export interface LinkOptions {
  /** Replaces the current entry of the browser's history. Default: adds one. */
  readonly replace?: boolean;
}

/** Attributes of an `<a>` that changes the URL of the live view it is in: `` html`<a ${patchTo("/?page=2")}>` ``. */
export function patchTo(href: string, options: LinkOptions = {}): Raw {
  return link("patch", href, options);
}

/** Attributes of an `<a>` that goes to another live view of the same app without loading the page. */
export function navigateTo(href: string, options: LinkOptions = {}): Raw {
  return link("redirect", href, options);
}

function link(kind: "patch" | "redirect", href: string, { replace = false }: LinkOptions): Raw {
  const state = replace ? "replace" : "push";
  return raw(`href="${escapeHtml(href)}" data-phx-link="${kind}" data-phx-link-state="${state}"`);
}
