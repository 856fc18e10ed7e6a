// Requests as Node's http module has them, and Express, Koa and Fastify with it.

import type { IncomingMessage, ServerResponse } from "node:http";
import { type Exchange, parseBody, parsedBody, type Sink, type SinkEvents } from "./exchange.ts";

export function nodeExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  return {
    head: request,

    async body(limit) {
      const type = request.headers["content-type"];
      const { body: parsed } = request as { body?: unknown };
      if (parsed !== undefined && request.readableEnded) return parsedBody(parsed, type);
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of request as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length <= limit)
          chunks.push(chunk); // the rest is read and thrown away, so that the answer gets through
        else chunks.length = 0;
      }
      return length > limit ? { type: "too_large" } : parseBody(Buffer.concat(chunks).toString(), type);
    },

    answer(status, headers, text = "") {
      if (response.destroyed || response.headersSent) return;
      response.writeHead(status, headers).end(text);
    },

    stream(headers, events) {
      response.writeHead(200, headers);
      response.flushHeaders();
      request.socket.setNoDelay(true);
      return new NodeSink(response, events);
    },
  };
}

class NodeSink implements Sink {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse, events: SinkEvents) {
    this.#response = response;
    response.on("drain", events.drained).on("close", events.closed);
    response.on("error", () => response.destroy());
    if (response.destroyed) queueMicrotask(events.closed); // it will not be said again
  }

  get unsent(): number {
    return this.#response.writableLength;
  }

  write(text: string): boolean {
    return this.#response.writableEnded || this.#response.destroyed || this.#response.write(text);
  }

  end(): void {
    this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}
