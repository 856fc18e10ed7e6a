// A stream for an EventSource, which only listens: the latest rendering, whenever there is a new one, and the end.

import type { LiveSession, LiveSessionMessage } from "../../core/live-session.ts";
import type { EndReason } from "../../core/store.ts";
import { encodeEvent, encodeRetry } from "./encode.ts";
import type { Exchange } from "./exchange.ts";
import { Line, type Shared } from "./line.ts";
import type { Rendering } from "./rendering.ts";

export class Watch<Data extends object> {
  readonly #live: LiveSession<Data>;
  readonly #rendering: Rendering<Data>;
  readonly #report: (error: unknown) => void;
  readonly #line: Line;
  #open = true;
  /** What the browser has. */
  #shown: string | undefined;
  #outdated = false;
  /** What is to be told of the expiry: ms that are left, "" for no longer about to; `null` for nothing. */
  #expiry: string | null = null;
  #status: "live" | "stale" = "live";
  #statusSent: "live" | "stale" = "live";

  /**
   * Takes over the handle, and gives it back when the stream is closed.
   *
   * @throws LiveSessionError `session_ended`, `closed`
   */
  constructor(
    exchange: Exchange,
    headers: Record<string, string>,
    shared: Shared,
    live: LiveSession<Data>,
    rendering: Rendering<Data>,
    report: (error: unknown) => void,
  ) {
    this.#live = live;
    this.#rendering = rendering;
    this.#report = report;
    live.subscribe((message) => this.#told(message)); // first, since it may throw
    const lastId = exchange.head.headers["last-event-id"];
    this.#shown = typeof lastId === "string" ? lastId : undefined;
    this.#line = new Line(exchange, headers, shared, {
      drained: () => this.#flush(),
      closed: () => this.#closed(),
      goAway: () => this.#end(""),
    });
    this.#line.write(`${encodeRetry(shared.limits.retry)}\n`);
    this.#outdated = true;
    this.#status = live.status === "stale" ? "stale" : "live";
    this.#flush();
  }

  #told(message: LiveSessionMessage<Data>): void {
    if (!this.#open) return;
    if (message.type === "live_session_ended") return this.#ended(message.reason);
    if (message.type === "live_session_status") this.#status = message.status;
    else if (message.type === "live_session_updated") this.#outdated = true;
    else this.#expiry = message.type === "live_session_expiring" ? String(message.left) : "";
    this.#flush();
  }

  /** Goes before a snapshot that waits, which is of no use any more. */
  #ended(reason: EndReason): void {
    // A session that moved is found again by the new cookie, when the browser connects anew.
    this.#end(reason === "regenerated" ? "" : this.#rendering.end(reason, this.#report));
  }

  #end(text: string): void {
    if (!this.#open) return;
    this.#closed();
    if (text) this.#line.write(text);
    this.#line.end();
  }

  #closed(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#live.detach();
  }

  #flush(): void {
    if (!this.#open || this.#line.choked) return;
    if (this.#outdated) {
      this.#outdated = false;
      if (this.#live.endReason) return; // the word of it is under way
      const snapshot = this.#rendering.snapshot(this.#live.data, this.#live.version, this.#report);
      if (!snapshot) return this.#end(""); // it connects again, and may find the next version better
      if (snapshot.id !== this.#shown) this.#line.write(snapshot.text);
      this.#shown = snapshot.id;
    }
    if (this.#expiry !== null && !this.#line.choked) {
      this.#line.write(encodeEvent({ event: "expiring", data: this.#expiry }));
      this.#expiry = null;
    }
    if (this.#status === this.#statusSent || this.#line.choked) return;
    this.#statusSent = this.#status;
    this.#line.write(encodeEvent({ event: "status", data: this.#status }));
  }
}
