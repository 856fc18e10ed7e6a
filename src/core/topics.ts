// The topics of a node: opened for the first who attaches, closed with the last, checked against the store in between.

import { Agenda } from "./agenda.ts";
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
  /** `null` once it is open. */
  opening: Promise<void> | null;
  unsubscribe: (() => void) | null;
}

export class Topics {
  readonly #options: TopicsOptions;
  readonly #entries = new Map<SessionKey, Entry>();
  readonly #agenda: Agenda;
  #context: TopicContext | null = null;
  readonly #stop: (() => void)[];
  #busDown = false;
  /** Grows with each loss and return of the bus: what was asked in one epoch says nothing in the next. */
  #epoch = 0;
  #checking: Promise<void> | null = null;
  #checkAgain = false;
  #closed = false;
  #cancelRetry = () => {};

  constructor(options: TopicsOptions) {
    this.#options = options;
    this.#agenda = new Agenda(options.clock);
    this.#stop = [
      every(options.clock, options.checkInterval, () => this.check()),
      options.bus.onStatus((status) => this.#busChanged(status)),
    ];
  }

  /** This node's own writes, handed to the topics without a way through the bus. */
  readonly local: LocalListener = (key, event, asked, data) => this.get(key)?.receive(event, asked, data?.());

  /** Must be called once, before anything else: records and topics know each other. */
  use(records: SessionRecords): void {
    const { clock, report, map, expiryNotice, sessions } = this.#options;
    this.#context = {
      clock,
      agenda: this.#agenda,
      records,
      report,
      map,
      expiryNotice,
      sessions,
      busEpoch: () => (this.#busDown ? null : this.#epoch),
      retire: (topic) => this.#retire(topic),
    };
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

  /** What topics share, once `use` was called. */
  get #shared(): TopicContext {
    return this.#context as TopicContext;
  }

  #start(key: SessionKey): Entry {
    const entry: Entry = { topic: new Topic(key, this.#shared), opening: null, unsubscribe: null };
    this.#entries.set(key, entry);
    entry.opening = this.#open(entry);
    return entry;
  }

  /** Subscribe first, then read: what is published in between is not lost. */
  async #open(entry: Entry): Promise<void> {
    const { topic } = entry;
    try {
      const unsubscribe = await this.#subscribe(topic);
      if (topic.closed) return unsubscribe();
      entry.unsubscribe = unsubscribe;
      const epoch = this.#epoch;
      await topic.open();
      entry.opening = null;
      if (this.#busDown) topic.markStale();
      else if (epoch !== this.#epoch) topic.resync("bus");
    } catch (error) {
      topic.close();
      throw error;
    }
  }

  async #subscribe(topic: Topic): Promise<() => void> {
    const { key } = topic;
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

  #retire(topic: Topic): void {
    const { key } = topic;
    const entry = this.#entries.get(key);
    if (entry?.topic !== topic) return;
    this.#entries.delete(key);
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
    const { now, live } = await this.#shared.records.versions(keys);
    if (epoch !== this.#epoch || this.#busDown) return; // the bus's return brings a check of its own
    keys.forEach((key, index) => {
      const topic = this.get(key);
      if (topic && topic === topics[index]) topic.compare(live.get(key), now, asked);
    });
  }

  #busChanged(status: "up" | "down"): void {
    this.#epoch++;
    this.#busDown = status === "down";
    if (this.#busDown) for (const { topic } of this.#entries.values()) topic.markStale();
    else void this.check();
  }
}
