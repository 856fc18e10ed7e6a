// Events as the client sends them.

import { LiveSessionError } from "../core/errors.ts";
import type { EventHandlers } from "./definitions.ts";
import { isObject } from "./frames.ts";
import { type Params, parseParams, pathOf } from "./params.ts";
import { clearFlash, type LiveSocket } from "./socket.ts";

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
