// Server-sent events as text, by the HTML standard.

import { LiveSessionError } from "../../core/errors.ts";

export interface StreamEvent {
  /** The name that browsers listen for. Without one it is a plain `message`. */
  readonly event?: string;
  readonly data: string;
  /** What a browser that connects again names as the last that it got. */
  readonly id?: string;
  /** How long a browser waits before it connects again, in ms. */
  readonly retry?: number;
}

/**
 * Every line of the data becomes a line of the event, whichever way it ended: a bare CR ends a line, too, and what
 * follows would be read as a field of its own.
 *
 * @throws LiveSessionError `bad_message` for an event or id that would end its line, or that browsers ignore
 */
export function encodeEvent({ event, data, id, retry }: StreamEvent): string {
  let text = "";
  if (event !== undefined) text += `event: ${field("event", event)}\n`;
  for (const line of data.split(/\r\n|\r|\n/)) text += `data: ${line}\n`;
  if (id !== undefined) text += `id: ${field("id", id)}\n`;
  if (retry !== undefined) text += encodeRetry(retry);
  return `${text}\n`;
}

export function encodeRetry(ms: number): string {
  if (!Number.isSafeInteger(ms) || ms < 0) throw bad(`retry: ${ms} is not a whole number of ms.`);
  return `retry: ${ms}\n`;
}

/** Something that browsers skip: it shows proxies, and us, that the line is alive. */
export const heartbeat = ":\n\n";

function field(name: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw bad(`${name}: ${JSON.stringify(value)} holds the end of a line.`);
  return value;
}

function bad(message: string): LiveSessionError {
  return new LiveSessionError("bad_message", message);
}
