// Where a callback sends the browser: elsewhere in its view, to another view, to another page.

import { LiveSessionError } from "../core/errors.ts";
import { urlOf } from "./admission.ts";
import type { RouteMatch, Router } from "./router.ts";
import type { LiveViewServer } from "./server.ts";
import type { ViewCore } from "./view-core.ts";

/** The route of a URL, if it is one of the same view and site. */
export function patched(
  router: Router,
  current: RouteMatch,
  from: URL,
  href: unknown,
): { match: RouteMatch; url: URL } | null {
  const url = urlOf(href);
  const match = url && url.origin === from.origin ? router(url) : null;
  return url && match && match.view === current.view ? { match, url } : null;
}

/**
 * Where `pushPatch` leads.
 *
 * @throws LiveSessionError `bad_option` if it is out of the view
 */
export function patchTarget(
  router: Router,
  current: RouteMatch,
  from: URL,
  to: string,
): { match: RouteMatch; url: URL } {
  const target = patched(router, current, from, new URL(to, from).href);
  if (target) return target;
  throw new LiveSessionError("bad_option", `pushPatch: ${to} is another live view: use pushNavigate.`);
}

export interface Outcome {
  /** The browser goes elsewhere: the view is over. */
  readonly leaves: boolean;
  /** What the answer says of it: `live_patch`, `live_redirect` or `redirect`. */
  readonly response: Readonly<Record<string, object>>;
}

/** Patches that lead to patches; more is a circle. */
const MAX_PATCHES = 10;

/**
 * Follows patches that callbacks ask for, to the place where none asks for another.
 *
 * @param patch takes the view to another URL of its own
 */
export async function outcomeOf(
  core: ViewCore,
  { tokens }: LiveViewServer,
  patch: (to: string) => Promise<void>,
): Promise<Outcome> {
  let response: Record<string, object> = {};
  for (let count = 0; core.navigation; count++) {
    const { kind, to, replace } = core.navigation;
    core.navigation = null;
    const how = replace ? "replace" : "push";
    const flash = Object.keys(core.flash).length > 0 ? { flash: tokens.signFlash(core.flash) } : {};
    if (kind === "redirect") return { leaves: true, response: { redirect: { to, ...flash } } };
    if (kind === "navigate") return { leaves: true, response: { live_redirect: { to, kind: how, ...flash } } };
    if (count === MAX_PATCHES)
      throw new LiveSessionError("bad_option", "pushPatch: patches that go round in a circle.");
    response = { live_patch: { to, kind: how } };
    await patch(to);
  }
  return { leaves: false, response };
}
