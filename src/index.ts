// live-session: live web sessions, shared by requests, sockets and tabs.

import { quietBus } from "./buses/quiet.ts";
import { LiveSessions } from "./core/hub.ts";
import { type LiveSessionsOptions, readOptions } from "./core/options.ts";
import { memoryStore } from "./stores/memory.ts";

/**
 * Makes the live sessions of an app. `Data` is an interface with what the sessions hold: JSON, every key optional in
 * effect, since a new session is empty.
 *
 * ```ts
 * interface Shop { cart: string[]; theme: "light" | "dark" }
 * const sessions = createLiveSessions<Shop>({ lifetime: "2d" });
 * ```
 *
 * @throws LiveSessionError `bad_option`, naming the option
 */
export function createLiveSessions<Data extends object = Record<string, unknown>>(
  options: LiveSessionsOptions<Data> = {},
): LiveSessions<Data> {
  const defaults = { store: (clock: LiveSessionsOptions<Data>["clock"]) => memoryStore({ clock }), bus: quietBus };
  return new LiveSessions<Data>(readOptions(options, defaults));
}

export { localBus } from "./buses/local.ts";
export type { Action, AppDefinition, LiveApp } from "./core/app.ts";
export type { AttachedConnection, AttachedFigures } from "./core/attached.ts";
export type { Changes, SessionBus, SessionEvent, SessionListener } from "./core/bus.ts";
export { type Clock, systemClock } from "./core/clock.ts";
export {
  type CommitDiagnostic,
  type ConflictDiagnostic,
  type DeliveredDiagnostic,
  type DiagnosticListeners,
  type Diagnostics,
  type EndDiagnostic,
  type ErrorDiagnostic,
  observe,
  type ReadDiagnostic,
  type ReceivedDiagnostic,
  type ResyncCause,
  type ResyncDiagnostic,
  type TouchDiagnostic,
} from "./core/diagnostics.ts";
export type { Duration } from "./core/duration.ts";
export { type ErrorCode, type ErrorContext, type Issue, LiveSessionError, type OnError } from "./core/errors.ts";
export type { CreatedSession, LiveSessions } from "./core/hub.ts";
export { generateSessionId, type SessionId, type SessionKey, sessionKey } from "./core/ids.ts";
export type {
  AddressLimits,
  ConnectionFloodLimits,
  LimitsOptions,
  RateLimit,
  SessionLimits,
} from "./core/limit-options.ts";
export type { Refused } from "./core/limits.ts";
export type { LiveSession, LiveSessionMessage } from "./core/live-session.ts";
export type { LiveSessionsOptions } from "./core/options.ts";
export type {
  BindOptions,
  OwnedSession,
  PrincipalLimit,
  PrincipalSessions,
  SessionAbout,
  SessionReference,
} from "./core/ownership.ts";
export type { SessionRecords, Write } from "./core/records.ts";
export type { RegenerateOptions } from "./core/regenerate.ts";
export type { StandardSchema } from "./core/schema.ts";
export { type DeepReadonly, type KeyOf, putSession, type Session, updateSession } from "./core/session-map.ts";
export type {
  Commit,
  CommitResult,
  EndReason,
  JsonObject,
  ListedRecord,
  LiveVersion,
  MaybePromise,
  ReadResult,
  SessionRecord,
  SessionStore,
  Touch,
} from "./core/store.ts";
export type { LiveStatus } from "./core/topic.ts";
export type { ActionsOf, InputOf, OutputOf, ViewOf } from "./core/wire.ts";
export { type MemoryStoreOptions, memoryStore } from "./stores/memory.ts";
