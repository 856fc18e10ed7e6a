// What a run did and saw, for the checks to judge and for whoever looks into a failure.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../repository.ts";
import type { Plan } from "./plan.ts";
import type { Data, Slot } from "./sessions.ts";

/**
 * `refused`: the answer says that it was not done. `unknown`: no answer, or one that leaves it open, so it may have been
 * done, or may still be.
 */
export type Outcome = "pending" | "done" | "refused" | "unknown";

export interface Write {
  readonly op: string;
  /** Of the session that it was sent to. */
  readonly session: number;
  readonly via: "socket" | "request";
  readonly what: { readonly kind: "add" } | { readonly kind: "put"; readonly slot: Slot; readonly n: number };
  readonly at: number;
  until?: number;
  outcome: Outcome;
  /** The code of the error that it was answered with. */
  code?: string;
}

/** A session that somebody got, whatever became of it. */
export interface KnownSession {
  readonly number: number;
  readonly id: string;
  readonly user: string;
  /** The session whose data it took over, if it is that one under a new id. */
  readonly from: number | null;
  /** Whether its end was asked for (`maybe`: by something whose outcome is not known), and when. */
  end: "none" | "maybe" | "done";
  endedBy?: string;
  endAt?: number;
}

/** A live connection: a client of the library, over all its sockets. */
export interface Tab {
  readonly number: number;
  readonly session: number;
  /** Every change of what it shows: version and status, with the time. */
  readonly seen: { readonly at: number; readonly version: number | undefined; readonly status: string }[];
  /** The versions that came over each of its sockets, and from which node. */
  readonly sockets: { readonly at: number; readonly node: number; readonly versions: number[] }[];
}

/** What was found at the end. */
export interface Final {
  readonly sessions: readonly { readonly session: number; readonly state: string; readonly data: Data | null }[];
  /** What each node that lives says of ended sessions. */
  readonly answers: readonly {
    readonly session: number;
    readonly node: number;
    readonly how: string;
    readonly answer: string;
  }[];
}

export interface History {
  readonly plan: Plan;
  readonly notes: { readonly at: number; readonly note: string }[];
  readonly sessions: KnownSession[];
  readonly writes: Write[];
  readonly tabs: Tab[];
  /** What was seen to be wrong while it happened. */
  readonly wrong: string[];
  final: Final | null;
  /** The last that each living node reported to `onError`. */
  reports: readonly { readonly node: number; readonly reports: unknown }[];
}

/** Writes it where it is kept; gives the path. */
export function save(history: History, failures: readonly string[]): string {
  const folder = join(root, "build/fault-histories");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${history.plan.engine}-seed-${history.plan.seed}.json`);
  writeFileSync(path, `${JSON.stringify({ failures, ...history }, null, 1)}\n`);
  return path;
}
