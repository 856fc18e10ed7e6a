// One session on one node: the snapshot that everyone attached shares, kept in step with the store.

import type { AttachedConnection } from "./attached.ts";
import type { SessionEvent } from "./bus.ts";
import { applyChanges } from "./changes.ts";
import { channels, type ResyncCause } from "./diagnostics.ts";
import { type ErrorContext, sessionEnded, unknownSession } from "./errors.ts";
import { type Expiring, Expiry, type ExpiryContext } from "./expiry.ts";
import type { SessionKey } from "./ids.ts";
import { countOf, membersOf, type OneOrMany, withMember, withoutMember } from "./one-or-many.ts";
import type { SessionRecords } from "./records.ts";
import type { EndReason, JsonObject, LiveVersion, ReadResult } from "./store.ts";
import { watchResync } from "./watch.ts";

/** `live`: in step, as far as this node can know. `stale`: the bus or the store is away. `ended`: the session is over. */
export type LiveStatus = "live" | "stale" | "ended";

/** The session at one version. */
export interface Snapshot {
  /** A session map, frozen. */
  readonly data: JsonObject;
  readonly version: number;
  readonly incarnation: string;
}

/** What a topic tells those who are attached; one message for all of them. */
export type TopicMessage =
  | { readonly type: "live_session_updated"; readonly session: JsonObject; readonly version: number }
  | { readonly type: "live_session_ended"; readonly reason: EndReason }
  | { readonly type: "live_session_status"; readonly status: "live" | "stale" }
  | { readonly type: "live_session_expiring"; readonly expiresAt: number; readonly left: number }
  | { readonly type: "live_session_extended"; readonly expiresAt: number };

/** The method by which a topic tells its members. */
export const told = Symbol("told");

/** One who is attached. */
export interface TopicMember {
  [told](message: TopicMessage): void;
  /** The browser's connection that it carries, or `null`. */
  readonly connection: AttachedConnection | null;
}

/** What the topics of a node share. */
export interface TopicContext extends ExpiryContext {
  readonly records: SessionRecords;
  readonly report: (error: unknown, context: ErrorContext) => void;
  /** Makes the session map of a version. */
  readonly map: (key: SessionKey, incarnation: string, data: JsonObject) => JsonObject;
  /** Counts how often the bus was lost or came back; `null` while it is away. */
  readonly busEpoch: () => number | null;
  /** The topic needs no more events: nobody is attached, or the session ended. */
  readonly retire: (topic: Topic) => void;
  /** Whose topics they are, for those who listen on the channels. */
  readonly sessions: object;
}

const nothing = () => {};

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5_000;

export class Topic implements Expiring {
  readonly key: SessionKey;
  readonly expiry: Expiry;
  readonly #context: TopicContext;
  #members: OneOrMany<TopicMember> = null;
  /** Events that came before the first read. */
  #early: [event: SessionEvent, asked: number][] | null = [];
  #snapshot: Snapshot | null = null;
  #status: LiveStatus = "live";
  #endReason: EndReason | null = null;
  #delivering = false;
  /** What is to be told after the message that is being told. */
  #later: TopicMessage[] | null = null;
  #closed = false;
  /** The reads that catch up, while they are under way. */
  #syncing: Promise<void> | null = null;
  #syncAgain = false;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry = nothing;

  constructor(key: SessionKey, context: TopicContext) {
    this.key = key;
    this.#context = context;
    this.expiry = new Expiry(context, this);
  }

  get status(): LiveStatus {
    return this.#status;
  }

  get endReason(): EndReason | null {
    return this.#endReason;
  }

  /** A push by this node's reads is under way: one at a time will do. */
  touching = false;

