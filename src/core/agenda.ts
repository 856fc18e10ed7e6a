// Timers for a great many things, most of which are due in a long while. Those wait in lists, one for each minute, and get
// a timer of their own when it begins.

import type { Clock } from "./clock.ts";

export interface Due {
  /** When it is due, in ms since 1970; 0 while it is on no agenda. For the agenda alone to write. */
  dueAt: number;
  /** Called when that time has come. Timers may be early by a little: look at the clock. */
  due(): void;
}

/** A minute's list, whose timer waits for the minute to begin. */
interface Page {
  readonly items: Set<Due>;
  readonly cancel: () => void;
}

const PAGE_MS = 60_000;

export class Agenda {
  readonly #clock: Clock;
  readonly #pages = new Map<number, Page>();
  /** Those with a timer, and how to cancel it. */
  readonly #near = new Map<Due, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has `item.due` called at this time, in ms since 1970, rather than when it was to be called before. */
  set(item: Due, at: number): void {
    this.remove(item);
    item.dueAt = at;
    if (at - this.#clock.now() < PAGE_MS) return this.#arm(item);
    this.#page(Math.floor(at / PAGE_MS)).items.add(item);
  }

  /** The item is due no more. */
  remove(item: Due): void {
    if (item.dueAt === 0) return;
    const cancel = this.#near.get(item);
    if (cancel) {
      cancel();
      this.#near.delete(item);
    } else this.#strike(item);
    item.dueAt = 0;
  }

  #strike(item: Due): void {
    const number = Math.floor(item.dueAt / PAGE_MS);
    const page = this.#pages.get(number);
    page?.items.delete(item);
    if (page?.items.size !== 0) return;
    page.cancel();
    this.#pages.delete(number);
  }

  #page(number: number): Page {
    const known = this.#pages.get(number);
    if (known) return known;
    const cancel = this.#clock.after(number * PAGE_MS - this.#clock.now(), () => {
      this.#pages.delete(number);
      for (const item of page.items) this.#arm(item);
    });
    const page: Page = { items: new Set(), cancel };
    this.#pages.set(number, page);
    return page;
  }

  #arm(item: Due): void {
    const cancel = this.#clock.after(Math.max(item.dueAt - this.#clock.now(), 1), () => {
      this.#near.delete(item);
      item.dueAt = 0;
      item.due();
    });
    this.#near.set(item, cancel);
  }
}
