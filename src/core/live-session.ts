// The handle on a live session: its data as a snapshot, writes, and word of every change.

import type { AttachedConnection } from "./attached.ts";
import { changesOf, changesOfDraft, updateKey } from "./edits.ts";
import { type ErrorContext, LiveSessionError, sessionEnded } from "./errors.ts";
import type { SessionId, SessionKey } from "./ids.ts";
import type { Allowance } from "./limits.ts";
import { type Binding, type BindOptions, checkBinding } from "./ownership.ts";
import type { RegenerateOptions } from "./regenerate.ts";
import type { DeepReadonly, KeyOf, Session } from "./session-map.ts";
import type { EndReason, JsonObject } from "./store.ts";
import { type LiveStatus, type Snapshot, type Topic, type TopicMember, type TopicMessage, told } from "./topic.ts";
import type { SessionWriter, Target, Written } from "./writer.ts";

/** What subscribers are told. */
export type LiveSessionMessage<Data extends object> =
  /** The session changed, whoever changed it. Versions only ever grow; a slow subscriber may see some left out. */
  | { readonly type: "live_session_updated"; readonly session: Session<Data>; readonly version: number }
  /** The session is over. The last message. */
  | { readonly type: "live_session_ended"; readonly reason: EndReason }
  /** Whether the snapshot is in step with the store. */
  | { readonly type: "live_session_status"; readonly status: "live" | "stale" }
  /** It expires in `left` ms, at this time of this node in ms since 1970, unless something happens in it before. */
  | { readonly type: "live_session_expiring"; readonly expiresAt: number; readonly left: number }
  /** Something happened: it is no longer about to expire. */
  | { readonly type: "live_session_extended"; readonly expiresAt: number };

export interface AttachOptions {
  /**
   * Whether attaching and `get` are activity, which pushes the idle lifetime. Writes always are. The adapters of live
   * connections say false unless their `activity` option says otherwise. Default true.
   */
  readonly activity?: boolean | undefined;
  /** For adapters: what carries the handle to a browser, such as `"ws"`. It is counted among the connections. */
  readonly transport?: string | undefined;
}

interface Listener<Data extends object> {
  readonly call: (message: LiveSessionMessage<Data>) => void;
}

/** What a handle needs of its hub. */
export interface LiveSessionContext {
  readonly writer: SessionWriter;
  readonly now: () => number;
  readonly report: (error: unknown, context: ErrorContext) => void;
  /** Pushes the idle lifetime if that is due. */
  readonly active: (topic: Topic) => void;
  readonly map: (key: SessionKey, incarnation: string, data: JsonObject) => JsonObject;
  readonly end: (key: SessionKey, reason: EndReason) => Promise<boolean>;
  readonly bind: (key: SessionKey, incarnation: string, binding: Binding) => Promise<void>;
  readonly regenerate: (key: SessionKey, incarnation: string, options: RegenerateOptions) => Promise<SessionId>;
}

/**
 * A live session: made by `sessions.attach(id)`, held as long as something shows the session, given back by `detach()`.
 *
 * Every write resolves when it is stored and readable by everyone, to the session as it is then. Writes reject with
 * LiveSessionError: `bad_key`, `not_json`, `too_large`, `invalid_data`, `session_ended`, `closed`, `store_failed`;
 * `update`, `transaction` and `clear` also `conflict`.
 */
export class LiveSession<Data extends object> implements Disposable, TopicMember {
  /** Names the session in the store and on the bus; no secret. */
  readonly key: SessionKey;
  readonly #topic: Topic;
  readonly #context: LiveSessionContext;
  /** Replaced, never changed, so that telling goes through those of its start. */
  #listeners: readonly Listener<Data>[] = [];
  readonly #transport: string | undefined;
  /** When it was attached, in ms since 1970. */
  readonly #since: number;
  readonly #incarnation: string;
  readonly #activity: boolean;
  readonly #allowance: Allowance | null;
  #detached = false;

