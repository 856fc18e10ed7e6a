// Messages of the Phoenix Channels protocol, version 2: `[join_ref, ref, topic, event, payload]` as JSON text.

export interface Frame {
  /** The join that the message belongs to; the client numbers them. */
  readonly joinRef: string | null;
  /** What the answer has to name. */
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** No honest topic, event or ref is longer. */
const LONGEST_NAME = 256;

/** `null` for anything that is not a message. */
export function parseFrame(text: string): Frame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value) || value.length !== 5) return null;
  const [joinRef, ref, topic, event, payload] = value as unknown[];
  if (!isRef(joinRef) || !isRef(ref) || !isName(topic) || !isName(event) || !isObject(payload)) return null;
  return { joinRef, ref, topic, event, payload };
}

export function encodeFrame({ joinRef, ref, topic, event, payload }: Frame): string {
  return JSON.stringify([joinRef, ref, topic, event, payload]);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME;
}

function isRef(value: unknown): value is string | null {
  return value === null || (typeof value === "string" && value.length <= LONGEST_NAME);
}
