// Requests as Request and Response, for Hono and everything that speaks fetch.

import { type Exchange, parseBody, type Sink, type SinkEvents } from "./exchange.ts";

/** Runs `serve` with the request, and gives what it answered. */
export function answerOf(request: Request, serve: (exchange: Exchange) => void): Promise<Response> {
  return new Promise((resolve) => serve(fetchExchange(request, resolve)));
}

function fetchExchange(request: Request, respond: (response: Response) => void): Exchange {
  const url = new URL(request.url);
  const headers: Record<string, string> = Object.fromEntries(request.headers);
  headers.host ??= url.host;
  return {
    head: { method: request.method, url: url.pathname + url.search, headers },

    async body(limit) {
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
        length += chunk.length;
        if (length > limit) return { type: "too_large" };
        chunks.push(chunk);
      }
      return parseBody(Buffer.concat(chunks).toString(), headers["content-type"]);
    },

    answer: (status, own, text) => respond(new Response(text || null, { status, headers: own })),

    stream(own, events) {
      const sink = new FetchSink(events);
      request.signal?.addEventListener("abort", () => sink.destroy());
      respond(new Response(sink.body, { headers: own }));
      return sink;
    },
  };
}

const encoder = new TextEncoder();

class FetchSink implements Sink {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  readonly #events: SinkEvents;

  constructor(events: SinkEvents) {
    this.#events = events;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => events.drained(),
        cancel: () => this.#over(),
      },
      // So that it is pulled from when all is read: the queue's size is what is unsent.
      { highWaterMark: 1, size: (chunk) => chunk.length },
    );
  }

  get unsent(): number {
    return 1 - (this.#controller?.desiredSize ?? 1);
  }

  write(text: string): boolean {
    this.#controller?.enqueue(encoder.encode(text));
    return this.unsent === 0;
  }

  end(): void {
    this.#controller?.close();
    this.#over();
  }

  destroy(): void {
    this.#controller?.error(new Error("The stream was cut off."));
    this.#over();
  }

  #over(): void {
    if (!this.#controller) return;
    this.#controller = null;
    this.#events.closed();
  }
}
