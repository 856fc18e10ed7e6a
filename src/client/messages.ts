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
  expiring: {},
  ok: { id: "number" },
  error: { id: "number undefined", code: "string" },
  ended: { reason: "string" },
  pong: {},
};

/** Reads a text of the server. `undefined`: a message that a newer server may know, to be ignored. */
export function readMessage(text: string): ServerMessage | Garbage | undefined {
  try {
    const message: Record<string, unknown> = JSON.parse(text);
    const t = message.t as ServerMessage["t"];
    if (typeof t === "string" && !Object.hasOwn(shapes, t)) return undefined;
    const isAsExpected = ([field, types]: [string, string]) => types.includes(typeof message[field]);
    if (Object.entries(shapes[t]).every(isAsExpected)) return message as unknown as ServerMessage;
  } catch {
    // Not JSON, or not an object with a `t`.
  }
  return { t: "garbage" };
}
