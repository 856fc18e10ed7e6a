// Events as the client sends them, and what a callback leaves behind: where to go, or to stay.

import { LiveSessionError } from "../core/errors.ts";
import { urlOf } from "./admission.ts";
import type { EventHandlers } from "./definitions.ts";
import { isObject } from "./frames.ts";
import { type Params, parseParams, pathOf } from "./params.ts";
import type { RouteMatch, Router } from "./router.ts";
import type { LiveViewServer } from "./server.ts";
import { clearFlash, type LiveSocket, type ViewCore } from "./socket.ts";

/** The client's own event: its default buttons of flash messages send it. */
const CLEAR_FLASH = "lv:clear-flash";

/**
 * What handles an event. An event that the view does not know was not sent by this page: that is an error, and as in
 * Phoenix it ends the view, which the client then joins anew.
 *
 * @throws LiveSessionError `bad_message`
 */
export function handlerOf(
  handlers: EventHandlers<LiveSocket> | undefined,
  payload: Readonly<Record<string, unknown>>,
): (socket: LiveSocket) => unknown {
  const { event } = payload;
  if (typeof event !== "string") throw new LiveSessionError("bad_message", "An event must have a name.");
  const params = paramsOf(payload);
  const handler = handlers && Object.hasOwn(handlers, event) ? handlers[event] : undefined;
  if (handler) return (socket) => handler(params, socket);
  if (event === CLEAR_FLASH) {
    const { key } = params;
    return (socket) => void clearFlash(socket, typeof key === "string" ? key : undefined);
  }
  throw new LiveSessionError("bad_message", `No handleEvent for ${JSON.stringify(event.slice(0, 64))}.`);
}

/** Forms come as text, with what else the element says beside them. */
function paramsOf({ type, value, meta }: Readonly<Record<string, unknown>>): Params {
  if (type !== "form") return isObject(value) ? value : { value };
  const extra = isObject(meta) ? { ...meta } : {};
  if (typeof extra._target === "string") extra._target = pathOf(extra._target) ?? [];
  return { ...parseParams(typeof value === "string" ? value : ""), ...extra };
}

/** The route of a URL, if it is one of the same view. */
export function patched(router: Router, current: RouteMatch, href: unknown): { match: RouteMatch; url: URL } | null {
  const url = urlOf(href);
  const match = url && router(url);
  return url && match && match.view === current.view ? { match, url } : null;
}

export interface Outcome {
  /** The browser goes elsewhere: the view is over. */
  readonly leaves: boolean;
  /** What the answer says of it: `live_patch`, `live_redirect` or `redirect`. */
  readonly response: Readonly<Record<string, object>>;
}

/** Patches that lead to patches; more is a circle. */
const MAX_PATCHES = 10;

/** @param patch takes the view to another URL of its own */
export async function outcomeOf(
  core: ViewCore,
  { tokens }: LiveViewServer,
  patch: (url: URL) => Promise<void>,
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
    await patch(new URL(to, core.url));
  }
  return { leaves: false, response };
}
