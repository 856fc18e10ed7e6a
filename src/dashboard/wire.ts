// What the dashboard's page is sent; its code in browser/ knows these types and nothing else of the server.

/** What is counted, each a second. */
export const rateNames = [
  "commits",
  "reads",
  "received",
  "delivered",
  "ends",
  "conflicts",
  "resyncs",
  "errors",
] as const;

export type RateName = (typeof rateNames)[number];

/** What is timed. */
export const latencyNames = ["commit", "read", "delivery"] as const;

export type LatencyName = (typeof latencyNames)[number];

/** Upper bounds of the latencies' buckets, in ms; the last bucket has none. */
export const latencyBounds: readonly number[] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000];

/** One node during one second. */
export interface Figures {
  readonly node: string;
  readonly sessions: number;
  readonly stale: number;
  readonly connections: Readonly<Record<string, number>>;
  readonly rates: Readonly<Record<RateName, number>>;
  /** How many operations of the last minute were in each bucket. */
  readonly latency: Readonly<Record<LatencyName, readonly number[]>>;
}

/** All nodes that are known of, at one time. */
export interface Frame {
  /** In ms since 1970. */
  readonly at: number;
  /** Live sessions in the store; `null` while it is not known. */
  readonly stored: number | null;
  readonly nodes: readonly Figures[];
}

/** The first event of a stream. */
export interface Opening {
  /** This node's name; `null`: it is none of the app's, and shows the others' figures alone. */
  readonly node: string | null;
  /** Whether other nodes' figures come over the bus. */
  readonly shared: boolean;
  /** What was seen before, the oldest first. */
  readonly history: readonly Frame[];
}

/** A session in the list. */
export interface ListedSession {
  readonly key: string;
  readonly principal: string | null;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly version: number;
  /** How many keys its data has, and how long it is as JSON, in bytes. */
  readonly names: number;
  readonly bytes: number;
}

export interface SessionsPage {
  /** The store's time, as far as this node knows. */
  readonly now: number;
  readonly sessions: readonly ListedSession[];
  readonly hasMore: boolean;
  /** Sessions that were looked at; if not all that there are, `isPartial`. */
  readonly scanned: number;
  readonly isPartial: boolean;
}

/** A value of a session: its shape and size, and what it is where the app reveals it. */
export interface ShownValue {
  readonly name: string;
  /** Such as `"string, 12 characters"`. */
  readonly shape: string;
  readonly bytes: number;
  /** JSON text; `null` while hidden. */
  readonly json: string | null;
}

/** A browser's connection to a session. */
export interface ShownConnection {
  readonly node: string;
  readonly transport: string;
  /** In ms since 1970, on that node's clock. */
  readonly since: number;
}

export interface ShownSession extends ListedSession {
  readonly deadline: number | null;
  readonly values: readonly ShownValue[];
  /** This node's, and those of the nodes that tell theirs over the bus. */
  readonly connections: readonly ShownConnection[];
}

/** Something that happened to a session while it was looked at. */
export interface Happening {
  readonly at: number;
  readonly version: number | null;
  readonly what: "changed" | "stale" | "live" | "expiring" | "extended" | "ended";
  /** Names of the keys that were written and removed. */
  readonly put: readonly string[];
  readonly removed: readonly string[];
  /** Why it ended. */
  readonly reason: string | null;
}
