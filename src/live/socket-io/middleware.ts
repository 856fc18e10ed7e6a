// The middleware: each socket gets its session, or is refused.

import { LiveSessionError } from "../../core/errors.ts";
import type { LiveSessions } from "../../core/hub.ts";
import { limitCodes, limitError, retryAfter } from "../../core/limits.ts";
import type { LiveSession } from "../../core/live-session.ts";
import { refuseSealed } from "../../core/sealed.ts";
import { Admission } from "../shared/admission.ts";
import { errorText } from "../shared/messages.ts";
import { badOption } from "../shared/options.ts";
import { type LiveSessionOptions, readOptions } from "./options.ts";
import { sessionRoom } from "./room.ts";
import { type RawSocket, rawSocket, type SocketLike } from "./socket.ts";
import { feedView, takeCalls, Views } from "./view-feed.ts";

type Next = (error?: Error) => void;

/**
 * Attaches Socket.IO's sockets to their sessions: `io.use(liveSession(sessions, { secret }))`. The cookie of the handshake
 * names the session. A socket without one gets `connect_error` with `data.code`; when the session ends, the socket is told
 * `live_session_ended` and disconnected, on whatever node it is.
 *
 * @throws LiveSessionError `bad_option`, `cookie_session`
 */
export function liveSession<Data extends object>(
  sessions: LiveSessions<Data>,
  options: LiveSessionOptions<Data>,
): (socket: SocketLike<Data>, next: Next) => void {
  refuseSealed(sessions);
  if (typeof sessions?.attach !== "function") throw badOption("liveSession: pass what createLiveSessions made.");
  const { maxCallsInFlight } = readOptions(options);
  const { app } = options;
  const admission = new Admission(options, sessions);
  const views = app && new Views<Data>(app);
  /** What is to be done once a socket is connected: before, it cannot be sent anything. */
  const starts = new WeakMap<object, () => void>();
  const namespaces = new WeakSet<object>();

  async function attach(socket: SocketLike<Data>): Promise<void> {
    const raw = rawSocket(socket);
    refuseRecovery(raw);
    if (!admission.allowsRequest(socket.request)) {
      throw new LiveSessionError("forbidden_origin", "Pages of this origin may not connect.");
    }
    const live = await admission.connect(sessions, "socket.io", socket.request);
    try {
      follow(socket, raw, live);
      // Adapters publish a socket's handshake to other nodes (fetchSockets): the secret must not be in it.
      const { headers } = raw.handshake;
      raw.handshake.headers = { ...headers, cookie: admission.withoutSession(headers.cookie) };
      await socket.join(sessionRoom(live.key));
    } catch (error) {
      live.detach();
      throw error;
    }
    if (!app || !views) return;
    takeCalls(raw, live, app, maxCallsInFlight);
    starts.set(socket, () => feedView(raw, live, app, views));
    if (namespaces.has(raw.nsp)) return;
    namespaces.add(raw.nsp);
    raw.nsp.on("connection", (connected) => starts.get(connected)?.());
  }

  return (socket, next) => {
    attach(socket).then(
      () => next(),
      (error) => {
        const code = error instanceof LiveSessionError ? error.code : null;
        const isRefused = code !== null && refusals.has(code);
        if (!isRefused || code === "cookie_session") sessions.report(error, { stage: "attach" });
        if (isRefused) return next(refusal(error as LiveSessionError));
        // No refusal, on which clients give up, but a connection that breaks: they try again, later and later.
        if (code !== "bad_option") rawSocket(socket).conn.close();
        next(new Error("The session could not be reached."));
      },
    );
  };
}

const refusals = new Set<string>([
  "unknown_session",
  "session_ended",
  "cookie_session",
  "forbidden_origin",
  ...limitCodes,
]);

/** What the client's `connect_error` gets. */
function refusal(error: LiveSessionError): Error {
  const { code, reason } = error;
  const { message } = JSON.parse(errorText(code, { error }));
  const wait = limitError(error) && { retryAfter: retryAfter(error) };
  return Object.assign(new Error(message), { data: { code, ...(reason && { reason }), ...wait } });
}

/** @throws LiveSessionError `session_ended`, `closed` */
function follow<Data extends object>(socket: SocketLike<Data>, raw: RawSocket, live: LiveSession<Data>): void {
  live.subscribe((message) => {
    if (socket.connected && message.type === "live_session_expiring") raw.emit(message.type, message.left);
    if (socket.connected && message.type === "live_session_extended") raw.emit("live_session_expiring", null);
    if (message.type !== "live_session_ended") return;
    if (!socket.connected) return void raw.conn.close(); // between the middleware and the connection
    // One that moved is found again by the new cookie: clients whose connection breaks come back by themselves.
    if (message.reason === "regenerated") return void raw.conn.close();
    raw.emit("live_session_ended", { reason: message.reason });
    socket.disconnect(true);
  });
  if (raw.conn.readyState !== "open") throw new LiveSessionError("closed", "The connection closed meanwhile.");
  socket.data.session = live;
  const release = () => {
    raw.conn.removeListener("close", release);
    queueMicrotask(() => live.detach()); // so that handlers of `disconnect` can still write
  };
  raw.on("disconnect", release);
  raw.conn.on("close", release); // also of a socket that a later middleware refused, which never disconnects
}

/** A recovered socket would get its old handle back, unasked whether the session still is: it would outlive a logout. */
function refuseRecovery({ nsp }: RawSocket): void {
  if (!nsp.server?.opts?.connectionStateRecovery?.skipMiddlewares) return;
  throw badOption("connectionStateRecovery: set skipMiddlewares to false, or sockets come back without a session.");
}
