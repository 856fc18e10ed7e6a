// One connection of a browser to its session, whatever carries it: what it is sent and when, and what it may ask.

import type { Clock } from "../../core/clock.ts";
import { LiveSessionError, sessionEnded } from "../../core/errors.ts";
import type { LiveSession, LiveSessionMessage } from "../../core/live-session.ts";
import type { Session } from "../../core/session-map.ts";
import type { EndReason } from "../../core/store.ts";
import type { TokenBucket } from "../../core/token-buckets.ts";
import type { ClientMessage } from "../../core/wire.ts";
import { ANSWERS_LIMIT, type Client, Clients } from "./calls.ts";
import {
  endedText,
  errorText,
  expiringText,
  failureText,
  messageText,
  okText,
  parseMessage,
  pongText,
  statusTexts,
} from "./messages.ts";
import type { ConnectionLimits } from "./options.ts";
import { type AnyApp, ViewCache } from "./view-cache.ts";

type Hello = Extract<ClientMessage, { readonly t: "hello" }>;

/** What carries the messages of one connection. Its methods MUST NOT throw. */
export interface Transport {
  /** Whether so much is unsent that more should wait. When it no longer is, `drained` of the connection MUST be called. */
  readonly choked: boolean;
  /** Takes a message for sending, choked or not. */
  send(text: string): void;
  /** Closes once all that was taken is sent. Codes are those of WebSockets. */
  close(code: number, reason: string): void;
  /** Closes at once. */
  destroy(): void;
}

/** What the connections of an app on one node share. */
export class ConnectionContext<Data extends object> {
  readonly app: AnyApp<Data>;
  readonly limits: ConnectionLimits;
  readonly clients: Clients;
  readonly views: ViewCache<Data>;

  constructor(app: AnyApp<Data>, limits: ConnectionLimits) {
    this.app = app;
    this.limits = limits;
    this.clients = new Clients(app.sessions.clock, limits.callRetention, limits.maxTabs);
    this.views = new ViewCache(app);
  }

  get clock(): Clock {
    return this.app.sessions.clock;
  }
}

export class Connection<Data extends object> {
  readonly #context: ConnectionContext<Data>;
  readonly #live: LiveSession<Data>;
  readonly #transport: Transport;
  #client: Client | null = null;
  #open = true;
  /** The view that the browser has, as JSON text. */
  #shown: string | null = null;
  /** Whether there may be a newer view, to be sent as soon as the transport takes it. */
  #outdated = false;
  /** What waits behind that view. */
  #waiting: string[] | null = null;
  /** Calls that are to be answered: their actions need the handle, even when the connection is gone. */
  #unanswered: Set<number> | null = null;
  #cancelHello: (() => void) | null;
  readonly #messages: TokenBucket | null;

