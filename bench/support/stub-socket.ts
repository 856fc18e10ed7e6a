// A TCP socket whose other end is nobody: more connections than a machine has ports for, each through the whole of a
// server's WebSocket code. What is written to it is counted, and frames can be put into it.

import { randomBytes } from "node:crypto";
import { IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";

export class StubSocket extends Duplex {
  readonly remoteAddress = "127.0.0.1";
  /** How often something was written: a frame each time, but for the answer to the upgrade. */
  writes = 0;
  /** Called with the bytes of each write. */
  onWrite = (_bytes: number) => {};

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#wrote(chunk.length);
    done();
  }

  /** The header and the payload of a frame come together. */
  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#wrote(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0));
    done();
  }

  #wrote(bytes: number): void {
    this.writes++;
    this.onWrite(bytes);
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  /** As if the browser sent a text of up to 64 KiB. */
  say(text: string): void {
    const payload = Buffer.from(text);
    const long = payload.length >= 126;
    const length = long ? [0x80 | 126, payload.length >> 8, payload.length & 0xff] : [0x80 | payload.length];
    this.push(Buffer.from([0x81, ...length, 0, 0, 0, 0, ...payload])); // masked, by zeros
  }
}

/** A WebSocket handshake with a server that need not listen. */
export function upgrade(server: Server, url: string, headers: Readonly<Record<string, string>> = {}): StubSocket {
  const socket = new StubSocket();
  const request = Object.assign(new IncomingMessage(socket as unknown as Socket), {
    method: "GET",
    url,
    headers: {
      host: "localhost",
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      ...headers,
    },
  });
  server.emit("upgrade", request, socket, Buffer.alloc(0));
  return socket;
}

/** Resolves once so much was written in all. */
export async function wrote(socket: StubSocket, writes: number): Promise<void> {
  while (socket.writes < writes) await nextWrite(socket);
}

/** Resolves at the next write, to its bytes. */
export function nextWrite(socket: StubSocket): Promise<number> {
  return new Promise((resolve) => {
    socket.onWrite = resolve;
  });
}
