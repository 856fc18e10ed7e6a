// What a call is rejected with.

import type { ErrorCode, Issue } from "../core/wire.ts";

/**
 * The server's codes, and those of the client itself:
 *
 * | code | meaning | did it run? |
 * |---|---|---|
 * | `outcome_unknown` | the connection broke, and the server no longer knows this tab's calls | perhaps, at most once |
 * | `not_connected` | there is no connection, and `maxQueued` calls are pending | no |
 * | `not_json` | the input cannot be written as JSON; `cause` says why | no |
 * | `aborted` | the call's `signal` was aborted; `cause` is its reason | perhaps, if it was sent |
 * | `session_ended` | the session is over | perhaps, if it was sent |
 * | `closed` | `close()` was called | perhaps, if it was sent |
 */
export type CallErrorCode = ErrorCode | "outcome_unknown" | "not_connected" | "aborted";

/** Why a call failed. Tell errors apart by `code`: messages may change, codes do not. */
export class CallError extends Error {
  override readonly name = "CallError";
  declare readonly code: CallErrorCode;
  /** What the schema found, with `invalid_input` and `invalid_data`. */
  declare readonly issues?: readonly Issue[] | undefined;

  constructor(code: CallErrorCode, message: string = code, details?: Pick<CallError, "issues" | "cause">) {
    super(message);
    Object.assign(this, { code }, details);
  }
}
