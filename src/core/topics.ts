// The topics of a node: opened for the first who attaches, closed with the last, checked against the store in between.

import { type AttachedConnection, type AttachedFigures, figuresOf } from "./attached.ts";
import type { SessionBus, SessionEvent } from "./bus.ts";
import { type Clock, every, withTimeout } from "./clock.ts";
import { channels, tellError } from "./diagnostics.ts";
import { type ErrorContext, LiveSessionError } from "./errors.ts";
import type { SessionKey } from "./ids.ts";
import type { LocalListener, SessionRecords } from "./records.ts";
import type { JsonObject } from "./store.ts";
import { Topic, type TopicContext } from "./topic.ts";

export interface TopicsOptions {
  readonly bus: SessionBus;
  readonly clock: Clock;
  /** How long the bus may take to subscribe, in ms. */
  readonly timeout: number;
  /** How often versions are compared with the store's, in ms. */
  readonly checkInterval: number;
  /** How long before a session expires its members are told, in ms. */
  readonly expiryNotice: number;
  readonly report: (error: unknown, context: ErrorContext) => void;
  readonly map: TopicContext["map"];
  /** Whose topics they are, for those who listen on the channels. */
  readonly sessions: object;
}

/** Keys of one round trip of the check. */
const CHECK_BATCH = 500;
const RETRY_MS = 500;

interface Entry {
  readonly topic: Topic;
  readonly opening: Promise<void>;
  unsubscribe: (() => void) | null;
}

export class Topics {
  readonly #options: TopicsOptions;
  readonly #entries = new Map<SessionKey, Entry>();
  readonly #stop: (() => void)[];
  #records: SessionRecords | null = null;
  #busDown = false;
  /** Grows with each loss and return of the bus: what was asked in one epoch says nothing in the next. */
  #epoch = 0;
  #checking: Promise<void> | null = null;
  #checkAgain = false;
  #closed = false;
  #cancelRetry = () => {};

  constructor(options: TopicsOptions) {
    this.#options = options;
    this.#stop = [
      every(options.clock, options.checkInterval, () => this.check()),
      options.bus.onStatus((status) => this.#busChanged(status)),
    ];
  }

  /** This node's own writes, handed to the topics without a way through the bus. */
  readonly local: LocalListener = (key, event, asked, data) => this.get(key)?.receive(event, asked, data?.());

  /** Must be called once, before anything else: records and topics know each other. */
  use(records: SessionRecords): void {
    this.#records = records;
  }

  get(key: SessionKey): Topic | undefined {
    return this.#entries.get(key)?.topic;
  }

  attached(): AttachedFigures {
    return figuresOf(Array.from(this.#entries.values(), ({ topic }) => topic));
  }

  connections(key: SessionKey): AttachedConnection[] {
    return this.get(key)?.connections() ?? [];
  }

  /** The current data of a session, if this node has it in step. */
  current(
    key: SessionKey,
    incarnation: string | undefined,
  ): { data: JsonObject; version: number; incarnation: string } | null {
    const topic = this.get(key);
    const snapshot = topic?.status === "live" ? topic.snapshot : null;
    return snapshot && (incarnation === undefined || snapshot.incarnation === incarnation) ? snapshot : null;
  }

  /** Opens the topic of a session and has `join` join it at once, before the last one who is attached can close it. */
  async open<T>(key: SessionKey, join: (topic: Topic) => T): Promise<T> {
    for (;;) {
      if (this.#closed) throw new LiveSessionError("closed", "These live sessions were closed.");
      const entry = this.#entries.get(key) ?? this.#start(key);
      await entry.opening;
      if (!entry.topic.closed) return join(entry.topic);
    }
  }

  /** Compares every topic's version with the store's and reads those that are behind: what a lost event costs at most. */
  check(): Promise<void> {
    this.#checkAgain = true; // an answer that is on its way may be older than this call
    this.#checking ??= this.#checkAll().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  async #checkAll(): Promise<void> {
    this.#cancelRetry();
    try {
      while (this.#checkAgain) {
        this.#checkAgain = false;
        const keys = [...this.#entries.keys()];
        for (let start = 0; start < keys.length; start += CHECK_BATCH)
          await this.#compare(keys.slice(start, start + CHECK_BATCH));
      }
    } catch (error) {
      this.#checkAgain = false;
      this.#options.report(error, { stage: "check" });
      for (const { topic } of this.#entries.values()) topic.markStale();
      if (!this.#closed) this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => void this.check());
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    for (const stop of this.#stop) stop();
    for (const { topic } of [...this.#entries.values()]) topic.close();
  }

  #start(key: SessionKey): Entry {
    const { clock, report, map } = this.#options;
    const records = this.#records as SessionRecords;
    const topic = new Topic(key, {
      clock,
      records,
      report,
      map,
      sessions: this.#options.sessions,
      expiryNotice: this.#options.expiryNotice,
      busEpoch: this.#busEpoch,
      retire: () => this.#retire(key, entry),
    });
    const entry: Entry = { topic, opening: this.#open(key, topic, () => entry), unsubscribe: null };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Subscribe first, then read: what is published in between is not lost. */
  async #open(key: SessionKey, topic: Topic, entry: () => Entry): Promise<void> {
    await null; // until the entry is in place
    try {
      const unsubscribe = await this.#subscribe(key, topic);
      if (topic.closed) return unsubscribe();
      entry().unsubscribe = unsubscribe;
      const epoch = this.#epoch;
      await topic.open();
      if (this.#busDown) topic.markStale();
      else if (epoch !== this.#epoch) topic.resync("bus");
    } catch (error) {
      topic.close();
      throw error;
    }
  }

  async #subscribe(key: SessionKey, topic: Topic): Promise<() => void> {
    const { bus, clock, timeout } = this.#options;
    try {
      const subscribed = bus.subscribe(key, (event) => this.#received(topic, event));
      if (typeof subscribed === "function") return subscribed;
      return await withTimeout(subscribed, timeout, clock, (unsubscribe) => unsubscribe());
    } catch (cause) {
      const error = new LiveSessionError("bus_failed", "The session's events could not be subscribed to.", { cause });
      tellError(this.#options.sessions, error, { stage: "subscribe", key });
      throw error;
    }
  }

  #received(topic: Topic, event: SessionEvent): void {
    if (channels.received.hasSubscribers) {
      channels.received.publish({ sessions: this.#options.sessions, key: topic.key, type: event.type });
    }
    topic.receive(event, this.#options.clock.now());
  }

  #retire(key: SessionKey, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    try {
      entry.unsubscribe?.();
    } catch (error) {
      this.#options.report(error, { stage: "unsubscribe", key });
    }
  }

  async #compare(keys: readonly SessionKey[]): Promise<void> {
    const topics = keys.map((key) => this.get(key));
    const asked = this.#options.clock.now();
    const epoch = this.#epoch;
    const { now, live } = await (this.#records as SessionRecords).versions(keys);
    if (epoch !== this.#epoch || this.#busDown) return; // the bus's return brings a check of its own
    keys.forEach((key, index) => {
      const topic = this.get(key);
      if (topic && topic === topics[index]) topic.compare(live.get(key), now, asked);
    });
  }

  readonly #busEpoch = (): number | null => (this.#busDown ? null : this.#epoch);

  #busChanged(status: "up" | "down"): void {
    this.#epoch++;
    this.#busDown = status === "down";
    if (this.#busDown) for (const { topic } of this.#entries.values()) topic.markStale();
    else void this.check();
  }
}
