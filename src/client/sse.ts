// Texts down by an event stream, texts up by POSTs: for networks whose proxies stop WebSockets.

import { events } from "./sse/events.ts";
import type { Connection, MakeTransport, TransportEvents } from "./transport.ts";

export interface SseTransportOptions {
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** For other origins than the page's own: `"include"` sends the cookie along. Default `"same-origin"`. */
  readonly credentials?: RequestCredentials;
}

/** Messages that go in one POST, in characters: they are short, and the server bounds what it takes at once. */
const BATCH = 16_000;

/** A lost connection, as WebSockets say it; 1008 is the server's refusal, which the client takes for final. */
const LOST = 1006;
const REFUSED = 1008;

/**
 * `connect({ url: "/live", transport: sseTransport() })`, for a server with `liveStreams` of `live-session/sse` there.
 * The stream is read with fetch rather than EventSource: the client connects again by itself, by its own rules.
 */
export function sseTransport(options: SseTransportOptions = {}): MakeTransport {
  return ({ url }) => {
    const address = new URL(url, globalThis.location?.href);
    return (told) => openStream(address, options, told);
  };
}

function openStream(
  address: URL,
  { fetch = globalThis.fetch, credentials = "same-origin" }: SseTransportOptions,
  { opened, received, lost }: TransportEvents,
): Connection {
  const over = new AbortController();
  const { signal } = over;
  const waiting: string[] = [];
  let greeted = false;
  let id = "";
  let posting = false;

  const lose = (code: number) => {
    if (signal.aborted) return;
    over.abort();
    lost(code);
  };

  const request = async (name: string, value: string, init: RequestInit = {}): Promise<Response> => {
    const to = new URL(address);
    to.searchParams.set(name, value);
    const response = await fetch(to, { ...init, credentials, signal, cache: "no-store" });
    if (response.status === 403) lose(REFUSED);
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    return response;
  };

  /** The server answers `hello` on the stream that it opens. */
  const listen = async (hello: string) => {
    const { body } = await request("hello", hello);
    if (!body) return;
    for await (const { event, data } of events(body)) {
      if (event === "connection") id = data;
      else if (event === "close") return lose(Number(data));
      else if (!event) received(data);
      if (signal.aborted) return;
    }
  };

  /** One POST at a time, so that they arrive in order. */
  const post = async () => {
    while (waiting.length > 0) {
      let body = waiting.shift() as string;
      while (waiting[0] !== undefined && body.length + waiting[0].length < BATCH) body += `\n${waiting.shift()}`;
      await request("connection", id, { method: "POST", body });
    }
    posting = false; // in the same step as the last look, or what is sent in between would wait for ever
  };

  queueMicrotask(opened);
  return {
    send(text) {
      if (!greeted) {
        greeted = true;
        listen(text).then(
          () => lose(LOST),
          () => lose(LOST),
        );
        return;
      }
      waiting.push(text);
      if (posting) return;
      posting = true;
      post().catch(() => lose(LOST));
    },
    close: () => over.abort(),
  };
}
