// What a hub tells of its doings on node:diagnostics_channel. Where nobody listens, an operation costs one look at a flag:
// nothing is timed, nothing is made. Messages are made of what may be known by whoever runs the app: keys, never ids or data.

import { type Channel, channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { type ErrorContext, LiveSessionError } from "./errors.ts";
import type { SessionKey } from "./ids.ts";
import type { Commit, CommitResult, EndReason, ReadResult } from "./store.ts";
import type { TopicMessage } from "./topic.ts";

/** What every message says. */
interface About {
  /** The live sessions that it is about, as `createLiveSessions` made them: a process may have several. */
  readonly sessions: object;
  readonly key: SessionKey;
}

/** Of what was asked of the store, once it is done. */
interface Operation extends About {
  /** From the call to the store's answer, in ms. */
  readonly duration: number;
  /** The code of the error that the caller got, where `outcome` is `failed`; else `null`. */
  readonly error: string | null;
}

type Refusal = Extract<CommitResult, { readonly ok: false }>["why"];

/** A commit. Those of an update that lost against others are told one by one. */
export interface CommitDiagnostic extends Operation {
  readonly mode: Commit["mode"];
  readonly outcome: "ok" | Refusal | "failed";
  /** The version that it led to; `null` if it was not done. */
  readonly version: number | null;
}

/** A read of the store. What a handle shows without asking the store is none. */
export interface ReadDiagnostic extends Operation {
  readonly outcome: ReadResult["state"] | "failed";
}

/** A push of the idle lifetime. */
export interface TouchDiagnostic extends Operation {
  readonly outcome: "ok" | "missing" | "failed";
}

/** This node ended a session. One that expired, or was ended by another node, is told of by `delivered`. */
export interface EndDiagnostic extends Operation {
  readonly reason: EndReason;
  /** `missing`: there was no live session. */
  readonly outcome: "ok" | "missing" | "failed";
}

/** An event came over the bus; also one that this node sent, if the bus brings it back. */
export interface ReceivedDiagnostic extends About {
  readonly type: "changed" | "touched" | "ended";
}

/** A message was told to all handles of a session on this node. */
export interface DeliveredDiagnostic extends About {
  readonly type: TopicMessage["type"];
  /** How many were told. */
  readonly handles: number;
  /** How long the telling took, in ms. */
  readonly duration: number;
  /** Why the session is over, with `live_session_ended`; else `null`. */
  readonly reason: EndReason | null;
}

/**
 * Why a node reads a session anew. `gap`: an event was lost, or did not fit the bus. `check`: the versions differed from the
 * store's. `expiry`: its time seems to be up, or nearly. `bus`: the bus came back meanwhile. `retry`: reading it failed.
 * `connection`: a browser knew a newer version, from another node.
 */
export type ResyncCause = "gap" | "check" | "expiry" | "bus" | "retry" | "connection";

/** A session was read anew to be in step with the store. */
export interface ResyncDiagnostic extends Operation {
  readonly cause: ResyncCause;
  readonly outcome: "ok" | "failed";
}

/** A conditional commit came too late: another was first. What `update` does then, it tries again. */
export interface ConflictDiagnostic extends About {}

/** A failure, told once, whether a caller heard of it or `onError` did. What the app's own rules refuse is none. */
export interface ErrorDiagnostic extends Omit<About, "key"> {
  readonly key: SessionKey | null;
  /** What was going on, as in `onError`. */
  readonly stage: string;
  /** The code of a LiveSessionError; else the name of the error's class. */
  readonly error: string;
}

/** The messages by their channels: `live-session:commit`, `live-session:read`, ... */
export interface Diagnostics {
  readonly commit: CommitDiagnostic;
  readonly read: ReadDiagnostic;
  readonly touch: TouchDiagnostic;
  readonly end: EndDiagnostic;
  readonly received: ReceivedDiagnostic;
  readonly delivered: DeliveredDiagnostic;
  readonly resync: ResyncDiagnostic;
  readonly conflict: ConflictDiagnostic;
  readonly error: ErrorDiagnostic;
}

interface TypedChannel<Message> {
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

const PREFIX = "live-session:";
const channelOf = (name: keyof Diagnostics): Channel => channel(`${PREFIX}${name}`);

/** Held here for good: a channel that nobody holds may be forgotten with its subscribers. */
export const channels: { readonly [Name in keyof Diagnostics]: TypedChannel<Diagnostics[Name]> } = {
  commit: channelOf("commit"),
  read: channelOf("read"),
  touch: channelOf("touch"),
  end: channelOf("end"),
  received: channelOf("received"),
  delivered: channelOf("delivered"),
  resync: channelOf("resync"),
  conflict: channelOf("conflict"),
  error: channelOf("error"),
};

/** What the code of a failure is called in messages. */
export function errorCode(error: unknown): string {
  if (error instanceof LiveSessionError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}

/** Those that were told, so that one that a caller passes to `onError` is not told twice. */
const told = new WeakSet<object>();

/** Tells of a failure. */
export function tellError(sessions: object, failure: unknown, { stage, key = null }: ErrorPlace): void {
  if (!channels.error.hasSubscribers) return;
  if (typeof failure === "object" && failure !== null) {
    if (told.has(failure)) return;
    told.add(failure);
  }
  channels.error.publish({ sessions, key: key as SessionKey | null, stage, error: errorCode(failure) });
}

type ErrorPlace = Omit<ErrorContext, "key"> & { readonly key?: string | null | undefined };

/** What `observe` calls, for those channels that it is to listen on. */
export type DiagnosticListeners = {
  readonly [Name in keyof Diagnostics]?: ((message: Diagnostics[Name]) => void) | undefined;
};

/** The stage at which `onError` hears of listeners that throw. Not told on the channels, or it would go round for ever. */
export const OBSERVER = "observer";

/**
 * Listens to what these live sessions tell on `node:diagnostics_channel`; other live sessions of the process are left out.
 * Called at once, in the midst of the operation: be quick, and write to no session. Returns the function that stops it.
 */
export function observe(
  sessions: { readonly report: (error: unknown, context: ErrorContext) => void },
  listeners: DiagnosticListeners,
): () => void {
  const stops = Object.entries(listeners).map(([name, listener]) => {
    const heard = (message: unknown) => {
      if ((message as About).sessions !== sessions) return;
      try {
        (listener as (message: unknown) => void)(message);
      } catch (error) {
        sessions.report(error, { stage: OBSERVER });
      }
    };
    subscribe(`${PREFIX}${name}`, heard);
    return () => unsubscribe(`${PREFIX}${name}`, heard);
  });
  return () => {
    for (const stop of stops) stop();
  };
}
