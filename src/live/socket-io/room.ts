// The room of a session's sockets.

import type { SessionKey } from "../../core/ids.ts";

/**
 * Every socket of a session is in it, on every node: `io.to(sessionRoom(session.key)).emit(...)`. It is named by the key,
 * which is no secret: adapters publish the names of rooms.
 */
export function sessionRoom(key: SessionKey): string {
  return `live-session:${key}`;
}
