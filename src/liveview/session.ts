// The session in a live view: subscribed to in `mount`, read from what `mount` got, written from anywhere.

import { LiveSessionError, unknownSession } from "../core/errors.ts";
import type { SessionKey } from "../core/ids.ts";
import { refuseSealed } from "../core/sealed.ts";
import {
  type KeyOf,
  type MapWriter,
  putSession as putMap,
  type Session,
  sessionMap,
  updateSession as updateMap,
} from "../core/session-map.ts";
import { type AnySocket, LiveSocket } from "./socket.ts";

/**
 * Has the session's changes handed to the view's `handleInfo`, from those on that came after the session that `mount`
 * got. Does nothing in the first rendering, over HTTP, nor for a visitor without a session. Returns the socket.
 *
 * @throws LiveSessionError `not_a_session` if it is not the session that `mount` got; `cookie_session` if it is sealed
 *   in a cookie
 */
export function maybeSubscribe<Socket extends AnySocket, Data extends object>(
  socket: Socket,
  session: Session<Data>,
): Socket {
  const { core } = socket;
  refuseSealed(session);
  if (session !== core.session) {
    throw new LiveSessionError("not_a_session", "maybeSubscribe: pass the session as mount got it.");
  }
  if (core.connected && core.live) core.subscribed = true;
  return socket;
}

/**
 * Writes one key of the session, from a view's or component's socket or from a session map: refreshes the lifetime and
 * tells every subscriber, this view too.
 *
 * @returns the socket, or the session as it is after the write
 * @throws LiveSessionError as `put` of a live session; `unknown_session` for a visitor without a session
 */
export function putSession<Assigns extends object, Data extends object, Message, Key extends KeyOf<Data>>(
  socket: LiveSocket<Assigns, Data, Message>,
  key: Key,
  value: Data[Key],
): Promise<LiveSocket<Assigns, Data, Message>>;
export function putSession<Data extends object, Key extends KeyOf<Data>>(
  session: Session<Data>,
  key: Key,
  value: Data[Key],
): Promise<Session<Data>>;
export async function putSession(target: object, key: string, value: unknown): Promise<object> {
  if (!(target instanceof LiveSocket)) return putMap(target as Session<Record<string, unknown>>, key, value);
  const { live, session } = target.core;
  await (live ? live.put(key, value) : putMap(session, key, value));
  return target;
}

/**
 * Changes one key by its current value, atomically, from a view's or component's socket or from a session map. `change`
 * gets a copy that it may change and return, may run more than once, and must not wait; `undefined` deletes the key.
 *
 * @returns the socket, or the session as it is after the write
 * @throws as `putSession`, and `conflict`
 */
export function updateSession<Assigns extends object, Data extends object, Message, Key extends KeyOf<Data>>(
  socket: LiveSocket<Assigns, Data, Message>,
  key: Key,
  change: (value: Data[Key] | undefined) => Data[Key] | undefined,
): Promise<LiveSocket<Assigns, Data, Message>>;
export function updateSession<Data extends object, Key extends KeyOf<Data>>(
  session: Session<Data>,
  key: Key,
  change: (value: Data[Key] | undefined) => Data[Key] | undefined,
): Promise<Session<Data>>;
export async function updateSession(target: object, key: string, change: (value: unknown) => unknown): Promise<object> {
  if (!(target instanceof LiveSocket)) return updateMap(target as Session<Record<string, unknown>>, key, change);
  const { live, session } = target.core;
  await (live ? live.update(key, change) : updateMap(session, key, change));
  return target;
}

const nowhere: MapWriter = {
  putKey: () => Promise.reject(unknownSession()),
  updateKey: () => Promise.reject(unknownSession()),
};

/** The session of a visitor who has none: empty, and writes to it are refused. */
export function noSession(): Session<Record<string, unknown>> {
  return sessionMap({}, { hub: nowhere, key: "" as SessionKey, incarnation: "" });
}