  /** For the hub: use `sessions.attach`. */
  constructor(
    topic: Topic,
    context: LiveSessionContext,
    { activity = true, transport }: AttachOptions,
    allowance: Allowance | null = null,
  ) {
    this.key = topic.key;
    this.#topic = topic;
    this.#context = context;
    this.#activity = activity;
    this.#allowance = allowance;
    this.#incarnation = (topic.snapshot as Snapshot).incarnation;
    this.#transport = transport;
    this.#since = context.now();
    topic.join(this);
    if (activity) context.active(topic);
  }

  /**
   * The data at this moment, frozen. Also a session map for `putSession`. Looking at it is no activity.
   *
   * @throws LiveSessionError `session_ended`, `closed`
   */
  get data(): Session<Data> {
    return this.#current().data as Session<Data>;
  }

  /** The version of `data`; the last one seen, once the session ended. */
  get version(): number {
    return (this.#topic.snapshot as Snapshot).version;
  }

  get status(): LiveStatus {
    return this.#topic.status;
  }

  /** Why the session is over, or `null`. */
  get endReason(): EndReason | null {
    return this.#topic.endReason;
  }

  /** When the session expires unless something happens in it, in ms since 1970 on this node's clock. */
  get expiresAt(): number {
    return this.#topic.expiry.at;
  }

  /**
   * The value of a key, frozen, or `undefined`. Activity, unless the handle was attached without: pushes the idle lifetime
   * (throttled by `touchInterval`).
   *
   * @throws LiveSessionError `session_ended`, `closed`
   */
  get<Key extends KeyOf<Data>>(key: Key): DeepReadonly<Data[Key]> | undefined {
    const { data } = this.#current();
    if (this.#activity) this.#context.active(this.#topic);
    return (Object.hasOwn(data, key) ? data[key] : undefined) as DeepReadonly<Data[Key]> | undefined;
  }

  /** Writes one key. Writes to other keys, by whomever, stay. `undefined` deletes the key. */
  async put<Key extends KeyOf<Data>>(key: Key, value: Data[Key]): Promise<Session<Data>> {
    return this.#write(await this.#context.writer.write(this.#target(), changesOf(key, value)));
  }

  /**
   * Changes one key by its current value, atomically: of N concurrent updates none is lost. `change` gets a copy that it
   * may change and return, may run more than once, and must not wait; `undefined` deletes the key.
   */
  async update<Key extends KeyOf<Data>>(
    key: Key,
    change: (value: Data[Key] | undefined) => Data[Key] | undefined,
  ): Promise<Session<Data>> {
    return this.#write(
      await updateKey(this.#context.writer, this.#target(), key, change as (value: unknown) => unknown),
    );
  }

  /**
   * Changes several keys by their current values, atomically. `change` gets a copy of the data to change, may run more
   * than once, and must not wait. What it changed, key by key, is written; if nothing, nothing is.
   */
  async transaction(change: (draft: Partial<Data>) => void): Promise<Session<Data>> {
    const decide = (data: JsonObject) => changesOfDraft(data, change as (draft: object) => unknown);
    return this.#write(await this.#context.writer.transact(this.#target(), decide));
  }

  /** Removes a key; one that is not there is no error. */
  async delete(key: KeyOf<Data>): Promise<Session<Data>> {
    return this.#write(await this.#context.writer.write(this.#target(), changesOf(key, undefined)));
  }

  /** Removes every key. The session itself goes on: to end it, `end()`. */
  async clear(): Promise<Session<Data>> {
    const decide = (data: JsonObject) => ({ put: {}, delete: Object.keys(data) });
    return this.#write(await this.#context.writer.transact(this.#target(), decide));
  }

  /**
   * Tells the listener of every change from now on, in order, and of the end. A listener that throws is reported to
   * `onError`. Returns the function that ends the subscription.
   *
   * @throws LiveSessionError `session_ended`, `closed`
   */
  subscribe(listener: (message: LiveSessionMessage<Data>) => void): () => void {
    this.#current();
    const entry = { call: listener };
    this.#listeners = this.#listeners.concat(entry); // as long as it has to be, where a spread would leave room
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== entry);
    };
  }