  /** The current snapshot; null before the topic is open. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  /** The first read. Subscribe to the bus before it: what comes in between is kept and applied after. */
  async open(): Promise<void> {
    const asked = this.#context.clock.now();
    const result = await this.#context.records.read(this.key);
    if (result.state === "missing") throw unknownSession();
    if (result.state === "ended") throw sessionEnded(result.reason);
    this.#settle(result, asked);
    const early = this.#early ?? [];
    this.#early = null;
    for (const [event, at] of early) this.receive(event, at);
    if (this.#endReason) throw sessionEnded(this.#endReason);
  }

  /** How many are attached. */
  get size(): number {
    return countOf(this.#members);
  }

  join(member: TopicMember): void {
    this.#members = withMember(this.#members, member);
  }

  /** What carries its members to browsers; those that carry none are left out. */
  connections(): AttachedConnection[] {
    return membersOf(this.#members).flatMap(({ connection }) => connection ?? []);
  }

  leave(member: TopicMember): void {
    if (this.#members === null) return;
    this.#members = withoutMember(this.#members, member);
    if (this.#members === null) this.close();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Stops all timers. Members hear nothing more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#members = null;
    this.expiry.stop();
    this.#cancelRetry();
    this.#context.retire(this);
  }

  /**
   * Takes an event, from the bus or of this node's own writes, in whatever order they come. `asked`: this node's time when
   * it came or, better, when the store was asked. `data`: the whole data after it, where that is at hand.
   */
  receive(event: SessionEvent, asked: number, data?: JsonObject): void {
    if (this.#endReason || this.#closed) return;
    if (this.#early) {
      this.#early.push([event, asked]);
      return;
    }
    const current = this.#snapshot as Snapshot;
    if (event.incarnation !== current.incarnation) return this.resync("gap");
    if (event.type === "ended") return this.#finish(event.reason);
    if (event.type === "touched") return this.expiry.pushed(event, asked);
    if (event.version <= current.version) return;
    const follows = event.version === current.version + 1;
    const next = data ?? (follows && event.changes ? applyChanges(current.data, event.changes) : undefined);
    if (!next) return this.resync("gap"); // lost, or too long for the bus
    this.expiry.pushed(event, asked);
    this.#advance(next, event.version, event.incarnation);
  }

  /** Compares with what the store has, as asked for many sessions at once; reads this one if it is behind. */
  compare(found: LiveVersion | undefined, now: number, asked: number): void {
    const current = this.#snapshot;
    if (!current || this.#endReason) return;
    if (!found || found.incarnation !== current.incarnation || found.version > current.version)
      return this.resync("check");
    this.expiry.compared(found, now, asked);
    if (!this.#syncing) this.#setStatus("live");
  }

  /** Events may be lost from now on, or the store could not be asked. */
  markStale(): void {
    if (!this.#endReason) this.#setStatus("stale");
  }

  /** Reads the store and catches up; one read at a time, and one more if anything happened meanwhile. */
  resync(cause: ResyncCause): void {
    this.#syncAgain = true;
    if (this.#syncing || this.#early || this.#closed) return;
    this.#cancelRetry();
    const watch = watchResync(this.#context.sessions, this.key, cause);
    this.#syncing = this.#catchUp().then(
      () => {
        this.#syncing = null;
        watch?.done();
        this.#retryMs = FIRST_RETRY_MS;
      },
      (error) => {
        this.#syncing = null;
        watch?.failed(error);
        this.#context.report(error, { stage: "resync", key: this.key });
        this.markStale();
        this.#retryLater();
      },
    );
  }

  /** Reads the store if the snapshot is older than this version; false if it still may be, since the store is away. */
  async reach(version: number): Promise<boolean> {
    const there = () => (this.#snapshot as Snapshot).version >= version;
    if (there()) return true;
    this.resync("connection");
    await this.synced();
    return there() || this.#status === "live";
  }

  /** Resolves when no reading is under way: then the snapshot holds all that this node wrote, or the topic is stale. */
  async synced(): Promise<void> {
    await this.#syncing;
  }

  async #catchUp(): Promise<void> {
    const { clock, records, busEpoch } = this.#context;
    while (this.#syncAgain && !this.#endReason && !this.#closed) {
      this.#syncAgain = false;
      const epoch = busEpoch();
      const asked = clock.now();
      this.#settle(await records.read(this.key), asked);
      // What was read before the bus came back may be older than what was lost.
      if (busEpoch() !== null && busEpoch() !== epoch) this.#syncAgain = true;
    }
    if (!this.#endReason) this.#setStatus(busEpoch() === null ? "stale" : "live");
  }

  #retryLater(): void {
    if (this.#closed) return;
    const wait = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    this.#cancelRetry = this.#context.clock.after(wait, () => this.resync("retry"));
  }

  #settle(result: ReadResult, asked: number): void {
    if (result.state !== "live") return this.#finish(result.state === "ended" ? result.reason : this.#likelyReason());
    const { record, now } = result;
    const current = this.#snapshot;
    // Another record under this key: ours is over, whatever the new one is.
    if (current && current.incarnation !== record.incarnation) return this.#finish("destroyed");
    this.expiry.read(record, now, asked);
    if (!current || record.version > current.version) this.#advance(record.data, record.version, record.incarnation);
  }

  /** The record is gone and its end forgotten. */
  #likelyReason(): EndReason {
    return this.#context.clock.now() >= this.expiry.at ? "expired" : "destroyed";
  }

  #advance(data: JsonObject, version: number, incarnation: string): void {
    const snapshot = { data: this.#context.map(this.key, incarnation, data), version, incarnation };
    this.#snapshot = snapshot;
    this.#deliver({ type: "live_session_updated", session: snapshot.data, version });
  }

  #finish(reason: EndReason): void {
    if (this.#endReason) return;
    this.#endReason = reason;
    this.#status = "ended";
    this.#deliver({ type: "live_session_ended", reason });
  }

  #setStatus(status: "live" | "stale"): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#deliver({ type: "live_session_status", status });
  }

  /** For its expiry. */
  askStore(): void {
    this.resync("expiry");
  }

  /** For its expiry. */
  expiring(expiresAt: number, left: number): void {
    this.#deliver({ type: "live_session_expiring", expiresAt, left });
  }

  /** For its expiry. */
  extended(expiresAt: number): void {
    this.#deliver({ type: "live_session_extended", expiresAt });
  }

  /** In order for every member, also when a member's listener causes the next delivery. */
  #deliver(message: TopicMessage): void {
    Object.freeze(message);
    if (this.#delivering) {
      this.#later ??= [];
      this.#later.push(message);
      return;
    }
    this.#delivering = true;
    for (let next: TopicMessage | undefined = message; next; next = this.#later?.shift()) this.#tell(next);
    this.#later = null;
    this.#delivering = false;
    if (this.#endReason) this.close();
  }

  #tell(message: TopicMessage): void {
    const members = membersOf(this.#members);
    const started = members.length > 0 && channels.delivered.hasSubscribers ? performance.now() : null;
    for (const member of members) member[told](message);
    if (started === null) return;
    const { key } = this;
    const reason = message.type === "live_session_ended" ? message.reason : null;
    const facts = { type: message.type, handles: members.length, duration: performance.now() - started, reason };
    channels.delivered.publish({ sessions: this.#context.sessions, key, ...facts });
  }
}
