// One stream to a browser: how much is unsent, and whether anything still gets through.

import { heartbeat } from "./encode.ts";
import type { Exchange, Sink, SinkEvents } from "./exchange.ts";
import type { StreamLimits } from "./options.ts";

/** What lines that belong together share. */
export interface Lines {
  readonly limits: Pick<StreamLimits, "maxBufferedBytes">;
  readonly lines: Set<Line>;
  /** Called when the last of them is gone. */
  emptied: () => void;
}

/** What the streams of one `liveStreams` share. */
export interface Shared extends Lines {
  readonly limits: StreamLimits;
}

export interface LineEvents extends SinkEvents {
  /** The server is going away. */
  goAway(): void;
}

/** `no-transform`: a proxy or middleware that compresses would hold events back until it has enough of them. */
const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

export class Line {
  readonly #shared: Lines;
  readonly #events: LineEvents;
  readonly #sink: Sink;
  #choked = false;
  /** What was unsent at the last beat. */
  #unsent = 0;

  constructor(exchange: Exchange, headers: Record<string, string>, shared: Lines, events: LineEvents) {
    this.#shared = shared;
    this.#events = events;
    this.#sink = exchange.stream(
      { ...streamHeaders, ...headers },
      {
        drained: () => this.#drained(),
        closed: () => this.#closed(),
      },
    );
    shared.lines.add(this);
  }

  /** Whether more should wait for `drained`. */
  get choked(): boolean {
    return this.#choked;
  }

  write(text: string): void {
    if (!this.#sink.write(text) && this.#sink.unsent > this.#shared.limits.maxBufferedBytes) this.#choked = true;
  }

  end(): void {
    this.#sink.end();
  }

  destroy(): void {
    this.#sink.destroy();
  }

  goAway(): void {
    this.#events.goAway();
  }

  /** Cuts off a browser that has taken nothing of what waits since the last beat. */
  beat(): void {
    const { unsent } = this.#sink;
    if (unsent > 0 && this.#unsent > 0 && unsent >= this.#unsent) return this.destroy();
    this.#unsent = unsent;
    if (unsent === 0) this.write(heartbeat);
  }

  #drained(): void {
    if (!this.#choked) return;
    this.#choked = false;
    this.#events.drained();
  }

  #closed(): void {
    const { lines } = this.#shared;
    if (!lines.delete(this)) return;
    this.#events.closed();
    if (lines.size === 0) this.#shared.emptied();
  }
}
