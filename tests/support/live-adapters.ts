// The live adapters, each with a server and its real client library.

import { createServer } from "node:http";
import type { Socket as Stream } from "node:net";
import { EventSource } from "eventsource";
import { type ConnectOptions, connect } from "live-session/client";
import { sseTransport } from "live-session/client-sse";
import { liveSession } from "live-session/socket.io";
import { liveStreams } from "live-session/sse";
import { liveSockets } from "live-session/ws";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { type LiveAdapter, type LivePeer, type ServeOptions, type SuiteApp, ViewLog } from "./live-suite.ts";
import { cookie, listen, secret } from "./ws.ts";

/** Our client over any transport. */
function clientPeer(options: ConnectOptions, gate: Pick<LivePeer, "pause" | "resume" | "use">): LivePeer {
  const log = new ViewLog();
  const live = connect<SuiteApp>({ retryMin: 1, random: () => 0, ...options });
  onTestFinished(() => live.close());
  let last: unknown;
  const ended = new Promise<string>((resolve) => {
    live.subscribe(() => {
      if (live.view !== undefined && live.view !== last) log.add(live.view);
      last = live.view;
      if (live.status === "ended") resolve(live.endReason as string);
    });
  });
  const expiring = new Promise<number>((resolve) => live.subscribe(() => live.expiring && resolve(live.expiring)));
  const actions = live.actions as unknown as Record<string, (input: unknown) => Promise<unknown>>;
  return {
    views: log.views,
    until: (passes) => log.until(passes),
    call: (action, input) => (actions[action] as (input: unknown) => Promise<unknown>)(input),
    ended,
    expiring,
    close: () => live.close(),
    ...gate,
  };
}

/** The headers of a browser whose cookie may change. */
function browserHeaders(id: string, more: Record<string, string>) {
  const headers: Record<string, string> = { cookie: cookie(id), ...more };
  const use = (next: string) => void Object.assign(headers, { cookie: cookie(next) });
  return { headers, use };
}

const ws: LiveAdapter = {
  name: "ws",
  transport: "ws",
  sealed: "refused",
  calls: "by connection",
  refused: "", // see below: the upgrade itself is refused, and the client tries again
  async serve(app, options) {
    const server = createServer();
    const sockets = liveSockets(app, { secret, pingInterval: "1h", ...options }).attach(server, { path: "/live" });
    const url = `ws://127.0.0.1:${await listen(server)}/live`;
    onTestFinished(() => sockets.close());
    return {
      open: () => sockets.size,
      connect(id, headers = {}) {
        let socket: WebSocket | undefined;
        const { headers: own, use } = browserHeaders(id, headers);
        class Own extends WebSocket {
          constructor(to: string) {
            super(to, { headers: { ...own } });
            socket = this;
          }
        }
        const stream = () => (socket as unknown as { _socket: Stream })._socket;
        const gate = { pause: () => void stream().pause(), resume: () => void stream().resume(), use };
        const peer = clientPeer({ url, WebSocket: Own as ConnectOptions["WebSocket"] }, gate);
        const refused = new Promise<string>((resolve) => {
          socket?.once("unexpected-response", (_request, response) => resolve(response.statusCode === 403 ? "" : "?"));
        });
        return { ...peer, ended: Promise.race([peer.ended, refused]) };
      },
    };
  },
};

/** A fetch with headers of its own, whose bodies can be left unread. */
function gatedFetch(headers: Record<string, string>) {
  let open = Promise.resolve();
  let goOn = () => {};
  const own: typeof fetch = async (input, init) => {
    const response = await fetch(input, { ...init, headers: { ...(init?.headers as object), ...headers } });
    if (!response.body || init?.method === "POST") return response;
    const reader = response.body.getReader();
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          await open;
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => reader.cancel(),
      },
      { highWaterMark: 0 },
    );
    const { status, url } = response;
    return Object.defineProperty(new Response(body, { status, headers: response.headers }), "url", { value: url });
  };
  return {
    fetch: own,
    pause() {
      open = new Promise<void>((resolve) => {
        goOn = resolve;
      });
    },
    resume: () => goOn(),
  };
}

async function serveStreams(app: SuiteApp, own: ServeOptions = {}) {
  const options = { secret, heartbeatInterval: "1h", retry: 1, maxMessageBytes: 1_000_000 } as const;
  const streams = liveStreams(app, { ...options, ...own });
  const url = `http://127.0.0.1:${await listen(createServer(streams.handle))}/live`;
  onTestFinished(() => streams.close());
  return { streams, url };
}

