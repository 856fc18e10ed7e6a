// The session that a cookie names, if there is one.

import { LiveSessionError } from "../core/errors.ts";
import type { LiveSessions } from "../core/hub.ts";
import type { LiveSession } from "../core/live-session.ts";

type Data = Record<string, unknown>;

/** `null` if the visitor has no session, or none any more. Whatever else goes wrong is thrown. */
export async function attachSession(
  sessions: LiveSessions<Data>,
  id: string | null,
  activity: boolean,
): Promise<LiveSession<Data> | null> {
  if (id === null) return null;
  try {
    return await sessions.attach(id, { activity, transport: "liveview" });
  } catch (error) {
    if (error instanceof LiveSessionError && (error.code === "unknown_session" || error.code === "session_ended"))
      return null;
    throw error;
  }
}
