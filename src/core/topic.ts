// One session on one node: the snapshot that everyone attached shares, kept in step with the store.

import type { SessionEvent } from "./bus.ts";
import { applyChanges } from "./changes.ts";
import type { Clock } from "./clock.ts";
import { type ErrorContext, sessionEnded, unknownSession } from "./errors.ts";
import type { SessionKey } from "./ids.ts";
import type { SessionRecords } from "./records.ts";
import type { EndReason, JsonObject, LiveVersion, ReadResult } from "./store.ts";

/** `live`: in step, as far as this node can know. `stale`: the bus or the store is away. `ended`: the session is over. */
export type LiveStatus = "live" | "stale" | "ended";

/** The session at one version. */
export interface Snapshot {
  /** A session map, frozen. */
  readonly data: JsonObject;
  readonly version: number;
  readonly incarnation: string;
}

/** What a topic tells those who are attached. */
export interface TopicMember {
  updated(snapshot: Snapshot): void;
  statusChanged(status: LiveStatus): void;
  ended(reason: EndReason): void;
}

export interface TopicContext {
  readonly clock: Clock;
  readonly records: SessionRecords;
  readonly report: (error: unknown, context: ErrorContext) => void;
  /** Makes the session map of a version. */
  readonly map: (key: SessionKey, incarnation: string, data: JsonObject) => JsonObject;
  /** The topic needs no more events: nobody is attached, or the session ended. */
  readonly retire: (topic: Topic) => void;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5_000;

export class Topic {
  readonly key: SessionKey;
  readonly #context: TopicContext;
  readonly #members = new Set<TopicMember>();
  readonly #deliveries: ((member: TopicMember) => void)[] = [];
  /** Events that came before the first read. */
  #early: [event: SessionEvent, asked: number][] | null = [];
  #snapshot: Snapshot | null = null;
  #status: LiveStatus = "live";
  #endReason: EndReason | null = null;
  /** On this node's clock. */
  #expiresAt = 0;
  #lifetime = 0;
  #delivering = false;
  #closed = false;
  /** The reads that catch up, while they are under way. */
  #syncing: Promise<void> | null = null;
  #syncAgain = false;
  #retryMs = FIRST_RETRY_MS;
  #cancelExpiry = () => {};
  #cancelRetry = () => {};

  constructor(key: SessionKey, context: TopicContext) {
    this.key = key;
    this.#context = context;
  }

  get status(): LiveStatus {
    return this.#status;
  }

  get endReason(): EndReason | null {
    return this.#endReason;
  }

