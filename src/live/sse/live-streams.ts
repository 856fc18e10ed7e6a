// Event streams for browsers: each request is checked, attached to its session, and served.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { LiveApp } from "../../core/app.ts";
import { every } from "../../core/clock.ts";
import { LiveSessionError } from "../../core/errors.ts";
import { sessionKey } from "../../core/ids.ts";
import { limitError, retryAfter } from "../../core/limits.ts";
import type { LiveSession } from "../../core/live-session.ts";
import { refuseSealed } from "../../core/sealed.ts";
import { endReasons } from "../../core/store.ts";
import { Admission, type RequestHead } from "../shared/admission.ts";
import { ConnectionContext } from "../shared/connection.ts";
import { badOption } from "../shared/options.ts";
import { refusal } from "../shared/refusal.ts";
import { type Answer, inputOf, refusalOf, runAction } from "./actions.ts";
import { ClientStream, MessageEncoder } from "./client-stream.ts";
import { encodeEvent, encodeRetry } from "./encode.ts";
import { type Exchange, queryOf } from "./exchange.ts";
import { answerOf } from "./fetch-exchange.ts";
import { Line, type Shared } from "./line.ts";
import { nodeExchange } from "./node-exchange.ts";
import { type LiveStreamsOptions, readStreamOptions, type StreamEndReason } from "./options.ts";
import { ENDED_ID, Rendering } from "./rendering.ts";
import { Watch } from "./watch.ts";

/** How long browsers have to take what is on its way when all streams are closed. */
const GOODBYE_MS = 2_000;

/** The streams of an app, made by `liveStreams`. */
export class LiveStreams<Data extends object> {
  readonly #admission: Admission<RequestHead>;
  readonly #context: ConnectionContext<Data>;
  readonly #rendering: Rendering<Data>;
  readonly #formInput: LiveStreamsOptions["formInput"];
  readonly #shared: Shared;
  readonly #encoder = new MessageEncoder();
  /** By id, those that take messages by POST. */
  readonly #clients = new Map<string, ClientStream>();
  readonly #stopBeating: () => void;
  #closed: Promise<void> | null = null;

