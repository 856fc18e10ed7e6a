// A stream that speaks our client's protocol: its messages come by POST, and what a WebSocket would say goes down here.

import { randomBytes } from "node:crypto";
import { LiveSessionError } from "../../core/errors.ts";
import type { SessionKey } from "../../core/ids.ts";
import type { LiveSession } from "../../core/live-session.ts";
import { Connection, type ConnectionContext, type Transport } from "../shared/connection.ts";
import { encodeEvent } from "./encode.ts";
import type { Exchange } from "./exchange.ts";
import { Line, type Shared } from "./line.ts";

/** A text's event, encoded once however many streams in a row are sent it. Messages are JSON: they hold no line end. */
export class MessageEncoder {
  #text = "";
  #event = "";

  event(text: string): string {
    if (text !== this.#text) {
      this.#text = text;
      this.#event = `data: ${text}\n\n`;
    }
    return this.#event;
  }
}

export class ClientStream implements Transport {
  /** Names the stream in POSTs; worth nothing without the session's cookie. */
  readonly id = randomBytes(12).toString("base64url");
  key: SessionKey | null = null;
  readonly #line: Line;
  readonly #encoder: MessageEncoder;
  #connection: Pick<Connection<object>, "receive" | "fail" | "drained" | "close" | "closed"> | null = null;

  /** `gone` is called once, when nothing more can be received. */
  constructor(
    exchange: Exchange,
    headers: Record<string, string>,
    shared: Shared,
    encoder: MessageEncoder,
    gone: () => void,
  ) {
    this.#encoder = encoder;
    this.#line = new Line(exchange, headers, shared, {
      drained: () => this.#connection?.drained(),
      closed: () => {
        this.#connection?.closed();
        this.#connection = null;
        gone();
      },
      goAway: () => (this.#connection ?? this).close(1001, "closing"),
    });
    this.#line.write(encodeEvent({ event: "connection", data: this.id }));
  }

  /** @throws LiveSessionError `session_ended`, `closed` */
  serve<Data extends object>(context: ConnectionContext<Data>, live: LiveSession<Data>, hello: string): void {
    this.#connection = new Connection(context, live, this);
    this.key = live.key;
    this.#connection.receive(hello);
  }

  receive(text: string, limit: number): void {
    if (Buffer.byteLength(text) > limit) this.tooLarge(limit);
    else this.#connection?.receive(text);
  }

  tooLarge(limit: number): void {
    this.#connection?.fail(new LiveSessionError("message_too_large", `The limit is ${limit} bytes.`), 1009);
  }

  get choked(): boolean {
    return this.#line.choked;
  }

  send(text: string): void {
    this.#line.write(this.#encoder.event(text));
  }

  close(code: number, _reason: string): void {
    this.#line.write(encodeEvent({ event: "close", data: String(code) }));
    this.#line.end();
  }

  destroy(): void {
    this.#line.destroy();
  }
}
