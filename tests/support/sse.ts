// Event streams read by hand, and an HTTP server that hands its requests to liveStreams.

import { once } from "node:events";
import { type ClientRequest, createServer, type IncomingMessage, request } from "node:http";
import type { LiveApp } from "live-session";
import { type LiveStreams, type LiveStreamsOptions, liveStreams } from "live-session/sse";
import { onTestFinished } from "vitest";
import { cookie, listen, secret } from "./ws.ts";

export interface StreamsServed<Data extends object> {
  readonly streams: LiveStreams<Data>;
  readonly port: number;
  readonly url: string;
  /** Opens a stream with the cookie of this session, signed. */
  open(id: string | null, options?: OpenOptions): StreamPeer;
  post(id: string | null, query: string, body?: string, headers?: Record<string, string>): Promise<Response>;
}

export interface OpenOptions {
  readonly headers?: Record<string, string>;
  readonly query?: string;
}

/** Serves an app's streams at /live on a port of its own. */
export async function serveStreams<Data extends object, View, Actions extends Record<string, unknown>>(
  app: LiveApp<Data, View, Actions>,
  options: Partial<LiveStreamsOptions<View>> = {},
): Promise<StreamsServed<Data>> {
  const streams = liveStreams(app, { secret, ...options });
  const port = await listen(createServer(streams.handle));
  onTestFinished(() => streams.close());
  const url = `http://127.0.0.1:${port}/live`;
  const own = (id: string | null): Record<string, string> => (id === null ? {} : { cookie: cookie(id) });
  return {
    streams,
    port,
    url,
    open: (id, { headers = {}, query = "" } = {}) => new StreamPeer(url + query, { ...own(id), ...headers }),
    post: (id, query, body = "", headers = {}) =>
      fetch(url + query, { method: "POST", body, headers: { ...own(id), ...headers } }),
  };
}

export interface Got {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

/** Reads a stream as a browser does, and keeps what it got until it is asked for. */
export class StreamPeer {
  readonly request: ClientRequest;
  /** Everything that came, in order; heartbeats are counted. */
  readonly got: Got[] = [];
  heartbeats = 0;
  /** What a browser would say when it connects again. */
  lastId = "";
  retry: number | undefined;
  response: IncomingMessage | undefined;
  readonly opened: Promise<IncomingMessage>;
  readonly closed: Promise<void>;
  #read = 0;
  #over = false;
  #wake = () => {};

  constructor(url: string, headers: Record<string, string>) {
    this.request = request(url, { headers, agent: false }).end();
    this.request.on("error", () => {});
    this.opened = once(this.request, "response").then(([response]) => {
      this.response = response as IncomingMessage;
      this.#listen(this.response);
      return this.response;
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.request.on("close", () => {
        this.#over = true;
        resolve();
        this.#wake();
      });
    });
    onTestFinished(() => void this.request.destroy());
  }

  #listen(response: IncomingMessage): void {
    let rest = "";
    response.on("error", () => {});
    response.setEncoding("utf8").on("data", (chunk: string) => {
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() as string;
      for (const block of blocks) this.#take(block.split("\n"));
      this.#wake();
    });
  }

  #take(lines: readonly string[]): void {
    const values = (name: string) =>
      lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
    if (lines[0] === ":") this.heartbeats++;
    const [retry] = values("retry");
    if (retry !== undefined) this.retry = Number(retry);
    this.lastId = values("id").at(-1) ?? this.lastId;
    const data = values("data");
    if (data.length === 0) return;
    this.got.push({ event: values("event").at(-1) ?? "", data: data.join("\n"), id: this.lastId });
  }

  /** The next event that was not asked for yet. */
  async next(): Promise<Got> {
    while (this.#read >= this.got.length) {
      if (this.#over) throw new Error("The stream closed without a further event.");
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.got[this.#read++] as Got;
  }

  /** The next event of this name, past others. */
  async until(event: string): Promise<Got> {
    for (;;) {
      const got = await this.next();
      if (got.event === event) return got;
    }
  }

  /** Resolves at the next chunk that comes, whatever it holds. */
  async heard(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}
