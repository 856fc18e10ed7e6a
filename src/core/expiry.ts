// When an attached session expires: on this node's clock, as far as this node has heard, and what is done then.

import type { Agenda, Due } from "./agenda.ts";
import type { Clock } from "./clock.ts";
import type { LiveVersion, SessionRecord } from "./store.ts";

export interface ExpiryContext {
  readonly clock: Clock;
  readonly agenda: Agenda;
  /** How long before the expiry it is told of, in ms; 0 for never. */
  readonly expiryNotice: number;
}

/** Whose expiry it is. */
export interface Expiring {
  readonly closed: boolean;
  /** Asks the store how long the session lives; `read` or `compared` must be told the answer. */
  askStore(): void;
  /** The session is about to expire, in `left` ms. */
  expiring(expiresAt: number, left: number): void;
  /** It is no longer about to. */
  extended(expiresAt: number): void;
}

/** Times are in ms since 1970, on this node's clock but for the deadline. A class, since there is one for each session. */
export class Expiry implements Due {
  readonly #context: ExpiryContext;
  readonly #owner: Expiring;
  #at = 0;
  #lifetime = 0;
  /** On the store's clock. */
  #deadline: number | null = null;
  #capped = false;
  /** The store is being asked whether the session is about to expire; and whether members were told that it is. */
  #noticing = false;
  #noticed = false;
  /** For the agenda. */
  dueAt = 0;

  constructor(context: ExpiryContext, owner: Expiring) {
    this.#context = context;
    this.#owner = owner;
  }

  /** Pushes by other nodes may not have been heard of yet. */
  get at(): number {
    return this.#at;
  }

  get lifetime(): number {
    return this.#lifetime;
  }

  /** Whether the expiry is the deadline already, which nothing pushes. */
  get capped(): boolean {
    return this.#capped;
  }

  /** What the store has, `now` being its time, and `asked` this node's when it was asked. */
  read({ lifetime, deadline, expiresAt }: SessionRecord, now: number, asked: number): void {
    this.#lifetime = lifetime;
    this.#deadline = deadline;
    this.#capped = expiresAt === deadline;
    this.#set(asked + expiresAt - now);
    if (this.#noticing) this.#notice();
  }

  /** As `read`, where all that was asked for is the expiry. */
  compared({ expiresAt }: LiveVersion, now: number, asked: number): void {
    const left = expiresAt - now;
    this.#capped = expiresAt === this.#deadline;
    if (!this.#capped) this.#lifetime = Math.max(this.#lifetime, left); // it was lengthened, and no event said so
    this.#set(asked + left);
  }

  /** The expiry after a push, which tells the lifetime, too, unless the deadline cut it short. */
  pushed({ expiresAt, now }: { readonly expiresAt: number; readonly now: number }, asked: number): void {
    this.#capped = expiresAt === this.#deadline;
    if (!this.#capped) this.#lifetime = expiresAt - now;
    this.#set(asked + expiresAt - now);
  }

  /** Nothing is done any more. */
  stop(): void {
    this.#context.agenda.remove(this);
  }

  /**
   * The session expires at this time, unless someone pushes it: then the store's answer says so. Counted from when the
   * store was asked, so that it is asked again too early, which costs a read, rather than too late.
   */
  #set(at: number): void {
    const waiting = this.#at > 0;
    const sooner = at < this.#at;
    this.#at = at;
    if (this.#noticed && this.#context.clock.now() < this.#noticeAt) {
      this.#noticed = false;
      this.#owner.extended(at);
    }
    if (!waiting || sooner) this.#arm();
  }

  /** When members are to be told that the session is about to expire. */
  get #noticeAt(): number {
    const { expiryNotice } = this.#context;
    const fits = expiryNotice > 0 && this.#lifetime >= 2 * expiryNotice;
    return fits ? this.#at - expiryNotice : Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    if (this.#owner.closed) return;
    const told = this.#noticed || this.#noticing;
    this.#context.agenda.set(this, told ? this.#at : Math.min(this.#at, this.#noticeAt));
  }

  due(): void {
    const now = this.#context.clock.now();
    if (now >= this.#at) {
      this.#at = 0; // what the store says arms the timer again if the session lives on
      this.#owner.askStore();
      return;
    }
    // Another node may have pushed it: the store knows.
    const asks = !this.#noticed && !this.#noticing && now >= this.#noticeAt;
    if (asks) this.#noticing = true;
    this.#arm();
    if (asks) this.#owner.askStore();
  }

  #notice(): void {
    this.#noticing = false;
    const now = this.#context.clock.now();
    const left = Math.round(this.#at - now);
    if (now >= this.#noticeAt && left > 0 && !this.#noticed) {
      this.#noticed = true;
      this.#owner.expiring(this.#at, left);
    }
    this.#arm();
  }
}