  /** In ms since 1970 on this node's clock; pushes by other nodes may not have been heard of yet. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  get lifetime(): number {
    return this.#lifetime;
  }

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

  join(member: TopicMember): void {
    this.#members.add(member);
  }

  leave(member: TopicMember): void {
    if (this.#members.delete(member) && this.#members.size === 0) this.close();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Stops all timers. Members hear nothing more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#members.clear();
    this.#cancelExpiry();
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
    if (event.incarnation !== current.incarnation) return this.resync();
    if (event.type === "ended") return this.#finish(event.reason);
    if (event.type === "touched") return this.#expires(asked + event.expiresAt - event.now);
    if (event.version <= current.version) return;
    const follows = event.version === current.version + 1;
    const next = data ?? (follows && event.changes ? applyChanges(current.data, event.changes) : undefined);
    if (!next) return this.resync(); // a gap, or too long for the bus
    this.#expires(asked + event.expiresAt - event.now);
    this.#advance(next, event.version, event.incarnation);
  }

  /** Compares with what the store has, as asked for many sessions at once; reads this one if it is behind. */
  compare(found: LiveVersion | undefined, now: number, asked: number): void {
    const current = this.#snapshot;
    if (!current || this.#endReason) return;
    if (!found || found.incarnation !== current.incarnation || found.version > current.version) return this.resync();
    this.#expires(asked + found.expiresAt - now);
    if (!this.#syncing) this.#setStatus("live");
  }

  /** Events may be lost from now on, or the store could not be asked. */
  markStale(): void {
    if (!this.#endReason) this.#setStatus("stale");
  }

  /** Reads the store and catches up; one read at a time, and one more if anything happened meanwhile. */
  resync(): void {
    this.#syncAgain = true;
    if (this.#syncing || this.#early || this.#closed) return;
    this.#cancelRetry();
    this.#syncing = this.#catchUp().then(
      () => {
        this.#syncing = null;
        this.#retryMs = FIRST_RETRY_MS;
      },
      (error) => {
        this.#syncing = null;
        this.#context.report(error, { stage: "resync", key: this.key });
        this.markStale();
        this.#retryLater();
      },
    );
  }

  /** Resolves when no reading is under way: then the snapshot holds all that this node wrote, or the topic is stale. */
  async synced(): Promise<void> {
    await this.#syncing;
  }

  async #catchUp(): Promise<void> {
    while (this.#syncAgain && !this.#endReason && !this.#closed) {
      this.#syncAgain = false;
      const asked = this.#context.clock.now();
      this.#settle(await this.#context.records.read(this.key), asked);
    }
    if (!this.#endReason) this.#setStatus("live");
  }

  #retryLater(): void {
    if (this.#closed) return;
    const wait = this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    this.#cancelRetry = this.#context.clock.after(wait, () => this.resync());
  }

  #settle(result: ReadResult, asked: number): void {
    if (result.state !== "live") return this.#finish(result.state === "ended" ? result.reason : this.#likelyReason());
    const { record, now } = result;
    const current = this.#snapshot;
    // Another record under this key: ours is over, whatever the new one is.
    if (current && current.incarnation !== record.incarnation) return this.#finish("destroyed");
    this.#lifetime = record.lifetime;
    this.#expires(asked + record.expiresAt - now);
    if (!current || record.version > current.version) this.#advance(record.data, record.version, record.incarnation);
  }

  /** The record is gone and its end forgotten. */
  #likelyReason(): EndReason {
    return this.#context.clock.now() >= this.#expiresAt ? "expired" : "destroyed";
  }

  #advance(data: JsonObject, version: number, incarnation: string): void {
    const snapshot = { data: this.#context.map(this.key, incarnation, data), version, incarnation };
    this.#snapshot = snapshot;
    this.#deliver((member) => member.updated(snapshot));
  }

  #finish(reason: EndReason): void {
    if (this.#endReason) return;
    this.#endReason = reason;
    this.#status = "ended";
    this.#deliver((member) => member.ended(reason));
  }

  #setStatus(status: "live" | "stale"): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#deliver((member) => member.statusChanged(status));
  }

  /** In order for every member, also when a member's listener causes the next delivery. */
  #deliver(tell: (member: TopicMember) => void): void {
    this.#deliveries.push(tell);
    if (this.#delivering) return;
    this.#delivering = true;
    for (let next = this.#deliveries.shift(); next; next = this.#deliveries.shift()) {
      for (const member of [...this.#members]) next(member);
    }
    this.#delivering = false;
    if (this.#endReason) this.close();
  }

  /**
   * The session expires at this time of this node, unless someone pushes it: then the timer's read finds out. Counted
   * from when the store was asked, so that the timer is early, which costs a read, rather than late.
   */
  #expires(expiresAt: number): void {
    const waiting = this.#expiresAt > 0;
    const sooner = expiresAt < this.#expiresAt;
    this.#expiresAt = expiresAt;
    if (!waiting || sooner) this.#armExpiry();
  }

  #armExpiry(): void {
    const { clock } = this.#context;
    this.#cancelExpiry();
    if (this.#closed) return;
    this.#cancelExpiry = clock.after(Math.max(this.#expiresAt - clock.now(), 1), () => {
      if (clock.now() < this.#expiresAt) return this.#armExpiry(); // pushed forward since
      this.#expiresAt = 0; // the read arms the timer again if the session lives on
      this.resync();
    });
  }
}
