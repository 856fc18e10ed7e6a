// live-session/ws: browsers connected by WebSocket.

export type { AdmissionOptions } from "./live/shared/admission.ts";
export { attachSocket, type SocketLike } from "./live/ws/attach-socket.ts";
export { type LiveSockets, liveSockets } from "./live/ws/live-sockets.ts";
export type { LiveSocketsOptions } from "./live/ws/options.ts";
