// The subscriptions of one node: a channel for each session that anyone listens to, on one link that is opened again when
// it is lost.

import { systemClock, withTimeout } from "../../core/clock.ts";
import type { Link, LinkListener } from "./link.ts";

export interface SubscriberOptions {
  open(listener: LinkListener): Promise<Link>;
  message(channel: string, text: string): void;
  status(status: "up" | "down"): void;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** For opening a link, and for each step of subscribing again. */
const PATIENCE_MS = 5_000;
/** Channels of one command. */
const BATCH = 500;

export class Subscriber {
  readonly #options: SubscriberOptions;
  /** Channels that are wanted, with the subscribing that is under way or done on the current link. */
  readonly #wanted = new Map<string, Promise<void>>();
  /** Channels that are being left: the way back in waits for it. */
  readonly #leaving = new Map<string, Promise<void>>();
  #link: Promise<Link> | null = null;
  #down = false;
  #closed = false;
  #cancelRetry = () => {};

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** Resolves when messages of the channel will be heard. Rejects at once while the connection is away. */
  async want(channel: string): Promise<void> {
    if (this.#closed) throw new Error("This Redis bus was closed.");
    if (this.#down) throw new Error("Redis is away: the bus has no connection to it.");
    let wanted = this.#wanted.get(channel);
    if (!wanted) {
      wanted = this.#place(channel);
      this.#wanted.set(channel, wanted);
    }
    try {
      await wanted;
    } catch (error) {
      if (this.#wanted.get(channel) === wanted) this.#wanted.delete(channel);
      throw error;
    }
    if (this.#down || this.#closed) throw new Error("Redis went away while the bus subscribed.");
  }

  /** Messages of the channel need not be heard any more. */
  leave(channel: string): void {
    if (!this.#wanted.delete(channel) || this.#down || !this.#link) return;
    // If it fails the connection is lost, or messages come that nobody hears.
    const left = this.#link.then((link) => link.unsubscribe(channel)).catch(() => {});
    this.#leaving.set(channel, left);
    void left.then(() => {
      if (this.#leaving.get(channel) === left) this.#leaving.delete(channel);
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#wanted.clear();
    this.#drop();
  }

  async #place(channel: string): Promise<void> {
    await this.#leaving.get(channel);
    this.#link ??= this.#open();
    const link = await this.#link;
    await link.subscribe([channel]);
  }

  #open(): Promise<Link> {
    const listener = {
      message: this.#options.message,
      lost: () => {
        if (this.#link === opened) this.#lost();
      },
    };
    const opened: Promise<Link> = withTimeout(this.#options.open(listener), PATIENCE_MS, systemClock, (late) => {
      late.close();
    });
    // Nothing was lost that was ever there: whoever subscribes next tries again.
    opened.catch(() => {
      if (this.#link === opened) this.#link = null;
    });
    return opened;
  }

  #drop(): void {
    const link = this.#link;
    this.#link = null;
    link?.then((each) => each.close()).catch(() => {});
  }

  #lost(): void {
    this.#drop();
    if (this.#closed || this.#down) return;
    this.#down = true;
    this.#options.status("down");
    this.#reconnect(FIRST_RETRY_MS);
  }

  #reconnect(wait: number): void {
    this.#cancelRetry = systemClock.after(wait * (0.5 + Math.random() / 2), () => {
      this.#restore().catch(() => {
        this.#drop();
        if (!this.#closed) this.#reconnect(Math.min(wait * 2, LAST_RETRY_MS));
      });
    });
  }

  /** A new link, and every channel on it; then `up`. */
  async #restore(): Promise<void> {
    const opening = this.#open();
    this.#link = opening;
    const link = await opening;
    const channels = [...this.#wanted.keys()];
    for (let start = 0; start < channels.length; start += BATCH) {
      const subscribing = link.subscribe(channels.slice(start, start + BATCH));
      await withTimeout(subscribing, PATIENCE_MS, systemClock);
    }
    if (this.#link !== opening) throw new Error("The connection was lost again.");
    this.#down = false;
    this.#options.status("up");
    for (const channel of channels) if (!this.#wanted.has(channel)) void link.unsubscribe(channel).catch(() => {});
  }
}
