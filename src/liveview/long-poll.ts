// The client's other way: messages fetched and posted over HTTP, for networks that let no WebSocket through.

import { randomBytes } from "node:crypto";
import { type Allowance, limitError, retryAfter } from "../core/limits.ts";
import { Connection, type Peer } from "./connection.ts";
import type { LiveViewServer } from "./server.ts";

/** One request of a long poll, whatever framework took it. */
export interface PollRequest extends Peer {
  readonly method: string;
  /** `token` of the query. */
  readonly token: string | null;
  /** Of a POST: messages, one a line. */
  readonly body: string;
  /** Counts the connection that the request is about to open. @throws LiveSessionError if it is one too many */
  readonly admit: () => Allowance;
}

/**
 * Goes back as JSON, with HTTP status 200: the client reads `status`. Where there is a `retryAfter`, with 429 and the header
 * Retry-After; the client knows no such status, and takes 500 for "try again later".
 */
export interface PollResponse {
  readonly status: 200 | 204 | 403 | 405 | 410 | 500;
  /** Which limit refused it. */
  readonly code?: string;
  /** In seconds. */
  readonly retryAfter?: number;
  readonly token?: string;
  readonly messages?: readonly string[];
}

/** How long a GET waits for messages, as in Phoenix. */
const WINDOW_MS = 10_000;
/** A poller that has not asked again for so long is gone. */
const PATIENCE_MS = 30_000;

interface Poller {
  readonly connection: Connection;
  readonly sessionId: string | null;
  queue: string[];
  /** Size of the queue. */
  waitingBytes: number;
  /** Answers the GET that waits. */
  wake: (() => void) | null;
  over: boolean;
  cancelExpiry: () => void;
}

export class LongPolls {
  readonly #server: LiveViewServer;
  readonly #maxBufferedBytes: number;
  readonly #pollers = new Map<string, Poller>();

  /** @param maxBufferedBytes who lets more than this wait is cut off: it could go on to post and never ask */
  constructor(server: LiveViewServer, maxBufferedBytes: number) {
    this.#server = server;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  get size(): number {
    return this.#pollers.size;
  }

  /** @param gone fires when the request was given up, so that no message is handed to nobody */
  async handle(request: PollRequest, gone?: AbortSignal): Promise<PollResponse> {
    const { method, token, sessionId, body } = request;
    const poller = token === null ? undefined : this.#pollers.get(token);
    // A token is worth nothing to those who have not the cookie that it was given for.
    const known = poller && !poller.over && poller.sessionId === sessionId ? poller : undefined;
    if (method === "GET") {
      if (token !== null && !known) return { status: 410, token, messages: [] };
      return known && token !== null ? this.#poll(token, known, gone) : this.#open(request);
    }
    if (method !== "POST") return { status: 405 };
    if (!known || token === null) return { status: 410 };
    this.#arm(token, known);
    for (const line of body.split("\n")) if (line !== "") known.connection.receive(line);
    return { status: 200, token, messages: [] };
  }

  close(): void {
    for (const { connection } of [...this.#pollers.values()]) connection.close(1012, "restarting");
  }

  /** The first answer names the token and opens the connection at the client. */
  #open({ sessionId, allowsOrigin, admit }: PollRequest): PollResponse {
    let allowance: Allowance;
    try {
      allowance = admit();
    } catch (error) {
      const limit = limitError(error);
      if (!limit) throw error;
      return { status: 500, code: limit.code, retryAfter: retryAfter(limit) };
    }
    const token = randomBytes(24).toString("base64url");
    const poller: Poller = {
      sessionId,
      queue: [],
      waitingBytes: 0,
      wake: null,
      over: false,
      cancelExpiry: () => {},
      connection: new Connection(
        this.#server,
        {
          send: (text) => {
            poller.queue.push(text);
            poller.waitingBytes += Buffer.byteLength(text);
            if (poller.waitingBytes > this.#maxBufferedBytes) poller.connection.close(1013, "too slow");
            else poller.wake?.();
          },
          close: () => this.#end(token, poller),
        },
        { sessionId, allowsOrigin, allowance },
      ),
    };
    this.#pollers.set(token, poller);
    this.#arm(token, poller);
    return { status: 410, token, messages: [] };
  }

  async #poll(token: string, poller: Poller, gone?: AbortSignal): Promise<PollResponse> {
    this.#arm(token, poller);
    poller.wake?.(); // one GET waits at a time
    if (poller.queue.length === 0 && !gone?.aborted) await this.#wait(poller, gone);
    if (gone?.aborted) return { status: 204, token, messages: [] };
    const messages = poller.queue;
    poller.queue = [];
    poller.waitingBytes = 0;
    this.#arm(token, poller);
    if (messages.length > 0) return { status: 200, token, messages };
    return { status: poller.over ? 410 : 204, token, messages };
  }

  #wait(poller: Poller, gone?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        gone?.removeEventListener("abort", done);
        if (poller.wake === done) poller.wake = null;
        resolve();
      };
      const cancel = this.#server.clock.after(WINDOW_MS, done);
      gone?.addEventListener("abort", done);
      poller.wake = done;
    });
  }

  #arm(token: string, poller: Poller): void {
    poller.cancelExpiry();
    if (poller.over) return;
    poller.cancelExpiry = this.#server.clock.after(PATIENCE_MS, () => {
      this.#end(token, poller);
      poller.connection.closed();
    });
  }

  #end(token: string, poller: Poller): void {
    poller.over = true;
    poller.cancelExpiry();
    this.#pollers.delete(token);
    poller.wake?.();
  }
}
