// One connection of a browser: sorts its messages by topic among the live views that joined over it.

import { type Allowance, limitError } from "../core/limits.ts";
import type { EndReason } from "../core/store.ts";
import type { TokenBucket } from "../core/token-buckets.ts";
import { encodeFrame, type Frame, parseFrame } from "./frames.ts";
import { ViewProcess } from "./process.ts";
import type { LiveViewServer } from "./server.ts";

/** What carries the messages: a WebSocket or a long poll. */
export interface Transport {
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** Who is at the other end, as the request said that opened the connection. */
export interface Peer {
  /** The secret in its cookie. */
  readonly sessionId: string | null;
  /** Whether a page of this origin may connect. */
  allowsOrigin(origin: string): boolean;
}

/** A peer that was let in, and is to be released when its connection is gone. */
export interface AdmittedPeer extends Peer {
  readonly allowance: Allowance;
}

interface Joined {
  readonly joinRef: string | null;
  readonly process: ViewProcess;
}

/** How long views have to take note of the end of their session. */
const LAST_WORDS_MS = 2_000;

export class Connection {
  readonly #server: LiveViewServer;
  readonly #transport: Transport;
  readonly #peer: AdmittedPeer;
  readonly #messages: TokenBucket | null;
  readonly #joined = new Map<string, Joined>();
  #ending = false;
  #closed = false;
  /** When the last message came, on the server's clock. */
  lastSeen: number;

  constructor(server: LiveViewServer, transport: Transport, peer: AdmittedPeer) {
    this.#server = server;
    this.#transport = transport;
    this.#peer = peer;
    this.#messages = server.sessions.limits.messageBucket();
    this.lastSeen = server.clock.now();
  }

  /** Views that are joined. */
  get size(): number {
    return this.#joined.size;
  }

  receive(text: string): void {
    if (!this.#heard()) return;
    this.lastSeen = this.#server.clock.now();
    const frame = parseFrame(text);
    if (!frame) return this.close(1007, "not a message of the protocol");
    if (frame.topic === "phoenix") return this.#phoenix(frame);
    if (frame.event === "phx_join") return this.#withinLimits(frame) ? this.#join(frame) : undefined;
    const joined = this.#joined.get(frame.topic);
    const isCurrent = joined && joined.joinRef === frame.joinRef;
    if (frame.event === "phx_leave") {
      if (isCurrent) joined.process.release();
      return this.#reply(frame, "ok", {}); // also of what it left before
    }
    if (!isCurrent) return this.#reply(frame, "error", { reason: "unmatched topic" });
    if (this.#withinLimits(frame)) joined.process.receive(frame.ref, frame.event, frame.payload);
  }

  /** The transport took something that is no message, such as a ping of its own. */
  heard(): void {
    this.#heard();
  }

  /** Whether what came is to be looked at: not what comes after the end, nor what is one of a flood. */
  #heard(): boolean {
    const { limits } = this.#server.sessions;
    if (!this.#closed && limits.isFlood(this.#messages)) this.close(1013, "rate_limited");
    return !this.#closed;
  }

  /** Closes the transport and ends every view. Idempotent. */
  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#transport.close(code, reason);
    this.closed();
  }

  /** The transport is gone. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { process } of [...this.#joined.values()]) process.release();
    this.#peer.allowance.release();
  }

  /** Counts an action; one too many is answered with an error that names the code. */
  #withinLimits(frame: Frame): boolean {
    try {
      this.#peer.allowance.action();
      return true;
    } catch (error) {
      this.#reply(frame, "error", { reason: limitError(error)?.code });
      return false;
    }
  }

  #phoenix(frame: Frame): void {
    if (frame.event === "heartbeat") this.#reply(frame, "ok", {});
    else this.#reply(frame, "error", { reason: "unmatched topic" });
  }

  #join(frame: Frame): void {
    const { topic, joinRef, ref, payload } = frame;
    if (!topic.startsWith("lv:")) return this.#reply(frame, "error", { reason: "unmatched topic" });
    if (this.#ending) return this.#reply(frame, "error", { reason: "stale" });
    const before = this.#joined.get(topic);
    if (before) {
      before.process.release();
      this.#send({ joinRef: before.joinRef, ref: before.joinRef, topic, event: "phx_close", payload: {} });
    } else if (this.#joined.size >= this.#server.maxViews) {
      return this.#reply(frame, "error", { reason: "too many views" });
    }
    const process: ViewProcess = new ViewProcess(this.#server, {
      topic,
      reply: (to, status, response) => this.#reply({ ...frame, ref: to }, status, response),
      push: (event, pushed) =>
        this.#send({ joinRef, ref: null, topic, event, payload: pushed as Record<string, unknown> }),
      gone: () => {
        if (this.#joined.get(topic)?.process === process) this.#joined.delete(topic);
      },
      sessionEnded: (reason) => this.#sessionEnded(reason),
    });
    this.#joined.set(topic, { joinRef, process });
    process.join(ref, payload, this.#peer);
  }

  /**
   * All views of a connection are of one session. A normal closure is how Phoenix says it: the client loads the page
   * anew, and so finds out what is there now.
   */
  #sessionEnded(reason: EndReason): void {
    if (this.#ending || this.#closed) return;
    this.#ending = true;
    const close = () => this.close(1000, "disconnected");
    const cancel = this.#server.clock.after(LAST_WORDS_MS, close);
    const ends = [...this.#joined.values()].map(({ process }) => process.end({ type: "live_session_ended", reason }));
    Promise.all(ends).then(() => {
      cancel();
      close();
    });
  }

  #reply(to: Pick<Frame, "joinRef" | "ref" | "topic">, status: "ok" | "error", response: object): void {
    const { joinRef, ref, topic } = to;
    this.#send({ joinRef, ref, topic, event: "phx_reply", payload: { status, response } });
  }

  #send(frame: Frame): void {
    if (!this.#closed) this.#transport.send(encodeFrame(frame));
  }
}
