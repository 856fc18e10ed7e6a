// One session, for as long as somebody looks at it: what it is, and what happens to it.

import { diff } from "../core/changes.ts";
import type { SessionKey } from "../core/ids.ts";
import type { LiveSession, LiveSessionMessage } from "../core/live-session.ts";
import type { JsonObject } from "../core/store.ts";
import type { Hub } from "./options.ts";
import type { Pulse } from "./pulse.ts";
import { type Reveal, shown } from "./redaction.ts";
import type { Happening, ShownSession } from "./wire.ts";

type Data = Record<string, unknown>;

export interface SessionWatcher {
  /** The session as it is now; `null` once it is over. */
  session(session: ShownSession | null): void;
  happened(happening: Happening): void;
}

export interface WatchContext {
  readonly hub: Hub;
  readonly pulse: Pulse;
  readonly reveal: Reveal;
}

export class SessionWatch {
  readonly #context: WatchContext;
  readonly #live: LiveSession<Data>;
  readonly #watcher: SessionWatcher;
  readonly #stopLooking: () => void;
  #data: JsonObject;
  #connections = "";
  #reading = false;
  #readAgain = false;
  #closed = false;

  /** @throws LiveSessionError `unknown_session`, `session_ended`, `store_failed`, `bus_failed` */
  static async open(context: WatchContext, key: SessionKey, watcher: SessionWatcher): Promise<SessionWatch> {
    const live = await context.hub.attachKey(key, { activity: false });
    return new SessionWatch(context, live, watcher);
  }

  private constructor(context: WatchContext, live: LiveSession<Data>, watcher: SessionWatcher) {
    this.#context = context;
    this.#live = live;
    this.#watcher = watcher;
    this.#data = live.data;
    live.subscribe((message) => this.#told(message));
    this.#stopLooking = context.pulse.look(live.key, () => this.#look());
    this.#show();
  }

  /** Says again how the session is, to a watcher that may have missed it. */
  refresh(): void {
    if (this.#live.endReason) this.#watcher.session(null);
    else this.#show();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopLooking();
    this.#live.detach();
  }

  #told(message: LiveSessionMessage<Data>): void {
    const none = { at: this.#context.hub.clock.now(), version: null, put: [], removed: [], reason: null };
    switch (message.type) {
      case "live_session_updated": {
        const changes = diff(this.#data, message.session);
        this.#data = message.session;
        const names = { put: Object.keys(changes.put), removed: changes.delete };
        this.#watcher.happened({ ...none, ...names, what: "changed", version: message.version });
        return this.#show();
      }
      case "live_session_ended":
        this.#watcher.happened({ ...none, what: "ended", reason: message.reason });
        return this.#watcher.session(null);
      case "live_session_status":
        return this.#watcher.happened({ ...none, what: message.status });
      case "live_session_expiring":
        return this.#watcher.happened({ ...none, what: "expiring" });
      case "live_session_extended":
        return this.#watcher.happened({ ...none, what: "extended" });
    }
  }

  #look(): void {
    // Connections came or went.
    if (JSON.stringify(this.#context.pulse.connections(this.#live.key)) !== this.#connections) this.#show();
  }

  /** Reads the record, for what handles do not show: one read at a time, and one more if anything happened meanwhile. */
  #show(): void {
    this.#readAgain = true;
    if (this.#reading) return;
    this.#reading = true;
    this.#read()
      .catch((error) => this.#context.hub.report(error, { stage: "dashboard", key: this.#live.key }))
      .finally(() => {
        this.#reading = false;
      });
  }

  async #read(): Promise<void> {
    const { key } = this.#live;
    const { hub, pulse, reveal } = this.#context;
    while (this.#readAgain && !this.#closed) {
      this.#readAgain = false;
      const result = await hub.records.read(key);
      if (this.#closed || this.#live.endReason) return;
      if (result.state !== "live") continue;
      const connections = pulse.connections(key);
      this.#connections = JSON.stringify(connections);
      this.#watcher.session({ ...shown({ key, record: result.record }, reveal), connections });
    }
  }
}
