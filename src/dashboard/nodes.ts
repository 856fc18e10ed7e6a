// Nodes that tell each other their figures over the bus, on a topic of their own, while a dashboard is open somewhere.

import type { AttachedConnection } from "../core/attached.ts";
import type { SessionBus, SessionEvent } from "../core/bus.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorContext } from "../core/errors.ts";
import { sessionKey } from "../core/ids.ts";
import { isConnection, isFigures, isName } from "./heard.ts";
import type { Figures, ShownConnection } from "./wire.ts";

/** No session has it: nobody's id hashes to the hash of this. */
const TOPIC = sessionKey("the dashboards of live-session");

/** A node that was not heard of for so long is gone; and nobody who was not heard of for so long still looks. */
const SILENCE_MS = 3_500;

/** More are left out: a bus that carries nonsense must not fill the memory. */
const MOST_NODES = 200;

/** What is told of connections must fit beside the figures into the shortest message of a bus, PostgreSQL's 8,000 bytes. */
const MOST_CONNECTIONS = 50;
const MOST_KEYS = 10;

export interface NodesOptions {
  readonly bus: SessionBus;
  readonly clock: Clock;
  /** `null`: it tells no figures. */
  readonly node: string | null;
  readonly report: (error: unknown, context: ErrorContext) => void;
  /** Somebody looks at another node's dashboard: it waits for this node's figures. */
  readonly asked: () => void;
  /** This node's connections of a session that somebody looks at elsewhere. */
  readonly connections: (key: string) => readonly AttachedConnection[];
}

interface Heard {
  readonly at: number;
  readonly figures: Figures;
  readonly connections: Readonly<Record<string, readonly ShownConnection[]>>;
}

export class Nodes {
  readonly #options: NodesOptions;
  readonly #heard = new Map<string, Heard>();
  /** The sessions that somebody looks at elsewhere, and when that was last heard. */
  readonly #looked = new Map<string, number>();
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
    this.#forget();
    return Array.from(this.#heard.values(), ({ figures }) => figures);
  }

  /** The other nodes' connections of a session that was told to be looked at. */
  connections(key: string): ShownConnection[] {
    this.#forget();
    return [...this.#heard.values()].flatMap(({ connections }) => connections[key] ?? []);
  }

  /**
   * @param figures `null`: this node has none to tell, and can ask all the same
   * @param asks whether somebody looks at this node's dashboard, so that others are to tell theirs
   * @param looks the sessions that are looked at there
   */
  tell(figures: Figures | null, asks: boolean, looks: readonly string[]): void {
    const { bus, clock, node, report } = this.#options;
    const put = { figures, asks, looks: looks.slice(0, MOST_KEYS), connections: this.#found() };
    const [now, version] = [clock.now(), ++this.#told];
    const changes = { put, delete: [] };
    const event = { type: "changed", incarnation: node ?? "onlooker", version, changes, expiresAt: now, now } as const;
    (async () => bus.publish(TOPIC, event))().catch((error) => report(error, { stage: "dashboard" }));
  }

  async close(): Promise<void> {
    (await this.#subscribed)();
  }

  #hear(event: SessionEvent): void {
    if (event.type !== "changed") return;
    const { figures, asks, looks, connections } = event.changes?.put ?? {};
    const at = this.#options.clock.now();
    if (figures !== null) {
      if (!isFigures(figures) || figures.node === this.#options.node) return;
      if (this.#heard.has(figures.node) || this.#heard.size < MOST_NODES) {
        this.#heard.set(figures.node, { at, figures, connections: connectionsIn(connections, figures.node) });
      }
    }
    if (asks !== true) return;
    this.#askedAt = at;
    if (Array.isArray(looks)) for (const key of looks.filter(isName).slice(0, MOST_KEYS)) this.#looked.set(key, at);
    this.#options.asked();
  }

  #found(): Record<string, readonly AttachedConnection[]> {
    this.#forget();
    let left = MOST_CONNECTIONS;
    const found: Record<string, readonly AttachedConnection[]> = {};
    for (const key of [...this.#looked.keys()].slice(0, MOST_KEYS)) {
      const connections = this.#options.connections(key).slice(0, left);
      left -= connections.length;
      if (connections.length > 0) found[key] = connections;
    }
    return found;
  }

  /** Lets go of what was not heard for too long. */
  #forget(): void {
    const least = this.#options.clock.now() - SILENCE_MS;
    for (const [node, { at }] of this.#heard) if (at <= least) this.#heard.delete(node);
    for (const [key, at] of this.#looked) if (at <= least) this.#looked.delete(key);
  }
}

/** Nodes speak of their own connections only. */
function connectionsIn(value: unknown, node: string): Heard["connections"] {
  const entries = Object.entries(typeof value === "object" && value !== null ? value : {}).slice(0, MOST_KEYS);
  return Object.fromEntries(
    entries.map(([key, all]) => {
      const valid = Array.isArray(all) ? all.filter(isConnection).slice(0, MOST_CONNECTIONS) : [];
      return [key, valid.map(({ transport, since }) => ({ node, transport, since }))];
    }),
  );
}
