// Nodes that tell each other their figures over the bus, on a topic of their own, while a dashboard is open somewhere.

import type { SessionBus, SessionEvent } from "../core/bus.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorContext } from "../core/errors.ts";
import { sessionKey } from "../core/ids.ts";
import { LONGEST_NAME } from "./options.ts";
import { type Figures, latencyBounds, latencyNames, rateNames } from "./wire.ts";

/** No session has it: nobody's id hashes to the hash of this. */
const TOPIC = sessionKey("the dashboards of live-session");

/** A node that was not heard of for so long is gone; and nobody who was not heard of for so long still looks. */
const SILENCE_MS = 3_500;

/** More are left out: a bus that carries nonsense must not fill the memory. */
const MOST_NODES = 200;

export interface NodesOptions {
  readonly bus: SessionBus;
  readonly clock: Clock;
  readonly node: string;
  readonly report: (error: unknown, context: ErrorContext) => void;
  /** Somebody looks at another node's dashboard: it waits for this node's figures. */
  readonly asked: () => void;
}

export class Nodes {
  readonly #options: NodesOptions;
  readonly #heard = new Map<string, { readonly at: number; readonly figures: Figures }>();
  readonly #subscribed: Promise<() => void>;
  #askedAt = Number.NEGATIVE_INFINITY;
  #told = 0;

  constructor(options: NodesOptions) {
    this.#options = options;
    const { bus, report } = options;
    this.#subscribed = (async () => bus.subscribe(TOPIC, (event) => this.#hear(event)))().catch((error) => {
      report(error, { stage: "dashboard" });
      return () => {};
    });
  }

  /** Whether somebody looks at another node's dashboard. */
  get isAsked(): boolean {
    return this.#options.clock.now() - this.#askedAt < SILENCE_MS;
  }

  /** The other nodes' figures. */
  get others(): Figures[] {
    const now = this.#options.clock.now();
    for (const [node, { at }] of this.#heard) if (now - at >= SILENCE_MS) this.#heard.delete(node);
    return Array.from(this.#heard.values(), ({ figures }) => figures);
  }

  /** @param asks whether somebody looks at this node's dashboard, so that others are to tell theirs */
  tell(figures: Figures, asks: boolean): void {
    const { bus, clock, report } = this.#options;
    const changes = { put: { figures, asks }, delete: [] };
    const now = clock.now();
    const event: SessionEvent = {
      type: "changed",
      incarnation: figures.node,
      version: ++this.#told,
      changes,
      expiresAt: now,
      now,
    };
    (async () => bus.publish(TOPIC, event))().catch((error) => report(error, { stage: "dashboard" }));
  }

  async close(): Promise<void> {
    (await this.#subscribed)();
  }

  #hear(event: SessionEvent): void {
    if (event.type !== "changed") return;
    const { figures, asks } = event.changes?.put ?? {};
    if (!isFigures(figures) || figures.node === this.#options.node) return;
    const at = this.#options.clock.now();
    if (this.#heard.has(figures.node) || this.#heard.size < MOST_NODES) this.#heard.set(figures.node, { at, figures });
    if (asks !== true) return;
    this.#askedAt = at;
    this.#options.asked();
  }
}

/** What comes from elsewhere is looked at before it is shown. */
export function isFigures(value: unknown): value is Figures {
  if (!isObject(value)) return false;
  const { node, sessions, stale, connections, rates, latency } = value;
  if (typeof node !== "string" || node.length > LONGEST_NAME || !isCount(sessions) || !isCount(stale)) return false;
  if (!isObject(connections) || Object.keys(connections).length > 20) return false;
  if (!isObject(rates) || !isObject(latency)) return false;
  const buckets = latencyBounds.length + 1;
  return (
    Object.values(connections).every(isCount) &&
    rateNames.every((name) => isCount(rates[name])) &&
    latencyNames.every((name) => {
      const times = latency[name];
      return Array.isArray(times) && times.length === buckets && times.every(isCount);
    })
  );
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
