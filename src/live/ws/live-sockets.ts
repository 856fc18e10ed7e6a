// WebSockets for browsers: each upgrade is checked, attached to its session, and served.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { LiveApp } from "../../core/app.ts";
import { every } from "../../core/clock.ts";
import { LiveSessionError } from "../../core/errors.ts";
import type { LiveSession } from "../../core/live-session.ts";
import { refuseSealed } from "../../core/sealed.ts";
import { Admission } from "../shared/admission.ts";
import { ConnectionContext } from "../shared/connection.ts";
import { badOption } from "../shared/options.ts";
import { refusal } from "../shared/refusal.ts";
import { type AnyServer, onUpgrade, refuseUpgrade } from "../shared/upgrades.ts";
import { ClientSocket, Encoder, type Shared, SocketTransport } from "./client-socket.ts";
import { type LiveSocketsOptions, readSocketOptions } from "./options.ts";

/** How long sockets have to say goodbye when all are closed. */
const GOODBYE_MS = 2_000;

/** The sockets of an app, made by `liveSockets`. */
export class LiveSockets<Data extends object> {
  readonly #admission: Admission;
  readonly #context: ConnectionContext<Data>;
  readonly #shared: Shared;
  readonly #server: WebSocketServer;
  readonly #detachers: (() => void)[] = [];
  readonly #stopBeating: () => void;
  #closed: Promise<void> | null = null;

  /** For `liveSockets`. */
  constructor(app: LiveApp<Data, unknown, Record<string, unknown>>, options: LiveSocketsOptions) {
    const limits = readSocketOptions(options);
    const { clock } = app.sessions;
    this.#admission = new Admission(options, app.sessions);
    this.#context = new ConnectionContext(app, limits);
    this.#shared = { limits, encoder: new Encoder(), transports: new Set(), emptied: () => {} };
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      WebSocket: ClientSocket,
      // What is a little too large gets an answer that says so; what is far too large is cut off at its header.
      maxPayload: 2 * limits.maxMessageBytes,
      // Compression would cost memory for each connection, and mixes secrets with text of others.
      perMessageDeflate: false,
    });
    this.#stopBeating = every(clock, limits.pingInterval, async () => {
      for (const transport of this.#shared.transports) transport.beat();
    });
  }

  /** The number of sockets that are open. */
  get size(): number {
    return this.#shared.transports.size;
  }

  /**
   * Takes the server's upgrades of this path; other paths are left to the server's other upgrade listeners.
   *
   * @param options.path such as `"/live"`
   * @throws LiveSessionError `bad_option`, `closed`
   */
  attach(server: AnyServer, { path }: { readonly path: string }): this {
    if (typeof server?.on !== "function") throw badOption("attach: pass the HTTP server that createServer made.");
    if (typeof path !== "string" || !/^\/[^?#]*$/.test(path)) {
      throw badOption('path: give the path of the URL that browsers connect to, such as "/live".');
    }
    if (this.#closed) throw new LiveSessionError("closed", "These sockets were closed.");
    this.#detachers.push(onUpgrade(server, path, (...upgrade) => this.handleUpgrade(...upgrade)));
    return this;
  }

  /**
   * Takes one upgrade request, for those who share them out themselves. It is answered in every case: with 403 if a
   * foreign page sent it, else with a WebSocket, which is closed at once if there is no session for it.
   */
  handleUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    if (this.#closed) return refuseUpgrade(stream, 503);
    if (!this.#admission.allowsOrigin(request)) return refuseUpgrade(stream, 403);
    // Nobody else listens while the session is looked up, and an error without a listener would end the process.
    const broken = () => stream.destroy();
    stream.on("error", broken);
    const open = (found: LiveSession<Data> | null, error?: unknown) => {
      stream.removeListener("error", broken);
      this.#open(request, stream, head, found, error);
    };
    this.#admission.connect(this.#context.app.sessions, "ws", request).then(open, (error) => open(null, error));
  }

  /**
   * Closes every socket with 1001, so that browsers connect again, to wherever they then get, and takes no more. The
   * HTTP server goes on. Resolves when all are gone. Idempotent.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const detach of this.#detachers) detach();
    const { transports } = this.#shared;
    for (const transport of transports) transport.goAway();
    if (transports.size > 0) {
      const cancel = this.#context.clock.after(GOODBYE_MS, () => {
        for (const transport of transports) transport.destroy();
      });
      await new Promise<void>((resolve) => (this.#shared.emptied = resolve));
      cancel();
    }
    this.#stopBeating();
    this.#context.clients.close();
  }

  #open(request: IncomingMessage, stream: Duplex, head: Buffer, live: LiveSession<Data> | null, error: unknown): void {
    let opened = false;
    if (this.#closed) refuseUpgrade(stream, 503);
    else {
      this.#server.handleUpgrade(request, stream, head, (socket) => {
        opened = true;
        this.#serve(socket as ClientSocket, stream, live, error);
      });
    }
    if (!opened) live?.detach(); // the request was malformed, or the browser gave up meanwhile
  }

  #serve(socket: ClientSocket, stream: Duplex, live: LiveSession<Data> | null, error: unknown): void {
    const transport = new SocketTransport(socket, stream, this.#shared);
    if (!live) return this.#refuse(transport, error);
    try {
      transport.serve(this.#context, live);
    } catch (failure) {
      live.detach();
      this.#refuse(transport, failure);
    }
  }

  #refuse(transport: SocketTransport, error: unknown): void {
    const { text, close, reason, failure } = refusal(error);
    if (failure) this.#context.app.sessions.report(error, { stage: "attach" });
    if (text !== null) transport.send(text);
    transport.close(close, reason);
  }
}

/**
 * Connects browsers to an app by WebSocket: `liveSockets(app, { secret }).attach(server, { path: "/live" })`. The cookie
 * of the upgrade request names the session; `secret` is that of the session middleware.
 *
 * @throws LiveSessionError `bad_option`, `cookie_session`
 */
export function liveSockets<Data extends object, View, Actions extends Record<string, unknown>>(
  app: LiveApp<Data, View, Actions>,
  options: LiveSocketsOptions,
): LiveSockets<Data> {
  refuseSealed(app);
  if (typeof app?.viewText !== "function" || typeof app.run !== "function") {
    throw badOption("liveSockets: pass the app that sessions.app({ view, actions }) made.");
  }
  return new LiveSockets<Data>(app as unknown as LiveApp<Data, unknown, Record<string, unknown>>, options);
}