const sse: LiveAdapter = {
  name: "sse, with our client",
  calls: "by connection",
  transport: "sse",
  sealed: "refused",
  refused: "refused",
  async serve(app, options) {
    const { streams, url } = await serveStreams(app as unknown as SuiteApp, options);
    return {
      open: () => streams.size,
      connect(id, headers = {}) {
        const { headers: own, use } = browserHeaders(id, headers);
        const gate = gatedFetch(own);
        return clientPeer({ url, transport: sseTransport({ fetch: gate.fetch }) }, { ...gate, use });
      },
    };
  },
};

const eventSource: LiveAdapter = {
  name: "sse, with EventSource and forms",
  calls: "by requests",
  transport: "sse",
  sealed: "unknown",
  refused: "403",
  async serve(app, options) {
    const { streams, url } = await serveStreams(app as unknown as SuiteApp, options);
    return {
      open: () => streams.size,
      connect(id, more = {}) {
        const { headers, use } = browserHeaders(id, more);
        const gate = gatedFetch(headers);
        const log = new ViewLog();
        const source = new EventSource(url, { fetch: gate.fetch as never });
        onTestFinished(() => source.close());
        source.addEventListener("view", ({ data }) => log.add(JSON.parse(data).view));
        const ended = new Promise<string>((resolve) => {
          source.addEventListener("ended", ({ data }) => resolve(data));
          source.addEventListener("error", ({ code }) => code !== undefined && resolve(String(code)));
        });
        const expiring = new Promise<number>((resolve) => {
          source.addEventListener("expiring", ({ data }) => resolve(Number(data)));
        });
        const call = async (action: string, input?: unknown) => {
          const type = { "content-type": "application/json" };
          const body = input === undefined ? {} : { body: JSON.stringify(input), headers: { ...headers, ...type } };
          const response = await fetch(`${url}?action=${action}`, { method: "POST", headers, ...body });
          if (response.status === 204) return undefined;
          const answer = await response.json();
          if (!response.ok) throw answer;
          return answer;
        };
        const close = () => source.close();
        return { views: log.views, until: (passes) => log.until(passes), call, ended, expiring, use, close, ...gate };
      },
    };
  },
};

const socketIo: LiveAdapter = {
  name: "socket.io",
  transport: "socket.io",
  sealed: "cookie_session",
  calls: "by connection",
  refused: "forbidden_origin",
  async serve(app, options) {
    const server = createServer();
    const sockets = new Server(server, { pingInterval: 3_600_000 });
    sockets.use(liveSession(app.sessions, { secret, app, ...options }));
    const url = `http://127.0.0.1:${await listen(server)}`;
    onTestFinished(() => void sockets.close());
    return {
      open: () => sockets.engine.clientsCount,
      connect(id, headers = {}) {
        const log = new ViewLog();
        const { headers: extraHeaders, use } = browserHeaders(id, headers);
        const socket = io(url, { transports: ["websocket"], extraHeaders, forceNew: true, reconnectionDelay: 10 });
        onTestFinished(() => void socket.disconnect());
        socket.on("live_session_updated", log.add);
        const ended = new Promise<string>((resolve) => {
          socket.on("live_session_ended", ({ reason }) => resolve(reason));
          socket.on("connect_error", (error) => {
            const { code, retryAfter } = (error as { data?: { code?: string; retryAfter?: number } }).data ?? {};
            // As docs/limits.md has it, but sooner: the time that passes is the clock's of the test.
            if (retryAfter) setTimeout(() => socket.connect(), retryAfter * 10);
            else if (code) resolve(code === "unknown_session" ? "unknown" : code);
          });
        });
        const expiring = new Promise<number>((resolve) => socket.on("live_session_expiring", resolve));
        const call = async (action: string, input?: unknown) => {
          const answer = await socket.emitWithAck("live_session_call", action, input);
          if (answer.ok) return answer.result;
          throw answer.error;
        };
        const stream = () => (socket.io.engine.transport as unknown as { ws: { _socket: Stream } }).ws._socket;
        const gate = { pause: () => void stream().pause(), resume: () => void stream().resume() };
        const close = () => void socket.disconnect();
        return { views: log.views, until: (passes) => log.until(passes), call, ended, expiring, use, close, ...gate };
      },
    };
  },
};

export const liveAdapters: readonly LiveAdapter[] = [ws, sse, eventSource, socketIo];
