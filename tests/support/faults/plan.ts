// What is to happen in a run, all of it made from the seed before anything starts.

import type { EngineName } from "./drivers.ts";
import { Random } from "./random.ts";

export const NODES = 3;
/** How long faults strike and writers write, in ms. */
export const STORM_MS = 4_000;

/** The way from a node to the engine, or from clients to a node. */
export type Side = "engine" | "clients";

/**
 * `held`: half-open. Connections stay, new ones are taken, nothing passes, and nobody is told. `answers lost`: what is sent
 * arrives and is done, and before the answers come the connections are reset.
 */
export type Deed =
  | { readonly kind: "engine killed" | "engine paused" | "file locked" }
  | { readonly kind: "link cut" | "link delayed" | "answers lost"; readonly node: number; readonly side: Side }
  | { readonly kind: "link held"; readonly node: number; readonly side: Side; readonly lifted: "goes on" | "is reset" }
  /** `returns`: another process takes its place after the time, or its place stays empty. */
  | { readonly kind: "node killed"; readonly node: number; readonly returns: boolean }
  | { readonly kind: "node paused"; readonly node: number }
  | { readonly kind: "clock jumps"; readonly node: number; readonly by: number };

export type Fault = Deed & {
  /** When it strikes and when it is lifted, in ms from the start of the storm. */
  readonly from: number;
  readonly to: number;
};

export interface Plan {
  readonly engine: EngineName;
  readonly seed: number;
  /** Which of the engine's client libraries the nodes use. */
  readonly client: number;
  /** By how much the clock of each node is off at its start, in ms. */
  readonly skews: readonly number[];
  readonly faults: readonly Fault[];
}

/** A minute, either way. */
const SKEW_MS = 60_000;

export function planOf(engine: EngineName, seed: number): Plan {
  const random = new Random(seed);
  // The processes on one SQLite file are on one machine, so they have one clock.
  const skewed = engine !== "sqlite";
  const [off, ...others] = random.shuffled([-SKEW_MS, SKEW_MS, random.int(-SKEW_MS, SKEW_MS)]);
  const skews = skewed ? [off as number, ...others] : [0, 0, 0];
  return { engine, seed, client: seed, skews, faults: faultsOf(random, engine) };
}

/** In each run the engine fails and a node dies; what else there is, and when and where, is chance. */
function faultsOf(random: Random, engine: EngineName): Fault[] {
  const node = () => random.int(0, NODES - 1);
  const clients = (): Side => "clients";
  const either = (): Side => random.pick(["engine", "engine", "clients"]);
  const side = engine === "sqlite" ? clients : either;
  const cut = (): Deed => ({ kind: "link cut", node: node(), side: side() });
  const held = (): Deed => ({
    kind: "link held",
    node: node(),
    side: side(),
    lifted: random.pick(["goes on", "is reset"]),
  });
  const answers = (at = side()): Deed => ({ kind: "answers lost", node: node(), side: at });
  const delayed = (): Deed => ({ kind: "link delayed", node: node(), side: side() });
  const nodePaused = (): Deed => ({ kind: "node paused", node: node() });
  // The NATS client waits by the clock before it connects again: set back by a minute, it waits for a minute.
  const jumpsBy = engine === "nats" ? [SKEW_MS] : [-SKEW_MS, SKEW_MS];
  const jumps = (): Deed => ({ kind: "clock jumps", node: node(), by: random.pick(jumpsBy) });
  const dead = node();
  const killed = (returns: boolean, at: number): Deed => ({ kind: "node killed", node: at, returns });
  const locked = (): Deed => ({ kind: "file locked" });
  const engineKilled = (): Deed => ({ kind: "engine killed" });
  const enginePaused = (): Deed => ({ kind: "engine paused" });

  if (engine === "sqlite") {
    const always = [killed(random.chance(50), dead), locked(), answers()];
    const other = killed(true, (dead + random.int(1, NODES - 1)) % NODES);
    const more = random.shuffled([locked, held, delayed, nodePaused, nodePaused, cut]).slice(0, 3);
    return inTime(random, [...always, other, ...more.map((make) => make())]);
  }
  const always = [killed(random.chance(50), dead), engineKilled(), held(), answers("engine")];
  const more = random
    .shuffled([engineKilled, enginePaused, held, delayed, nodePaused, jumps, cut, answers])
    .slice(0, 4);
  return inTime(random, [...always, ...more.map((make) => make())]);
}

/** Gives each its time. Two that strike the same place come one after the other; for the last there may be no room. */
function inTime(random: Random, deeds: readonly Deed[]): Fault[] {
  const faults: Fault[] = [];
  for (const deed of deeds) {
    for (let attempt = 0; attempt < 50; attempt++) {
      const from = random.int(200, STORM_MS - 1_200);
      const to = from + lengthOf(random, deed);
      const place = placeOf(deed);
      const free = faults.every((other) => placeOf(other) !== place || other.to + 200 < from || to + 200 < other.from);
      if (!free) continue;
      faults.push({ ...deed, from, to });
      break;
    }
  }
  return faults.sort((one, other) => one.from - other.from);
}

function lengthOf(random: Random, { kind }: Deed): number {
  switch (kind) {
    case "link cut":
    case "clock jumps":
      return 0;
    case "answers lost":
      return random.int(50, 400);
    case "file locked":
      return random.int(1_000, 3_000);
    case "link held":
      return random.int(500, 2_500);
    default:
      return random.int(300, 1_500);
  }
}

/** What a fault strikes. */
export function placeOf(deed: Deed): string {
  if (!("node" in deed)) return "engine";
  if ("side" in deed) return `${deed.side} of ${deed.node}`;
  return `node ${deed.node}`;
}

/** A line for each fault. */
export function planText({ engine, seed, skews, faults }: Plan, client: string): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const lines = faults.map((fault) => {
    const { from, to, kind, ...rest } = fault;
    const how = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
    return `  ${seconds(from)}: ${[kind, ...how].join(", ")}${to > from ? `, for ${seconds(to - from)}` : ""}`;
  });
  const clocks = skews.some((skew) => skew !== 0) ? `; clocks off by ${skews.map(seconds).join(", ")}` : "";
  return [`${engine}, seed ${seed}, with ${client}${clocks}`, ...lines].join("\n");
}
