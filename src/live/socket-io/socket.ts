// What is used of a Socket.IO socket: structurally, so that its event types can be the user's own.

import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { LiveSocketData } from "./events.ts";

export interface SocketLike<Data extends object> {
  /** The handshake's. */
  readonly request: IncomingMessage;
  data: LiveSocketData<Data>;
  readonly connected: boolean;
  join(room: string): unknown;
  disconnect(close?: boolean): unknown;
}

/** The parts whose types depend on the user's events, and the connection below. */
export interface RawSocket {
  emit(event: string, ...values: unknown[]): unknown;
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  readonly handshake: { headers: IncomingHttpHeaders };
  /** The engine's, shared by all namespaces of one browser tab. */
  readonly conn: {
    readonly readyState: string;
    /** What the transport, busy with what came before, has not taken yet. */
    readonly writeBuffer?: readonly unknown[];
    on(event: "close" | "drain", listener: () => void): unknown;
    removeListener(event: "close" | "drain", listener: () => void): unknown;
    close(): unknown;
  };
  readonly nsp: {
    on(event: "connection", listener: (socket: object) => void): unknown;
    readonly server?: { readonly opts?: { readonly connectionStateRecovery?: { readonly skipMiddlewares?: boolean } } };
  };
}

export function rawSocket(socket: object): RawSocket {
  return socket as RawSocket;
}
