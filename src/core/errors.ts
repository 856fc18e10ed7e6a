// Every error of this library is a LiveSessionError with a stable code; messages may change, codes do not.

import type { EndReason } from "./store.ts";

/**
 * `docs/errors.md` has causes and cures of each.
 *
 * | code | meaning |
 * |---|---|
 * | `bad_option` | an option has a wrong type, unit or value; thrown at start |
 * | `bad_key` | a data key is empty, too long, reserved or dangerous (`__proto__`, `constructor`, ...) |
 * | `not_json` | a value is not JSON; the message names the path |
 * | `too_large` | the session's data would exceed `maxBytes` |
 * | `invalid_data` | the schema refused the data; `issues` has the schema's words |
 * | `not_a_session` | `putSession` was given an object that no live session made |
 * | `unknown_session` | no session has this id; unknown ids are never adopted |
 * | `session_ended` | the session is over; `reason` says why. A write may have been done just before the end |
 * | `cookie_session` | the session is sealed in its cookie, which nothing but a response can write: it cannot be live |
 * | `session_moved` | the session goes on under a new id, which the browser is about to have: try again; HTTP status 503 |
 * | `too_many_sessions` | the principal has as many sessions as `principalLimit` allows; HTTP status 403 |
 * | `conflict` | others kept changing the session through all retries of an update |
 * | `store_failed` | the store could not be reached or failed; `cause` has its error |
 * | `bus_failed` | the bus could not be reached or failed; `cause` has its error |
 * | `undecryptable` | something stored could not be decrypted: its key is missing, or it was changed in the store |
 * | `closed` | the hub was closed, or the handle detached |
 * | `bad_message` | a connection sent what is not a message of the protocol |
 * | `message_too_large` | a connection sent a message over the limit |
 * | `unknown_action` | no action has this name |
 * | `invalid_input` | the action's schema refused the input; `issues` has the schema's words |
 * | `action_failed` | the action threw; what it threw stays on the server, in `onError` |
 * | `forbidden_origin` | the upgrade's Origin is not allowed |
 * | `too_many_calls` | a browser tab has too many calls in flight; this one was not run |
 * | `call_forgotten` | a call was sent again after its answer was dropped; it is not run again |
 * | `rate_limited` | too much in a short time, by the option `limits`; nothing was done; HTTP status 429 with Retry-After |
 * | `too_many_connections` | the session or the address has as many connections as `limits` allows; HTTP status 429 |
 * | `too_many_subscribers` | as many are attached to the session on this node as `limits` allows; HTTP status 429 |
 */
export type ErrorCode =
  | "bad_option"
  | "bad_key"
  | "not_json"
  | "too_large"
  | "invalid_data"
  | "not_a_session"
  | "unknown_session"
  | "session_ended"
  | "cookie_session"
  | "session_moved"
  | "too_many_sessions"
  | "conflict"
  | "store_failed"
  | "bus_failed"
  | "undecryptable"
  | "closed"
  | "bad_message"
  | "message_too_large"
  | "unknown_action"
  | "invalid_input"
  | "action_failed"
  | "forbidden_origin"
  | "too_many_calls"
  | "call_forgotten"
  | "rate_limited"
  | "too_many_connections"
  | "too_many_subscribers";

/** One thing that a schema found wrong. `path` leads to it from the top of the data or input. */
export interface Issue {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

export interface ErrorDetails {
  readonly cause?: unknown;
  readonly issues?: readonly Issue[];
  readonly reason?: EndReason;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The one error class of this library; tell errors apart by `code`. */
export class LiveSessionError extends Error {
  override readonly name = "LiveSessionError";
  readonly code: ErrorCode;
  /** Where the code's causes and cures are told: `live-session/docs/errors.md#<code>`, a page that comes with the package. */
  readonly help: string;
  /** What the schema found, with `invalid_data` and `invalid_input`. */
  declare readonly issues?: readonly Issue[];
  /** Why the session is over, with `session_ended`. */
  declare readonly reason?: EndReason;
  /** The HTTP status that says it, where one does; Express, Fastify and Koa answer with it by themselves. */
  declare readonly status?: number;
  declare readonly statusCode?: number;
  /** Headers that go with that status. */
  declare readonly headers?: Readonly<Record<string, string>>;
  /** The response that says it; Hono answers with it by itself. */
  declare readonly getResponse?: () => Response;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.help = `live-session/docs/errors.md#${code}`;
    const { issues, reason, status, headers } = details;
    Object.assign(this, issues && { issues }, reason && { reason }); // what it does not have is not printed
    if (status === undefined) return;
    const getResponse = () => new Response(message, { status, headers: { ...headers } });
    Object.assign(this, { status, statusCode: status, headers, getResponse });
  }
}

/** What `onError` is told of a failure that no caller waits for. */
export interface ErrorContext {
  /** What was going on, such as `"publish"`, `"sweep"`, `"resync"`, `"listener"`. */
  readonly stage: string;
  /** The key of the session, if it was about one. */
  readonly key?: string | undefined;
}

export type OnError = (error: unknown, context: ErrorContext) => void;

export function sessionEnded(reason: EndReason): LiveSessionError {
  return new LiveSessionError("session_ended", `This session is over: ${reason}.`, { reason });
}

export function unknownSession(): LiveSessionError {
  return new LiveSessionError("unknown_session", "No session has this id. It may have been ended long ago.");
}

/** For requests with an id that was replaced a moment ago: served as nobody's, they could undo the login. */
export function sessionMoved(): LiveSessionError {
  const message = "This session just went on under a new id. Try again with the browser's new cookie.";
  return new LiveSessionError("session_moved", message, { status: 503, headers: { "Retry-After": "1" } });
}