  /** For `liveStreams`. */
  constructor(app: LiveApp<Data, unknown, Record<string, unknown>>, options: LiveStreamsOptions) {
    const limits = readStreamOptions(options);
    this.#admission = new Admission(options, app.sessions);
    this.#context = new ConnectionContext(app, limits);
    this.#rendering = new Rendering(app, options);
    this.#formInput = options.formInput;
    this.#shared = { limits, lines: new Set(), emptied: () => {} };
    this.#stopBeating = every(app.sessions.clock, limits.heartbeatInterval, async () => {
      for (const line of this.#shared.lines) line.beat();
    });
  }

  /** The number of streams that are open. */
  get size(): number {
    return this.#shared.lines.size;
  }

  /** Answers a request of Node's http module; also a handler for Express: `app.use("/live", streams.handle)`. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#serve(nodeExchange(request, response));
  };

  /**
   * Answers a Request, for Hono and other frameworks that speak fetch.
   *
   * @param address where it comes from, for `limits.perAddress`: a Request does not say. Or give the option `address`
   * @throws LiveSessionError `bad_option` if addresses are counted and there is neither
   */
  readonly fetch = async (request: Request, address?: string): Promise<Response> => {
    this.#admission.requireAddress("streams.fetch", typeof address === "string");
    return answerOf(request, (exchange) => this.#serve(exchange, typeof address === "string" ? address : undefined));
  };

  /** Ends every stream, so that browsers connect again, to wherever they then get. Resolves when all are gone. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { lines } = this.#shared;
    const gone = new Promise<void>((resolve) => (this.#shared.emptied = resolve));
    for (const line of [...lines]) line.goAway();
    if (lines.size > 0) {
      const cancel = this.#context.clock.after(GOODBYE_MS, () => {
        for (const line of lines) line.destroy();
      });
      await gone;
      cancel();
    }
    this.#stopBeating();
    this.#context.clients.close();
  }

  #serve(exchange: Exchange, address?: string): void {
    const { head } = exchange;
    const headers = corsHeaders(head);
    if (!this.#admission.allowsRequest(head)) return answer(exchange, {}, refusalOf("forbidden_origin"));
    const query = queryOf(head);
    const serving =
      head.method === "GET"
        ? this.#open(exchange, headers, query.get("hello"), address)
        : head.method === "POST"
          ? this.#take(exchange, headers, query, address)
          : answer(exchange, { ...headers, allow: "GET, POST" }, { status: 405 });
    // What is left to fail is a browser that broke off its body, which hears no answer.
    serving?.catch(() => answer(exchange, headers, refusalOf("bad_message")));
  }

  async #open(
    exchange: Exchange,
    headers: Record<string, string>,
    hello: string | null,
    address: string | undefined,
  ): Promise<void> {
    const { head } = exchange;
    // An EventSource that has heard the end connects again all the same: this stops it.
    if (hello === null && head.headers["last-event-id"] === ENDED_ID) return answer(exchange, headers, { status: 204 });
    let live: LiveSession<Data> | null = null;
    try {
      live = await this.#admission.connect(this.#context.app.sessions, "sse", head, address);
      if (this.#closed) throw new LiveSessionError("closed", "These streams were closed.");
      if (hello !== null) this.#serveClient(exchange, headers, live, hello);
      else new Watch(exchange, headers, this.#shared, live, this.#rendering, this.#reporter("view", live.key));
    } catch (error) {
      live?.detach();
      this.#refuse(exchange, headers, error, hello !== null);
    }
  }

  #serveClient(exchange: Exchange, headers: Record<string, string>, live: LiveSession<Data>, hello: string): void {
    live.data; // throws while it still can be refused
    const stream = this.#clientStream(exchange, headers);
    this.#clients.set(stream.id, stream);
    stream.serve(this.#context, live, hello);
  }

  #clientStream(exchange: Exchange, headers: Record<string, string>): ClientStream {
    const stream: ClientStream = new ClientStream(exchange, headers, this.#shared, this.#encoder, () => {
      this.#clients.delete(stream.id);
    });
    return stream;
  }

  /** In words of the stream, since browsers that read one see no other answer, and EventSource gives up on an error. */
  #refuse(exchange: Exchange, headers: Record<string, string>, error: unknown, isClient: boolean): void {
    const { text, close, reason, failure } = refusal(error);
    if (failure) this.#context.app.sessions.report(error, { stage: "attach" });
    const limit = limitError(error);
    if (limit && (isClient || !isEventSource(exchange.head))) {
      return answer(exchange, headers, refusalOf(limit.code, limit));
    }
    if (isClient) {
      const stream = this.#clientStream(exchange, headers);
      if (text !== null) stream.send(text);
      return stream.close(close, reason);
    }
    const line = new Line(exchange, headers, this.#shared, { drained() {}, closed() {}, goAway() {} });
    const isOver = close === 1008;
    const over: StreamEndReason = endReasons.find((each) => each === reason) ?? "unknown";
    if (isOver) line.write(this.#rendering.end(over, this.#reporter("view")));
    else line.write(`${encodeRetry(limit ? retryAfter(limit) * 1000 : this.#shared.limits.retry)}\n`);
    if (limit) line.write(encodeEvent({ event: "refused", data: limit.code }));
    line.end();
  }

  async #take(
    exchange: Exchange,
    headers: Record<string, string>,
    query: URLSearchParams,
    address: string | undefined,
  ): Promise<void> {
    const { maxMessageBytes } = this.#shared.limits;
    const action = query.get("action");
    if (action !== null) {
      const input = async () => inputOf(await readBody(exchange, maxMessageBytes), action, this.#formInput);
      const attach = () => this.#forAction(exchange.head, address);
      return answer(exchange, headers, await runAction(this.#context.app, attach, action, input));
    }
    // Messages of several calls may come together: each may have its size.
    const body = await readBody(exchange, 2 * maxMessageBytes + BATCH_BYTES);
    const id = this.#admission.sessionId(exchange.head);
    const stream = this.#clients.get(query.get("connection") ?? "");
    if (!stream || id === null || stream.key !== sessionKey(id)) {
      return answer(exchange, headers, refusalOf("unknown_session"));
    }
    if (body.type === "too_large") stream.tooLarge(maxMessageBytes);
    else if (body.type !== "text") return answer(exchange, headers, refusalOf("bad_message"));
    else for (const text of body.value.split("\n")) stream.receive(text, maxMessageBytes);
    answer(exchange, headers, { status: 204 }); // if it was not understood, the stream says so
  }

  /** The session of an action by POST, a request like any other: it counts as an action, and as no connection. */
  async #forAction(head: RequestHead, address: string | undefined): Promise<LiveSession<Data>> {
    if (this.#closed) throw new LiveSessionError("closed", "These streams were closed.");
    this.#admission.countAction(head, address);
    return this.#context.app.sessions.attach(this.#admission.requireSessionId(head));
  }

  #reporter(stage: string, key?: string): (error: unknown) => void {
    return (error) => this.#context.app.sessions.report(error, { stage, key });
  }
}

/** What our client puts into one POST, in bytes; see `BATCH` there. */
const BATCH_BYTES = 64 * 1024;

/** @throws LiveSessionError `bad_message` */
async function readBody(exchange: Exchange, limit: number) {
  try {
    return await exchange.body(limit);
  } catch (cause) {
    throw new LiveSessionError("bad_message", "The body cannot be read.", { cause });
  }
}

/** For pages of other origins that `origins` lets in. */
function corsHeaders({ headers: { origin } }: RequestHead): Record<string, string> {
  if (origin === undefined) return {};
  return { "access-control-allow-origin": origin, "access-control-allow-credentials": "true", vary: "Origin" };
}

/** Those give up for good on any status but 200: they are told in the stream when to come again. */
function isEventSource({ headers }: RequestHead): boolean {
  return headers.accept?.includes("text/event-stream") ?? false;
}

function answer(exchange: Exchange, headers: Record<string, string>, to: Answer): void {
  const type: Record<string, string> = to.text === undefined ? {} : { "content-type": "application/json" };
  exchange.answer(to.status, { ...headers, ...type, ...to.headers, "cache-control": "no-store" }, to.text);
}

/**
 * Connects browsers to an app by event streams, on one path: `app.use("/live", liveStreams(shop, { secret }).handle)`.
 * GET opens a stream, POST with `?action=name` runs an action. The cookie names the session; `secret` is that of the
 * session middleware.
 *
 * @throws LiveSessionError `bad_option`, `cookie_session`
 */
export function liveStreams<Data extends object, View, Actions extends Record<string, unknown>>(
  app: LiveApp<Data, View, Actions>,
  options: LiveStreamsOptions<View>,
): LiveStreams<Data> {
  refuseSealed(app);
  if (typeof app?.viewText !== "function" || typeof app.run !== "function") {
    throw badOption("liveStreams: pass the app that sessions.app({ view, actions }) made.");
  }
  return new LiveStreams<Data>(
    app as unknown as LiveApp<Data, unknown, Record<string, unknown>>,
    options as LiveStreamsOptions,
  );
}