  /**
   * Takes over the handle, and gives it back when the connection is closed.
   *
   * @throws LiveSessionError `session_ended`, `closed`
   */
  constructor(context: ConnectionContext<Data>, live: LiveSession<Data>, transport: Transport) {
    this.#context = context;
    this.#live = live;
    this.#transport = transport;
    this.#messages = context.app.sessions.limits.messageBucket();
    live.subscribe((message) => this.#told(message));
    this.#cancelHello = context.clock.after(context.limits.helloTimeout, () => this.close(1013, "no hello in time"));
  }

  /** Takes a text message of the browser. */
  receive(text: string): void {
    if (!this.#heard()) return;
    const parsed = parseMessage(text);
    if (parsed.ok) this.#obey(parsed.message);
    else this.fail(new LiveSessionError("bad_message", parsed.why), parsed.close);
  }

  /** The transport took something that is no message, such as a ping of its own. */
  heard(): void {
    this.#heard();
  }

  /** Whether what came is to be looked at: not what comes after the end, nor what is one of a flood. */
  #heard(): boolean {
    const { limits } = this.#context.app.sessions;
    if (this.#open && limits.isFlood(this.#messages)) this.close(1013, "rate_limited");
    return this.#open;
  }

  /** Refuses a message that the transport itself found wrong, and closes. */
  fail(error: LiveSessionError, close: number): void {
    if (!this.#open) return;
    this.#transport.send(errorText(error.code, { error }));
    this.close(close, error.code);
  }

  /** The transport takes messages again. */
  drained(): void {
    this.#flush();
  }

  /** Closes the connection; the browser hears the code. */
  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.closed();
    this.#transport.close(code, reason);
  }

  /** The transport is gone. May be called more than once. */
  closed(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#outdated = false;
    this.#waiting = null;
    this.#shown = null;
    this.#cancelHello?.();
    this.#cancelHello = null;
    if (this.#client) this.#context.clients.leave(this.#client);
    this.#release();
  }

  #told(message: LiveSessionMessage<Data>): void {
    if (!this.#open) return;
    if (message.type === "live_session_ended") return this.#end(message.reason);
    if (!this.#client) return; // after hello it gets everything
    if (message.type === "live_session_status") return this.#status(message.status);
    if (message.type === "live_session_extended") return this.#push(expiringText(null));
    if (message.type === "live_session_expiring") return this.#push(expiringText(message.left));
    this.#outdated = true;
    this.#flush();
  }

  /** Goes before anything that waits, which is of no use any more. */
  #end(reason: EndReason): void {
    this.#transport.send(endedText(reason));
    this.close(1008, reason);
  }

  #status(status: "live" | "stale"): void {
    const others = this.#waiting?.filter((text) => text !== statusTexts.live && text !== statusTexts.stale);
    this.#waiting = others?.length ? others : null;
    this.#push(statusTexts[status]);
  }

  #obey(message: ClientMessage): void {
    if (message.t === "hello") return this.#hello(message);
    if (!this.#client) return this.fail(new LiveSessionError("bad_message", "The first message must be hello."), 1002);
    if (message.t === "call") return this.#call(this.#client, message.id, message.name, message.input);
    if (!this.#waiting?.includes(pongText)) this.#push(pongText);
  }

  #hello({ client, session, version = 0 }: Hello): void {
    // The timer of the greeting ends with the first.
    if (!this.#cancelHello) return this.fail(new LiveSessionError("bad_message", "hello was said before."), 1002);
    this.#cancelHello();
    this.#cancelHello = null;
    const live = this.#live;
    if (session !== live.incarnation || version <= live.version) return this.#join(client);
    // On another node it saw more than this one has heard of yet.
    live.reach(version).then((reached) => {
      if (!this.#open) return;
      if (reached) this.#join(client);
      else this.close(1013, "store away");
    });
  }

  #join(name: string): void {
    const joined = this.#context.clients.join(this.#live.key, name);
    if (!joined) return this.close(1013, "too many tabs");
    const { client, known, memory } = joined;
    this.#client = client;
    this.#push(messageText({ t: "welcome", v: 1, resumed: known, memory, session: this.#live.incarnation }));
    this.#outdated = true;
    this.#flush();
    if (this.#open && this.#live.status === "stale") this.#push(statusTexts.stale);
  }

  #call(client: Client, id: number, name: string, input: unknown): void {
    if (this.#unanswered?.has(id)) return; // one that was sent twice meanwhile is answered once
    const calls = client.calls(this.#context.limits.maxCallsInFlight);
    const answer = calls.ask(id, () => this.#run(id, name, input));
    if (typeof answer === "string") return this.#push(answer);
    const unanswered = this.#unanswered ?? new Set();
    this.#unanswered = unanswered.add(id);
    answer.then((text) => {
      unanswered.delete(id);
      if (this.#open) this.#push(text);
      else this.#release();
    });
  }

  /** The answer to a call, whatever becomes of it. */
  async #run(id: number, name: string, input: unknown): Promise<string> {
    const { app } = this.#context;
    const { key, endReason } = this.#live;
    const report = (error: unknown) => app.sessions.report(error, { stage: "action", key });
    try {
      if (endReason) throw sessionEnded(endReason); // what waited its turn does not run after a logout
      const result = await app.run(this.#live, name, input);
      await this.#live.synced(); // so that the view that holds what it changed goes first
      return okText(id, result);
    } catch (error) {
      return failureText(id, error, report);
    }
  }

  /** Sends a message behind what waits. */
  #push(text: string): void {
    if (!this.#open) return;
    if (!this.#waiting && !this.#outdated && !this.#transport.choked) return this.#transport.send(text);
    this.#waiting ??= [];
    this.#waiting.push(text);
    // It asks and asks and reads no answer.
    if (this.#waiting.length <= 2 * this.#context.limits.maxCallsInFlight + 2 && !tooLong(this.#waiting)) return;
    this.closed(); // at once: what is on its way to here must not wait, too, until the transport says that it is gone
    this.#transport.destroy();
  }

  /** Sends what the transport takes: the latest view first, then what waits. */
  #flush(): void {
    while (this.#open && !this.#transport.choked) {
      if (this.#outdated) {
        this.#outdated = false;
        this.#show();
        continue;
      }
      const text = this.#waiting?.shift();
      if (this.#waiting?.length === 0) this.#waiting = null;
      if (text === undefined) return;
      this.#transport.send(text);
    }
  }

  /** Sends the view as it is now, unless the browser has it already. */
  #show(): void {
    const live = this.#live;
    if (live.endReason) return; // the word of it is under way
    const session = this.#data();
    if (!session) return this.close(1001, "closing");
    const failed = (error: unknown) => this.#context.app.sessions.report(error, { stage: "view", key: live.key });
    const message = this.#context.views.message(session, live.version, failed);
    if (!message) return this.close(1011, "view failed");
    const same = message.view === this.#shown;
    this.#shown = message.view;
    if (!same) this.#transport.send(message.text);
  }

  /** `null` once the hub was closed. */
  #data(): Session<Data> | null {
    try {
      return this.#live.data;
    } catch {
      return null;
    }
  }

  #release(): void {
    if (!this.#open && !this.#unanswered?.size) this.#live.detach();
  }
}

/**
 * Whether more waits than is kept of a tab's answers: what it asks for again after it was cut off must fit, or it would
 * be cut off for ever. One answer may be of any length, for the same reason.
 */
function tooLong(waiting: readonly string[]): boolean {
  let length = 0;
  let longest = 0;
  for (const text of waiting) {
    length += text.length;
    longest = Math.max(longest, text.length);
  }
  return length - longest > ANSWERS_LIMIT;
}
