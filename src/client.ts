// live-session/client: the browser's side of a live session. No dependency, and no code of the server.

export { CallError, type CallErrorCode } from "./client/call-error.ts";
export { connect } from "./client/connect.ts";
export type {
  AnyApp,
  CallOptions,
  ClientAction,
  ClientActions,
  ConnectOptions,
  LiveClient,
} from "./client/live-client.ts";
export type { ClientEndReason, Status } from "./client/state.ts";
export type { Address, MakeTransport, Transport, TransportEvents } from "./client/transport.ts";
export type { WebSocketConstructor, WebSocketLike } from "./client/web-socket.ts";