  /** Ends the session for everyone, for good: logout. Resolves to false if it was over already. */
  async end(reason: EndReason = "destroyed"): Promise<boolean> {
    this.#open();
    return this.#topic.endReason ? false : this.#context.end(this.key, reason);
  }

  /**
   * Moves the session to a new id, as after login, and ends the old one with `regenerated`. The new id is a secret: it
   * belongs in the browser's cookie, which only an HTTP response can set. This handle ends with the old id.
   */
  async regenerate(options: RegenerateOptions = {}): Promise<SessionId> {
    const { key, incarnation } = this.#target();
    return this.#context.regenerate(key, incarnation as string, options);
  }

  /**
   * Says whose session this is, as `sessions.bind`. At login, renew the id too: `regenerate({ principal })` does both.
   *
   * @throws LiveSessionError as `sessions.bind`
   */
  async bind(principal: string | null, options?: BindOptions): Promise<void> {
    const binding = checkBinding(principal, options);
    const { key, incarnation } = this.#target();
    await this.#context.bind(key, incarnation as string, binding);
  }

  /**
   * Counts an action of the connection that this handle is for, as calls of an app's actions are: for protocols of your own,
   * before you do what a message asks for. Does nothing on a handle that `sessions.attach` gave.
   *
   * @throws LiveSessionError `rate_limited`
   */
  countAction(): void {
    this.#allowance?.action();
  }

  /** For its topic: the connection to a browser that it carries, or `null`. */
  get connection(): AttachedConnection | null {
    return this.#transport === undefined ? null : { transport: this.#transport, since: this.#since };
  }

  /** For adapters: tells the session, whose versions these are, from others; no secret. */
  get incarnation(): string {
    return this.#incarnation;
  }

  /**
   * For adapters: sees to it that `data` is of this version at least, by reading the store if it is not. False if the
   * store could not be asked. True, too, if the store itself has an older one.
   */
  reach(version: number): Promise<boolean> {
    return this.#topic.reach(version);
  }

  /** For adapters: resolves when `data` holds every finished write of this node, or the status is no longer `live`. */
  synced(): Promise<void> {
    return this.#topic.synced();
  }

  /** Gives the handle back: its listeners hear nothing more. May be called more than once. */
  detach(): void {
    if (this.#detached) return;
    this.#detached = true;
    this.#listeners = [];
    this.#topic.leave(this);
    this.#allowance?.release();
  }

  [Symbol.dispose](): void {
    this.detach();
  }

  #open(): void {
    if (this.#detached) throw new LiveSessionError("closed", "This handle was detached from its live session.");
  }

  #current(): Snapshot {
    this.#open();
    if (this.#topic.endReason) throw sessionEnded(this.#topic.endReason);
    if (this.#topic.closed) throw new LiveSessionError("closed", "These live sessions were closed.");
    return this.#topic.snapshot as Snapshot;
  }

  #target(): Target {
    this.#current();
    return { key: this.key, incarnation: this.#incarnation };
  }

  /** The session after a write: this node's map of it, which may be newer; its own where the topic has to catch up. */
  #write({ data, version, incarnation }: Written): Session<Data> {
    const snapshot = this.#topic.snapshot as Snapshot;
    const current = snapshot.version >= version ? snapshot.data : this.#context.map(this.key, incarnation, data);
    return current as Session<Data>;
  }

  /** For its topic. */
  [told](message: TopicMessage): void {
    const listeners = this.#listeners;
    for (const listener of listeners) {
      if (this.#listeners !== listeners && !this.#listeners.includes(listener)) continue; // ended by one before it
      try {
        listener.call(message as LiveSessionMessage<Data>);
      } catch (error) {
        this.#context.report(error, { stage: "listener", key: this.key });
      }
    }
  }
}
