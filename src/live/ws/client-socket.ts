// One WebSocket of a browser: frames in and out, signs of life, and how much is unsent.

import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { LiveSessionError } from "../../core/errors.ts";
import type { LiveSession } from "../../core/live-session.ts";
import { Connection, type ConnectionContext, type Transport } from "../shared/connection.ts";
import type { SocketLimits } from "./options.ts";

/** A WebSocket that knows whom it serves, so that all share their listeners. */
export class ClientSocket extends WebSocket {
  transport: SocketTransport | null = null;
}

/** Encodes a text once, however many sockets in a row are sent it. */
export class Encoder {
  #text = "";
  #bytes = Buffer.alloc(0);

  bytes(text: string): Buffer {
    if (text !== this.#text) {
      this.#text = text;
      this.#bytes = Buffer.from(text);
    }
    return this.#bytes;
  }
}

/** What the sockets of one `liveSockets` share. */
export interface Shared {
  readonly limits: SocketLimits;
  readonly encoder: Encoder;
  readonly transports: Set<SocketTransport>;
  /** Called when the last of them is gone. */
  emptied: () => void;
}

const asText = { binary: false } as const;

export class SocketTransport implements Transport {
  readonly #socket: ClientSocket;
  /** The stream under the socket. */
  readonly #stream: Duplex;
  readonly #shared: Shared;
  #connection: Pick<Connection<object>, "receive" | "heard" | "fail" | "drained" | "close" | "closed"> | null = null;
  #choked = false;
  #alive = true;

  constructor(socket: ClientSocket, stream: Duplex, shared: Shared) {
    this.#socket = socket;
    this.#stream = stream;
    this.#shared = shared;
    socket.transport = this;
    shared.transports.add(this);
    socket.on("message", onMessage).on("ping", onPing).on("pong", onPong).on("close", onClose).on("error", onError);
  }

  /** @throws LiveSessionError `session_ended`, `closed` */
  serve<Data extends object>(context: ConnectionContext<Data>, live: LiveSession<Data>): void {
    this.#connection = new Connection(context, live, this);
  }

  get choked(): boolean {
    return this.#choked;
  }

  send(text: string): void {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(this.#shared.encoder.bytes(text), asText);
    if (this.#choked || socket.bufferedAmount <= this.#shared.limits.maxBufferedBytes) return;
    if (!this.#stream.writableNeedDrain) return;
    this.#choked = true;
    this.#stream.once("drain", () => {
      this.#choked = false;
      this.#connection?.drained();
    });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  /** Ends the connection because the server does. */
  goAway(): void {
    if (this.#connection) this.#connection.close(1001, "closing");
    else this.close(1001, "closing");
  }

  received(data: Buffer, isBinary: boolean): void {
    this.#alive = true;
    const connection = this.#connection;
    if (!connection) return;
    const { maxMessageBytes } = this.#shared.limits;
    if (data.length > maxMessageBytes) {
      connection.fail(new LiveSessionError("message_too_large", `The limit is ${maxMessageBytes} bytes.`), 1009);
    } else if (isBinary) {
      connection.fail(new LiveSessionError("bad_message", "Messages must be text."), 1003);
    } else {
      connection.receive(data.toString());
    }
  }

  /** A ping, or the answer to one. */
  signOfLife(): void {
    this.#alive = true;
    this.#connection?.heard();
  }

  gone(): void {
    this.#connection?.closed();
    this.#connection = null;
    const { transports } = this.#shared;
    transports.delete(this);
    if (transports.size === 0) this.#shared.emptied();
  }

  /** Asks for a sign of life, and cuts off what gave none since the last time: the line is dead, or far too slow. */
  beat(): void {
    if (!this.#alive) return this.destroy();
    this.#alive = false;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }
}

function onMessage(this: WebSocket, data: unknown, isBinary: boolean): void {
  (this as ClientSocket).transport?.received(data as Buffer, isBinary);
}

function onPing(this: WebSocket): void {
  (this as ClientSocket).transport?.signOfLife();
}

function onPong(this: WebSocket): void {
  (this as ClientSocket).transport?.signOfLife();
}

function onClose(this: WebSocket): void {
  (this as ClientSocket).transport?.gone();
}

/** Broken frames and broken lines: ws closes the socket, with the code that fits, and that is all there is to do. */
function onError(): void {}
