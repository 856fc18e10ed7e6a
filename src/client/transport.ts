// What the client asks of a way to the server. Any that carries texts in order fits: WebSockets, SSE with POSTs.

import type { WebSocketConstructor } from "./web-socket.ts";

/** The options of connect() that say where the server is. */
export interface Address {
  readonly url: string | URL;
  readonly WebSocket?: WebSocketConstructor;
}

/** @throws TypeError if the URL is none, or what is needed to connect is missing */
export type MakeTransport = (address: Address) => Transport;

/** Makes one connection. MUST NOT call back before it has returned. */
export type Transport = (events: TransportEvents) => Connection;

export interface TransportEvents {
  /** Texts can be sent from now on. */
  opened(): void;
  /** A text of the server, in the order sent. */
  received(text: string): void;
  /** Nothing comes any more, or nothing ever did. `code`: the WebSocket close code, or the one that says the same. */
  lost(code: number): void;
}

export interface Connection {
  send(text: string): void;
  /** MAY still call back; the client no longer listens. */
  close(): void;
}
