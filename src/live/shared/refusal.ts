// What a connection is told that gets no session: words and a close code, since browsers see no HTTP status.

import { LiveSessionError } from "../../core/errors.ts";
import { limitError } from "../../core/limits.ts";
import { endedText, errorText } from "./messages.ts";

export interface Refusal {
  /** Sent before the close; `null` for nothing. */
  readonly text: string | null;
  /** 1008: do not try again with this cookie. 1013: try again later. 1001: this server is going away. */
  readonly close: number;
  readonly reason: string;
  /** Whether it is the server's own failure, and so to be reported. */
  readonly failure: boolean;
}

/** @param error what attaching to the session threw */
export function refusal(error: unknown): Refusal {
  const known = error instanceof LiveSessionError ? error : null;
  if (known?.code === "session_ended") {
    const reason = known.reason ?? "destroyed";
    return { text: endedText(reason), close: 1008, reason, failure: false };
  }
  if (known?.code === "unknown_session") {
    return { text: errorText("unknown_session"), close: 1008, reason: "unknown_session", failure: false };
  }
  // Whoever runs the server is to hear of it: it has the wrong kind of session. The close says all that browsers need.
  if (known?.code === "cookie_session") {
    return { text: null, close: 1008, reason: "cookie_session", failure: true };
  }
  const over = limitError(error);
  if (over) return { text: errorText(over.code, { error: over }), close: 1013, reason: over.code, failure: false };
  if (known?.code === "closed") return { text: null, close: 1001, reason: "closing", failure: false };
  return { text: null, close: 1013, reason: known?.code ?? "failed", failure: true };
}
