// The wire protocol's messages as text: what browsers send is read and checked, what they are sent is written.

import { type ErrorCode, type Issue, LiveSessionError } from "../../core/errors.ts";
import { limitCodes } from "../../core/limits.ts";
import type { EndReason } from "../../core/store.ts";
import type { ClientMessage, ServerMessage } from "../../core/wire.ts";

/** Longer names are no client's. */
const CLIENT_NAME_LIMIT = 64;

/** Of what a schema found wrong, only so much is told: one small message can be wrong in thousands of places. */
const ISSUES_LIMIT = 20;

/** Schemas quote the input, keys that they do not know for one, which may be as long as a message can be. */
const WORDS_LIMIT = 500;
const STEPS_LIMIT = 32;
const STEP_LIMIT = 100;

/** A message, or what is wrong with it and the close code that says so. */
export type Parsed =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly why: string; readonly close: number };

export function parseMessage(text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, why: "The message is not JSON.", close: 1007 };
  }
  const why = fault(value);
  return why ? { ok: false, why, close: 1002 } : { ok: true, message: value as ClientMessage };
}

/** Members that the protocol does not name are let through, for clients of later versions. */
function fault(value: unknown): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "The message is not an object.";
  const message = value as Record<string, unknown>;
  switch (message.t) {
    case "hello":
      if (message.v !== 1) return "hello: v must be 1, the version of the protocol that is spoken here.";
      if (!isClientName(message.client)) return `hello: client must be a text of 1 to ${CLIENT_NAME_LIMIT} characters.`;
      if (!["undefined", "string"].includes(typeof message.session)) return "hello: session must be a text.";
      return ["undefined", "number"].includes(typeof message.version) ? null : "hello: version must be a number.";
    case "call":
      if (!Number.isSafeInteger(message.id) || (message.id as number) < 1) return "call: id must be 1 or more.";
      return typeof message.name === "string" ? null : "call: name must be a text.";
    case "ping":
      return null;
    default:
      return "There is no message of this type.";
  }
}

function isClientName(name: unknown): boolean {
  return typeof name === "string" && name.length > 0 && name.length <= CLIENT_NAME_LIMIT;
}

export function messageText(message: ServerMessage): string {
  return JSON.stringify(message);
}

export const pongText = messageText({ t: "pong" });
export const statusTexts = {
  live: messageText({ t: "status", status: "live" }),
  stale: messageText({ t: "status", status: "stale" }),
};

/** @param view JSON text */
export function viewText(version: number, view: string): string {
  return `{"t":"view","version":${version},"view":${view}}`;
}

/** @param result JSON text, or `undefined` for none */
export function okText(id: number, result: string | undefined): string {
  return result === undefined ? messageText({ t: "ok", id }) : `{"t":"ok","id":${id},"result":${result}}`;
}

export function expiringText(left: number | null): string {
  return messageText({ t: "expiring", in: left });
}

export function endedText(reason: EndReason): string {
  return messageText({ t: "ended", reason });
}

/** What a browser is told of an error: its code, and words that show nothing of the server's inside. */
export function errorText(code: ErrorCode, { id, error }: { id?: number; error?: LiveSessionError } = {}): string {
  const { message, issues } = publicPart(code, error);
  return messageText({ t: "error", ...(id !== undefined && { id }), code, message, ...(issues && { issues }) });
}

/** These speak of what the browser itself sent; the messages of others may name keys, data or hosts. */
const spoken = new Set<ErrorCode>(["invalid_input", "unknown_action", "bad_message", ...limitCodes]);

function publicPart(
  code: ErrorCode,
  error: LiveSessionError | undefined,
): Pick<LiveSessionError, "message" | "issues"> {
  if (error && spoken.has(code)) {
    const issues = error.issues?.slice(0, ISSUES_LIMIT).map(shortIssue);
    return { message: error.message.slice(0, WORDS_LIMIT), issues };
  }
  return { message: words[code] ?? "The action failed.", issues: undefined };
}

function shortIssue({ message, path }: Issue): Issue {
  const steps = path.slice(0, STEPS_LIMIT);
  return {
    message: message.slice(0, WORDS_LIMIT),
    path: steps.map((step) => (typeof step === "string" ? step.slice(0, STEP_LIMIT) : step)),
  };
}

const words: Partial<Record<ErrorCode, string>> = {
  bad_message: "The message was not understood.",
  message_too_large: "The message is too large.",
  unknown_session: "No session has the id in this browser's cookie.",
  session_ended: "The session is over.",
  cookie_session: "The session is in this browser's cookie alone, and cannot be live.",
  forbidden_origin: "Pages of this origin may not connect.",
  closed: "The server is closing.",
  conflict: "The session was changed by others all the while. Try again.",
  store_failed: "The session could not be reached. Try again.",
  bus_failed: "The session could not be reached. Try again.",
  undecryptable: "The session could not be read.",
  too_large: "The session would be too large.",
  invalid_data: "The session's data would not be valid.",
  too_many_calls: "Too many calls are waiting for their answers.",
  call_forgotten: "The answer to this call is no longer known. It is not run again.",
};

/** Errors that the input or the state of the session explains; whoever runs the server need not hear of them. */
const expected = new Set<ErrorCode>([
  "invalid_input",
  "unknown_action",
  "session_ended",
  "closed",
  "conflict",
  "too_large",
  "invalid_data",
  ...limitCodes,
]);

/** The answer to a call that failed. What an action throws that is no LiveSessionError stays on the server. */
export function failureText(id: number, error: unknown, report: (error: unknown) => void): string {
  const known = knownFailure(error, report);
  return known ? errorText(known.code, { id, error: known }) : errorText("action_failed", { id });
}

/** The error if a browser may be told its code, else `null`; reported if whoever runs the server should hear of it. */
export function knownFailure(error: unknown, report: (error: unknown) => void): LiveSessionError | null {
  const known = error instanceof LiveSessionError ? error : null;
  if (!known || !expected.has(known.code)) report(error);
  return known;
}
