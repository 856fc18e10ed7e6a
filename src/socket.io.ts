// live-session/socket.io: Socket.IO sockets attached to the session that their cookie names.

export type { AdmissionOptions, RequestHead } from "./live/shared/admission.ts";
export type {
  CallAnswer,
  LiveClientEvents,
  LiveServerEvents,
  LiveSocketData,
} from "./live/socket-io/events.ts";
export { liveSession } from "./live/socket-io/middleware.ts";
export type { LiveSessionOptions } from "./live/socket-io/options.ts";
export { sessionRoom } from "./live/socket-io/room.ts";
export type { SocketLike } from "./live/socket-io/socket.ts";
