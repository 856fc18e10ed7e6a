// Real WebSockets against a real HTTP server, with a hub whose subscriptions are counted.

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import {
  createLiveSessions,
  type ErrorContext,
  type LiveApp,
  type LiveSessions,
  type LiveSessionsOptions,
  localBus,
  type SessionBus,
} from "live-session";
import { ManualClock } from "live-session/conformance";
import { type LiveSockets, type LiveSocketsOptions, liveSockets } from "live-session/ws";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

export const secret = "a secret of the tests";

/** The value of the cookie as express-session signs it. */
export function signed(id: string, by = secret): string {
  const signature = createHmac("sha256", by).update(id).digest("base64").replace(/=+$/, "");
  return encodeURIComponent(`s:${id}.${signature}`);
}

export function cookie(id: string, by = secret): string {
  return `connect.sid=${signed(id, by)}`;
}

export interface Hub<Data extends object> {
  readonly sessions: LiveSessions<Data>;
  readonly clock: ManualClock;
  readonly reported: { readonly error: unknown; readonly context: ErrorContext }[];
  /** Sessions that something on the node is attached to: each has one subscription to the bus. */
  readonly attached: () => number;
}

export function hub<Data extends object>(options: LiveSessionsOptions<Data> = {}): Hub<Data> {
  const clock = new ManualClock();
  const reported: Hub<Data>["reported"] = [];
  const onError = (error: unknown, context: ErrorContext) => void reported.push({ error, context });
  const { bus = localBus() } = options;
  let subscriptions = 0;
  const counting: SessionBus = {
    publish: (key, event) => bus.publish(key, event),
    onStatus: (listener) => bus.onStatus(listener),
    close: () => bus.close(),
    async subscribe(key, listener) {
      const unsubscribe = await bus.subscribe(key, listener);
      subscriptions++;
      return () => {
        subscriptions--;
        unsubscribe();
      };
    },
  };
  const sessions = createLiveSessions<Data>({ clock, onError, ...options, bus: counting });
  onTestFinished(() => sessions.close());
  return { sessions, clock, reported, attached: () => subscriptions };
}

export interface Served<Data extends object> {
  readonly sockets: LiveSockets<Data>;
  readonly server: Server;
  readonly port: number;
  /** Opens a socket with the cookie of this session, signed. */
  connect(id: string, options?: ConnectOptions): Peer;
}

export interface ConnectOptions {
  readonly headers?: Record<string, string>;
  readonly path?: string;
}

/** Serves an app at /live on a port of its own. */
export async function serve<Data extends object, View, Actions extends Record<string, unknown>>(
  app: LiveApp<Data, View, Actions>,
  options: Partial<LiveSocketsOptions> = {},
  server: Server = createServer((_request, response) => void response.end("plain HTTP")),
): Promise<Served<Data>> {
  const sockets = liveSockets(app, { secret, ...options }).attach(server, { path: "/live" });
  const port = await listen(server);
  onTestFinished(() => sockets.close());
  const connect = (id: string, { headers = {}, path = "/live" }: ConnectOptions = {}) =>
    new Peer(`ws://127.0.0.1:${port}${path}`, { cookie: cookie(id), ...headers });
  return { sockets, server, port, connect };
}

/** Has the server listen, and cuts everything that hangs on it when the test is over. */
export async function listen(server: Server): Promise<number> {
  const streams = new Set<Socket>();
  server.on("connection", (stream) => {
    streams.add(stream);
    stream.once("close", () => streams.delete(stream));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const stream of streams) stream.destroy();
  });
  return (server.address() as AddressInfo).port;
}

export type Message = Record<string, unknown> & { readonly t: string };

/** A client that speaks the protocol by hand, and keeps what it got until it is asked for. */
export class Peer {
  readonly socket: WebSocket;
  /** Everything that came, in order. */
  readonly got: Message[] = [];
  /** The close code; -1 if the handshake was refused. */
  readonly closed: Promise<number>;
  /** The HTTP status of a refused handshake. */
  status: number | undefined;
  #read = 0;
  #wake = () => {};

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, { headers });
    this.socket.on("message", (data) => {
      this.got.push(JSON.parse(String(data)));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on("unexpected-response", (request, response) => {
        this.status = response.statusCode;
        request.destroy();
        resolve(-1);
      });
      this.socket.on("error", () => this.status !== undefined && resolve(-1));
      this.socket.on("close", (code) => {
        resolve(code);
        this.#wake();
      });
    });
    onTestFinished(() => this.socket.terminate());
  }

  /** The stream under the socket: paused, it reads no more, and the server's writes pile up. */
  get stream(): Socket {
    return (this.socket as unknown as { _socket: Socket })._socket;
  }

  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, "open");
    return this;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" || message instanceof Buffer ? message : JSON.stringify(message));
  }

  /** Says hello, and waits for the welcome and the first view. */
  async hello(client = "tab"): Promise<{ welcome: Message; view: Message }> {
    await this.opened();
    this.send({ t: "hello", v: 1, client });
    return { welcome: await this.next(), view: await this.next() };
  }

  /** The next message that was not asked for yet. */
  async next(): Promise<Message> {
    while (this.#read >= this.got.length) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("The socket closed without a further message.");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.got[this.#read++] as Message;
  }

  /** The next message that passes, past others. */
  async until(passes: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const message = await this.next();
      if (passes(message)) return message;
    }
  }

  /** The answer to a call, past what came before. */
  answer(id: number): Promise<Message> {
    return this.until((message) => message.id === id);
  }

  call(id: number, name: string, input?: unknown): Promise<Message> {
    this.send({ t: "call", id, name, input });
    return this.answer(id);
  }

  /** Resolves when everything that the server sent so far is here. */
  async inStep(): Promise<void> {
    this.send({ t: "ping" });
    await this.until(({ t }) => t === "pong");
  }
}
