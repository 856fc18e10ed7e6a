// Texts over a WebSocket.

import type { MakeTransport } from "./transport.ts";

/** The part of the WebSocket interface that is used. `WebSocket` of browsers, Node 22 and the `ws` package have it. */
export interface WebSocketLike {
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number }) => void): void;
  send(text: string): void;
  close(): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

export const webSocketTransport: MakeTransport = ({
  url,
  WebSocket = globalThis.WebSocket as WebSocketConstructor,
}) => {
  if (!WebSocket) throw new TypeError("connect: pass a WebSocket.");
  const address = socketUrl(url);
  return ({ opened, received, lost }) => {
    const socket = new WebSocket(address);
    socket.addEventListener("open", opened);
    // Binary data is no message of the protocol: the empty text is none either, and is dealt with as such.
    socket.addEventListener("message", ({ data }) => received(typeof data === "string" ? data : ""));
    socket.addEventListener("close", ({ code }) => lost(code));
    // A close always follows; without a listener the `ws` package would throw.
    socket.addEventListener("error", () => {});
    return socket;
  };
};

/** A page's path as the URL of a socket: `/live` → `wss://host/live`. */
const socketUrl = (url: string | URL) => new URL(url, globalThis.location?.href).href.replace(/^http/, "ws");
