// What the server sends is checked before it is believed: a proxy or another version may stand in between.

import type { ServerMessage } from "../core/wire.ts";

/** A text that is no message of the protocol. */
export interface Garbage {
  readonly t: "garbage";
}

/** What `typeof` may say of the fields that are relied upon. */
const shapes: { readonly [M in ServerMessage as M["t"]]: { readonly [Field in keyof M]?: string } } = {
  welcome: { resumed: "boolean" },
  view: { version: "number", view: "object string number boolean" },
  status: { status: "string" },
  ok: { id: "number" },
  error: { id: "number undefined", code: "string" },
  ended: { reason: "string" },
  pong: {},
};

/** Reads a text of the server. `undefined`: a message that a newer server may know, to be ignored. */
export function readMessage(text: string): ServerMessage | Garbage | undefined {
  try {
    const message: Record<string, unknown> = JSON.parse(text);
    const t = String(message.t);
    if (message.t && !Object.hasOwn(shapes, t)) return undefined;
    const shape = Object.entries(shapes[t as ServerMessage["t"]]);
    if (shape.every(([field, types]) => types.includes(typeof message[field])))
      return message as unknown as ServerMessage;
  } catch {
    // Not JSON, or not an object with a `t`.
  }
  return { t: "garbage" };
}
