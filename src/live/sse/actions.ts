// Actions by POST, for pages whose EventSource cannot send: a form, or JSON.

import { type ErrorCode, LiveSessionError } from "../../core/errors.ts";
import type { LiveSession } from "../../core/live-session.ts";
import { errorText, knownFailure } from "../shared/messages.ts";
import type { AnyApp } from "../shared/view-cache.ts";
import type { Body } from "./exchange.ts";
import type { LiveStreamsOptions } from "./options.ts";

export interface Answer {
  readonly status: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const statuses: Partial<Record<ErrorCode, number>> = {
  bad_message: 400,
  unknown_session: 401,
  session_ended: 401,
  cookie_session: 401,
  forbidden_origin: 403,
  unknown_action: 404,
  conflict: 409,
  too_large: 413,
  message_too_large: 413,
  invalid_input: 422,
  invalid_data: 422,
  rate_limited: 429,
  too_many_connections: 429,
  too_many_subscribers: 429,
  store_failed: 503,
  bus_failed: 503,
  closed: 503,
};

/** Runs an action on the session that `attach` finds, and gives the handle back. Never rejects. */
export async function runAction<Data extends object>(
  app: AnyApp<Data>,
  attach: () => Promise<LiveSession<Data>>,
  name: string,
  input: () => Promise<unknown>,
): Promise<Answer> {
  let live: LiveSession<Data> | null = null;
  try {
    live = await attach();
    const result = await app.run(live, name, await input());
    return result === undefined ? { status: 204 } : { status: 200, text: result };
  } catch (error) {
    return failure(error, (reported) => {
      app.sessions.report(reported, { stage: live ? "action" : "attach", key: live?.key });
    });
  } finally {
    live?.detach();
  }
}

/** Errors that the browser explains; whoever runs the server need not hear of them. */
const quiet = new Set<ErrorCode>(["unknown_session", "bad_message", "message_too_large"]);

function failure(error: unknown, report: (error: unknown) => void): Answer {
  if (error instanceof LiveSessionError && quiet.has(error.code)) return refusalOf(error.code, error);
  const known = knownFailure(error, report);
  return known ? refusalOf(known.code, known) : { status: 500, text: errorText("action_failed") };
}

export function refusalOf(code: ErrorCode, error?: LiveSessionError): Answer {
  return {
    status: statuses[code] ?? 500,
    text: errorText(code, error ? { error } : {}),
    headers: error?.headers ?? {},
  };
}

/** @throws LiveSessionError `bad_message`, `message_too_large` */
export function inputOf(body: Body, action: string, formInput: LiveStreamsOptions["formInput"]): unknown {
  if (body.type === "json") return body.value;
  if (body.type === "form") return (formInput ?? fieldsOf)(body.value, action);
  if (body.type === "text" && body.value === "") return undefined;
  if (body.type === "too_large") throw new LiveSessionError("message_too_large", "The form is too large.");
  throw new LiveSessionError("bad_message", "Post a form (application/x-www-form-urlencoded) or application/json.");
}

/** Without fields there is no input. Names that begin with `_` are the framework's, such as its token or method. */
function fieldsOf(fields: Readonly<Record<string, unknown>>): unknown {
  const own = Object.entries(fields).filter(([name]) => !name.startsWith("_"));
  return own.length === 0 ? undefined : Object.fromEntries(own);
}
