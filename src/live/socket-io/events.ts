// What goes over the socket, for the type arguments of Socket.IO's Server: types only.

import type { Issue } from "../../core/errors.ts";
import type { LiveSession } from "../../core/live-session.ts";
import type { EndReason } from "../../core/store.ts";

/** What `socket.data` holds behind the middleware. */
export interface LiveSocketData<Data extends object> {
  /** Its `data` is the session as it is at that moment, in every handler; detached right after `disconnect`. */
  session: LiveSession<Data>;
}

export interface LiveServerEvents<View = unknown> {
  /** With `app`: the view, at first and whenever it changed. */
  live_session_updated: (view: View, version: number) => void;
  /** The session expires in so many ms unless something happens in it; `null`: something did. */
  live_session_expiring: (left: number | null) => void;
  /** The session is over; the server disconnects the socket right after. */
  live_session_ended: (end: { readonly reason: EndReason }) => void;
}

export interface LiveClientEvents {
  /** With `app`: calls an action. */
  live_session_call: (name: string, input: unknown, answer: (answer: CallAnswer) => void) => void;
}

export type CallAnswer =
  | { readonly ok: true; readonly result?: unknown }
  | {
      readonly ok: false;
      readonly error: { readonly code: string; readonly message: string; readonly issues?: readonly Issue[] };
    };
