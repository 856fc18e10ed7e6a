// The figures of each second, for those who look; nothing is counted while nobody does.

import type { AttachedConnection } from "../core/attached.ts";
import type { SessionBus } from "../core/bus.ts";
import type { SessionKey } from "../core/ids.ts";
import { attempt } from "../core/maybe.ts";
import { Nodes } from "./nodes.ts";
import type { Hub } from "./options.ts";
import { Tally } from "./tally.ts";
import type { Figures, Frame, Opening, ShownConnection } from "./wire.ts";

const SECOND_MS = 1_000;
/** What whoever opens the page sees of the time before, if somebody looked then. */
const HISTORY_SECONDS = 300;
/** Counting goes on so long after the last one left: a page that is loaded anew finds its charts again. */
const LINGER_MS = 60_000;
/** Counting what is stored may cost the engine a scan: it takes no more than so much of the time. */
const COUNT_SHARE = 0.01;
const COUNT_FAILED_MS = 10_000;

export class Pulse {
  readonly #hub: Hub;
  /** `null`: this node has no figures of its own. */
  readonly #node: string | null;
  readonly #nodes: Nodes | null;
  readonly #listeners = new Set<(frame: Frame) => void>();
  readonly #looks = new Set<{ readonly key: string }>();
  #tally: Tally | null = null;
  #history: Frame[] = [];
  #stored: number | null = null;
  #countAgainAt = Number.NEGATIVE_INFINITY;
  #beatAt = 0;
  #leftAt = 0;
  #cancel = () => {};
  #closed = false;

  constructor(hub: Hub, node: string | null, bus: SessionBus | null) {
    const { clock, report } = hub;
    this.#hub = hub;
    this.#node = node;
    const connections = (key: string) => this.#own(key);
    this.#nodes = bus && new Nodes({ bus, clock, node, report, connections, asked: () => this.#wake() });
  }

  get opening(): Opening {
    return { node: this.#node, shared: this.#nodes !== null, history: this.#history };
  }

  /** Hears of every second from now on. Returns the function that ends it. */
  join(listener: (frame: Frame) => void): () => void {
    this.#listeners.add(listener);
    this.#wake();
    return () => {
      this.#listeners.delete(listener);
      this.#leftAt = this.#hub.clock.now();
    };
  }

  /** As `join`, for one who looks at a session: other nodes tell their connections of it. */
  look(key: string, listener: () => void): () => void {
    const looked = { key };
    this.#looks.add(looked);
    const leave = this.join(listener);
    return () => {
      this.#looks.delete(looked);
      leave();
    };
  }

  /** The connections of a session that is looked at, on all nodes that are known of. */
  connections(key: string): ShownConnection[] {
    const node = this.#node;
    const own = node === null ? [] : this.#own(key).map((each) => ({ node, ...each }));
    const all = [...own, ...(this.#nodes?.connections(key) ?? [])];
    return all.sort((one, two) => (one.node === two.node ? one.since - two.since : one.node < two.node ? -1 : 1));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sleep();
    await this.#nodes?.close();
  }

  #wake(): void {
    if (this.#tally || this.#closed) return;
    this.#tally = new Tally(this.#hub);
    this.#beatAt = this.#hub.clock.now();
    this.#leftAt = this.#beatAt;
    this.#next();
  }

  #sleep(): void {
    this.#cancel();
    this.#tally?.stop();
    this.#tally = null;
    this.#history = [];
  }

  #next(): void {
    this.#cancel = this.#hub.clock.after(SECOND_MS, () => {
      this.#beat();
      const isWatched = this.#listeners.size > 0 || this.#hub.clock.now() - this.#leftAt < LINGER_MS;
      if (isWatched || this.#nodes?.isAsked) this.#next();
      else this.#sleep();
    });
  }

  #beat(): void {
    const now = this.#hub.clock.now();
    const own = this.#figures(now);
    this.#beatAt = now;
    const asks = this.#listeners.size > 0;
    if (asks || this.#nodes?.isAsked)
      this.#nodes?.tell(own, asks, [...new Set(Array.from(this.#looks, ({ key }) => key))]);
    if (asks) this.#count(now);
    const others = this.#nodes?.others ?? [];
    const nodes = (own ? [own, ...others] : others).sort((one, two) => (one.node < two.node ? -1 : 1));
    const frame = { at: now, stored: this.#stored, nodes };
    this.#history.push(frame);
    if (this.#history.length > HISTORY_SECONDS) this.#history.shift();
    for (const listener of [...this.#listeners]) listener(frame);
  }

  #own(key: string): readonly AttachedConnection[] {
    return this.#hub.connections(key as SessionKey);
  }

  #figures(now: number): Figures | null {
    const node = this.#node;
    if (node === null) return null;
    const { sessions, stale, connections } = this.#hub.attached();
    const counted = (this.#tally as Tally).take(now - this.#beatAt);
    return { node, sessions, stale, connections, ...counted };
  }

  #count(now: number): void {
    if (now < this.#countAgainAt) return;
    this.#countAgainAt = Number.POSITIVE_INFINITY;
    attempt(
      () => this.#hub.records.count(),
      (stored) => {
        const then = this.#hub.clock.now();
        this.#stored = stored;
        this.#countAgainAt = then + (then - now) / COUNT_SHARE;
      },
      (error) => {
        this.#stored = null;
        this.#countAgainAt = this.#hub.clock.now() + COUNT_FAILED_MS;
        this.#hub.report(error, { stage: "dashboard" });
      },
    );
  }
}
