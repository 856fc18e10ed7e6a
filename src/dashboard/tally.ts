// Counts what the hub tells, second by second, while somebody looks.

import { observe } from "../core/diagnostics.ts";
import type { Hub } from "./options.ts";
import { type Figures, type LatencyName, latencyBounds, latencyNames, type RateName, rateNames } from "./wire.ts";

/** Latencies are shown of the last so many seconds. */
const LATENCY_SECONDS = 60;

type Counts<Name extends string, Value> = Record<Name, Value>;

export class Tally {
  #rates = zeros();
  #latency = noTimes();
  readonly #seconds: Counts<LatencyName, number[]>[] = [];
  readonly #stop: () => void;

  constructor(sessions: Hub) {
    const count = (name: RateName, by = 1) => {
      this.#rates[name] += by;
    };
    const time = (name: LatencyName, ms: number) => {
      const bound = latencyBounds.findIndex((each) => ms <= each);
      const bucket = bound === -1 ? latencyBounds.length : bound;
      this.#latency[name][bucket] = (this.#latency[name][bucket] ?? 0) + 1;
    };
    this.#stop = observe(sessions, {
      commit: ({ duration, outcome }) => {
        if (outcome === "ok") count("commits");
        time("commit", duration);
      },
      read: ({ duration }) => {
        count("reads");
        time("read", duration);
      },
      end: ({ outcome }) => outcome === "ok" && count("ends"),
      received: () => count("received"),
      delivered: ({ handles, duration }) => {
        count("delivered", handles);
        time("delivery", duration);
      },
      conflict: () => count("conflicts"),
      resync: () => count("resyncs"),
      error: () => count("errors"),
    });
  }

  /** What happened since the last call, `elapsed` ms ago, as so much a second; latencies over the last minute. */
  take(elapsed: number): Pick<Figures, "rates" | "latency"> {
    const rates = zeros();
    for (const name of rateNames) rates[name] = Math.round((this.#rates[name] * 10_000) / Math.max(elapsed, 1)) / 10;
    this.#seconds.push(this.#latency);
    if (this.#seconds.length > LATENCY_SECONDS) this.#seconds.shift();
    this.#rates = zeros();
    this.#latency = noTimes();
    const latency = noTimes();
    for (const name of latencyNames) {
      latency[name] = latency[name].map((_none, at) =>
        this.#seconds.reduce((sum, second) => sum + (second[name][at] ?? 0), 0),
      );
    }
    return { rates, latency };
  }

  stop(): void {
    this.#stop();
  }
}

function zeros(): Counts<RateName, number> {
  return Object.fromEntries(rateNames.map((name) => [name, 0])) as Counts<RateName, number>;
}

function noTimes(): Counts<LatencyName, number[]> {
  const none = () => new Array<number>(latencyBounds.length + 1).fill(0);
  return Object.fromEntries(latencyNames.map((name) => [name, none()])) as Counts<LatencyName, number[]>;
}
