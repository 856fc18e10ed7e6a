// What the client's machine knows, what happens to it, and what it wants done. Data only.

import type { EndReason, ServerMessage } from "../core/wire.ts";
import type { CallError } from "./call-error.ts";
import type { Garbage } from "./messages.ts";

/** In the order of the table's columns. */
export const phases = ["waiting", "opening", "greeting", "joined", "over"] as const;

/**
 * - `waiting`: no connection; the timer opens the next
 * - `opening`: a connection is being made
 * - `greeting`: it is open and `hello` was sent
 * - `joined`: the server has welcomed this tab; calls can be sent
 * - `over`: final
 */
export type Phase = (typeof phases)[number];

/** What a page shows: `stale` means that the view may be old. */
export type Status = "connecting" | "live" | "stale" | "ended";

/**
 * The server's reason; or `unknown`: the server does not know the session; `refused`: the server refuses this client
 * (its origin, its protocol); `closed`: the page called `close()`.
 */
export type ClientEndReason = EndReason | "unknown" | "refused" | "closed";

/** A call that is not settled. */
export interface Call {
  readonly id: number;
  /** The message, ready to send. */
  readonly text: string;
  /** Whether it was sent, over this connection or an earlier one: it may have run. */
  readonly sent?: boolean;
  readonly optimistic?: ((view: unknown) => unknown) | undefined;
}

/** The part of connect()'s options that is the machine's; there are the meanings. */
export interface Settings {
  readonly retryMin?: number;
  readonly retryMax?: number;
  readonly pingInterval?: number;
  readonly answerTimeout?: number;
  readonly maxQueued?: number;
}

export interface State {
  readonly settings: Settings;
  /** The tab's random name. */
  readonly client: string;
  readonly phase: Phase;
  /** Connections in a row that did not prove themselves. */
  readonly attempts: number;
  /** Whether an answer to a ping is awaited. */
  readonly pinged?: boolean | undefined;
  /** The server's memory of this tab's calls, as the last welcome named it. */
  readonly memory?: string | undefined;
  /** The session, as the last welcome named it. */
  readonly session?: string | undefined;
  /** Whether the server says that it is not in step with the store. */
  readonly behind?: boolean | undefined;
  /** The ms that were left when the server told that the session is about to expire. */
  readonly expiring?: number | null | undefined;
  /** Whether this connection has brought a view. */
  readonly fresh?: boolean | undefined;
  /** The last view of the server. */
  readonly server?: { readonly version: number; readonly view: unknown };
  /** Views under this version are old. */
  readonly floor: number;
  /** What is shown: a view of the server with the pending calls' guesses on top, and that view's version. */
  readonly view?: unknown;
  readonly version?: number;
  /** Whether `server` is newer than what is shown, see `view` in transitions.ts. */
  readonly held?: boolean;
  /** The calls not settled, by id. */
  readonly calls: readonly Call[];
  readonly endReason?: ClientEndReason;
  /** What the last step wants done, in order. */
  readonly effects: readonly Effect[];
}

/** A state in the making. What it holds is replaced, never changed in place. */
export type Draft = { -readonly [Field in keyof State]: State[Field] } & { readonly effects: Effect[] };

/** What happens. The server's messages are events as they are. */
export type Event =
  | ServerMessage
  | Garbage
  /** Connect now rather than later: at the start, when the browser is online again or the tab is looked at. */
  | { readonly t: "wake" }
  | { readonly t: "opened" }
  | { readonly t: "lost"; readonly code: number }
  | { readonly t: "timer" }
  /** The time for which a view is held is over. */
  | { readonly t: "release" }
  | { readonly t: "call"; readonly call: Call }
  /** The caller waits no longer. */
  | { readonly t: "abandon"; readonly id: number; readonly error: CallError }
  | { readonly t: "close" };

export type EventOf<T extends Event["t"]> = Extract<Event, { readonly t: T }>;

/** What is to be done. */
export type Effect =
  | { readonly do: "open" }
  /** Close the connection and listen to it no more. */
  | { readonly do: "drop" }
  | { readonly do: "send"; readonly text: string }
  /** Sets the one timer, in place of what it was set to. `jitter`: to a random time up to `ms`. */
  | { readonly do: "timer"; readonly ms: number; readonly jitter?: boolean | undefined }
  /** A `release`, soon. */
  | { readonly do: "hold" }
  | { readonly do: "settle"; readonly id: number; readonly error?: CallError | undefined; readonly result?: unknown }
  /** An error of the page's own code. */
  | { readonly do: "report"; readonly error: unknown }
  /** The machine is over: no timer, no listener. */
  | { readonly do: "stop" };

export function initialState(client: string, settings: Settings): State {
  return {
    settings,
    client,
    phase: "waiting",
    attempts: 0,
    floor: 0,
    calls: [],
    effects: [],
  };
}

export function statusOf({ phase, server, fresh, behind }: State): Status {
  if (phase === "over") return "ended";
  if (!server) return "connecting";
  return phase === "joined" && fresh && !behind ? "live" : "stale";
}
