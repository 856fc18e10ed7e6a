// Links that the client follows over its connection. They are plain links where there is none.

import { LiveSessionError } from "../core/errors.ts";
import { parseUrl } from "../core/url.ts";
import { escapeHtml, type Raw, raw } from "./template.ts";

export interface LinkOptions {
  /** Replaces the current entry of the browser's history. Default: adds one. */
  readonly replace?: boolean;
}

/**
 * Attributes of an `<a>` that changes the URL of the live view it is in: `` html`<a ${patchTo("/?page=2")}>` ``.
 *
 * @throws LiveSessionError `bad_option` for what a link must not run, such as `javascript:`
 */
export function patchTo(href: string, options: LinkOptions = {}): Raw {
  return link("patch", href, options);
}

/**
 * Attributes of an `<a>` that goes to another live view of the same app without loading the page.
 *
 * @throws LiveSessionError `bad_option` as `patchTo`
 */
export function navigateTo(href: string, options: LinkOptions = {}): Raw {
  return link("redirect", href, options);
}

const HERE = "http://here.invalid";

/**
 * By where it leads as browsers read it, whatever they leave out in front of a scheme or within it: `//host` is no path.
 *
 * @throws LiveSessionError `bad_option` for what is neither a path of this site nor a whole URL of http or https
 */
export function checkHref(href: string): string {
  const isPage = parseUrl(href) ? /^https?:\/\//i.test(href) : parseUrl(href, HERE)?.origin === HERE;
  if (isPage) return href;
  throw new LiveSessionError(
    "bad_option",
    `${JSON.stringify(href)} is neither a path of this site nor an http(s) URL.`,
  );
}

function link(kind: "patch" | "redirect", href: string, { replace = false }: LinkOptions): Raw {
  const state = replace ? "replace" : "push";
  return raw(`href="${escapeHtml(checkHref(href))}" data-phx-link="${kind}" data-phx-link-state="${state}"`);
}
