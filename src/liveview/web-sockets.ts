// The client's first way: WebSockets, of the ws package.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { every } from "../core/clock.ts";
import { type Allowance, limitError } from "../core/limits.ts";
import type { Admission } from "../live/shared/admission.ts";
import { type AnyServer, onUpgrade, refuseUpgrade } from "../live/shared/upgrades.ts";
import { type AdmittedPeer, Connection } from "./connection.ts";
import type { LiveViewServer } from "./server.ts";

export interface WebSocketLimits {
  /** The largest message taken, in bytes; a larger one closes the connection with 1009. */
  readonly maxMessageBytes: number;
  /** A client that lets more than this wait to be sent, in bytes, is cut off with 1013: it will come again. */
  readonly maxBufferedBytes: number;
  /** A client that says nothing for so long, in ms, is gone. */
  readonly idleTimeout: number;
}

export class WebSockets {
  readonly #server: LiveViewServer;
  readonly #admission: Admission;
  readonly #limits: WebSocketLimits;
  readonly #sockets = new Map<WebSocket, Connection>();
  readonly #acceptor: WebSocketServer;
  readonly #detachers: (() => void)[] = [];
  readonly #stopChecking: () => void;

  constructor(server: LiveViewServer, admission: Admission, limits: WebSocketLimits) {
    this.#server = server;
    this.#admission = admission;
    this.#limits = limits;
    this.#acceptor = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: limits.maxMessageBytes,
      perMessageDeflate: false, // costs memory for each connection, and mixes secrets with text of others
    });
    this.#stopChecking = every(server.clock, limits.idleTimeout / 2, async () => this.#check());
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** @param path as the browser's LiveSocket has it, such as `"/live"` */
  attach(server: AnyServer, path: string): void {
    this.#detachers.push(
      onUpgrade(server, `${path}/websocket`, (request, stream, head) => this.#upgrade(request, stream, head)),
    );
  }

  /** Clients come again when the server is back. Resolves when all have hung up, or were cut off. */
  async close(): Promise<void> {
    this.#stopChecking();
    for (const detach of this.#detachers.splice(0)) detach();
    const sockets = [...this.#sockets.keys()];
    const gone = sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const connection of this.#sockets.values()) connection.close(1012, "restarting");
    const cancel = this.#server.clock.after(1_000, () => {
      for (const socket of sockets) socket.terminate();
    });
    await Promise.all(gone);
    cancel();
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    if (!this.#admission.allowsOrigin(request)) return refuseUpgrade(stream, 403);
    let allowance: Allowance;
    try {
      allowance = this.#admission.admit(request);
    } catch (error) {
      // Before the handshake: a client whose connection was open for a moment comes again at once, and not later and later.
      return refuseUpgrade(stream, 429, limitError(error)?.headers);
    }
    const peer = {
      sessionId: this.#admission.optionalSessionId(request),
      allowsOrigin: this.#admission.ruleFor(request),
      allowance,
    };
    let accepted = false;
    this.#acceptor.handleUpgrade(request, stream, head, (socket) => {
      accepted = true;
      this.#accept(socket, peer);
    });
    if (!accepted) allowance.release(); // the request was malformed
  }

  #accept(socket: WebSocket, peer: AdmittedPeer): void {
    const transport = {
      send: (text: string) => {
        if (socket.readyState !== socket.OPEN) return;
        socket.send(text);
        if (socket.bufferedAmount > this.#limits.maxBufferedBytes) connection.close(1013, "too slow");
      },
      close: (code: number, reason: string) => socket.close(code, reason),
    };
    const connection = new Connection(this.#server, transport, peer);
    this.#sockets.set(socket, connection);
    socket.on("message", (data, isBinary) => {
      if (isBinary)
        connection.close(1003, "text only"); // uploads would be binary
      else connection.receive(data.toString());
    });
    socket.on("ping", () => connection.heard()).on("pong", () => connection.heard());
    socket.on("error", () => {}); // ws closes what is broken, and we hear of that
    socket.on("close", () => {
      this.#sockets.delete(socket);
      connection.closed();
    });
  }

  #check(): void {
    const since = this.#server.clock.now() - this.#limits.idleTimeout;
    for (const [socket, connection] of this.#sockets) {
      if (connection.lastSeen > since) continue;
      connection.closed();
      socket.terminate(); // whoever is silent will not answer a goodbye
    }
  }
}
