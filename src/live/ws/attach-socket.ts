// The session of a WebSocket that speaks a protocol of its own.

import type { IncomingMessage } from "node:http";
import { LiveSessionError } from "../../core/errors.ts";
import type { LiveSessions } from "../../core/hub.ts";
import type { LiveSession } from "../../core/live-session.ts";
import { refuseSealed } from "../../core/sealed.ts";
import { Admission, type AdmissionOptions, admissionOptions } from "../shared/admission.ts";
import { badOption, refuseUnknown } from "../shared/options.ts";
import { refusal } from "../shared/refusal.ts";

/** What is used of a WebSocket of the ws package. */
export interface SocketLike {
  readonly readyState: number;
  on(event: "close" | "error", listener: () => void): unknown;
  close(code: number, reason: string): void;
  pause?(): void;
  resume?(): void;
}

const OPEN = 1;

/**
 * Attaches a WebSocket to the session that its upgrade request's cookie names, for protocols of your own: read and write
 * the handle, subscribe to it. When the session ends the socket is closed with 1008; when the socket closes the handle
 * is detached. Call it at once when the socket is there: it is paused meanwhile, so that no message is lost.
 *
 * @throws LiveSessionError `forbidden_origin`, `unknown_session`, `session_ended`, `cookie_session`, `rate_limited`,
 *   `too_many_connections`, `too_many_subscribers`, `store_failed`, `bus_failed`, `closed`, after it closed the socket;
 *   `bad_option`
 */
export async function attachSocket<Data extends object>(
  sessions: LiveSessions<Data>,
  socket: SocketLike,
  request: IncomingMessage,
  options: AdmissionOptions,
): Promise<LiveSession<Data>> {
  refuseSealed(sessions);
  if (typeof sessions?.attach !== "function") throw badOption("attachSocket: pass what createLiveSessions made.");
  refuseUnknown(options, admissionOptions);
  const admission = new Admission(options, sessions);
  socket.on("error", () => {}); // ws closes what is broken, and we hear of that
  if (!admission.allowsOrigin(request)) {
    socket.close(1008, "forbidden_origin");
    throw new LiveSessionError("forbidden_origin", "Pages of this origin may not connect.");
  }
  socket.pause?.();
  try {
    const live = await admission.connect(sessions, "ws", request);
    follow(live, socket);
    return live;
  } catch (error) {
    const { close, reason } = refusal(error);
    socket.close(close, reason);
    throw error;
  } finally {
    socket.resume?.();
  }
}

function follow<Data extends object>(live: LiveSession<Data>, socket: SocketLike): void {
  try {
    if (socket.readyState !== OPEN) throw new LiveSessionError("closed", "The socket closed meanwhile.");
    live.subscribe((message) => {
      if (message.type === "live_session_ended") socket.close(1008, message.reason);
    });
  } catch (error) {
    live.detach();
    throw error;
  }
  socket.on("close", () => live.detach());
}
