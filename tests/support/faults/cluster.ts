// The nodes of a run behind links, struck by faults.

import { setTimeout as sleep } from "node:timers/promises";
import Libsql from "libsql";
import { until } from "../servers/redis.ts";
import type { Engine } from "./engines.ts";
import { Link } from "./link.ts";
import { NodeProcess } from "./node.ts";
import { type Fault, NODES, type Plan, placeOf, type Side } from "./plan.ts";

/** The place of a node: its links stay while processes come and go. */
interface Seat {
  node: NodeProcess | null;
  readonly links: { readonly [S in Side]: Link };
  clock: number;
}

export interface ClusterOptions {
  readonly plan: Plan;
  readonly engine: Engine;
  /** The run's prefix, table, bucket or file. */
  readonly name: string;
  readonly note: (words: string) => void;
  /** Told of what must not be. */
  readonly wrong: (words: string) => void;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #seats: readonly Seat[];
  #turn = 0;

  private constructor(options: ClusterOptions, seats: readonly Seat[]) {
    this.#options = options;
    this.#seats = seats;
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { engine, plan } = options;
    const seats = await Promise.all(
      Array.from({ length: NODES }, async (_, index): Promise<Seat> => {
        const links = {
          engine: await Link.open(() => engine.port),
          clients: await Link.open(() => seats[index]?.node?.port ?? null),
        };
        return { node: null, links, clock: plan.skews[index] as number };
      }),
    );
    const cluster = new Cluster(options, seats);
    await Promise.all(seats.map((_, index) => cluster.#startNode(index)));
    return cluster;
  }

  /** Nodes with a process, by their numbers. */
  get alive(): { readonly index: number; readonly node: NodeProcess }[] {
    return this.#seats.flatMap(({ node }, index) => (node ? [{ index, node }] : []));
  }

  /** Where the next connection goes: as a load balancer would, to each node in turn that has a process. */
  next(): { readonly node: number; readonly port: number } {
    const up = this.alive;
    const { index } = up[this.#turn++ % up.length] as (typeof up)[number];
    return { node: index, port: (this.#seats[index] as Seat).links.clients.port };
  }

  /** Strikes with each fault at its time, and lifts it. Resolves when all are lifted. */
  async suffer(faults: readonly Fault[]): Promise<void> {
    const start = performance.now();
    const places = [...new Set(faults.map(placeOf))];
    await Promise.all(
      places.map((place) =>
        this.#sufferAt(
          faults.filter((fault) => placeOf(fault) === place),
          start,
        ),
      ),
    );
  }

  /** At one place, one after the other: a server that takes longer to start again is not killed meanwhile. */
  async #sufferAt(faults: readonly Fault[], start: number): Promise<void> {
    for (const fault of faults) {
      const where = "node" in fault ? `, node ${fault.node}` : "";
      await sleep(Math.max(start + fault.from - performance.now(), 0));
      this.#options.note(`${fault.kind}${where}`);
      const lift = await this.#strike(fault, fault.to - fault.from);
      if (!lift) continue;
      await sleep(fault.to - fault.from);
      await lift();
      this.#options.note(`lifted: ${fault.kind}${where}`);
    }
  }

  async #strike(fault: Fault, ms: number): Promise<(() => unknown) | undefined> {
    const { engine } = this.#options;
    switch (fault.kind) {
      case "engine killed":
        await engine.kill();
        return () => engine.start();
      case "engine paused":
        engine.pause();
        return () => engine.resume();
      case "file locked":
        await this.#lock(ms);
        return undefined;
      case "link cut":
        this.#link(fault).cut();
        return undefined;
      case "link delayed": {
        const link = this.#link(fault);
        link.delayMs = 100;
        return () => {
          link.delayMs = 0;
        };
      }
      case "link held": {
        const link = this.#link(fault);
        link.hold("all");
        return () => {
          if (fault.lifted === "is reset") link.cut();
          link.goOn();
        };
      }
      case "answers lost": {
        const link = this.#link(fault);
        link.hold("answers");
        return () => {
          link.cut();
          link.goOn();
        };
      }
      case "node killed": {
        const seat = this.#seats[fault.node] as Seat;
        const { node } = seat;
        seat.node = null;
        await node?.kill();
        return fault.returns ? () => this.#startNode(fault.node) : undefined;
      }
      case "node paused": {
        const { node } = this.#seats[fault.node] as Seat;
        node?.pause();
        return () => node?.resume();
      }
      case "clock jumps": {
        const seat = this.#seats[fault.node] as Seat;
        seat.clock += fault.by;
        seat.node?.jump(fault.by);
        return undefined;
      }
    }
  }

  #link({ node, side }: { readonly node: number; readonly side: Side }): Link {
    return (this.#seats[node] as Seat).links[side];
  }

  /** Another process holds SQLite's write lock for the time. */
  async #lock(ms: number): Promise<void> {
    const database = new Libsql(this.#options.name);
    try {
      database.exec("PRAGMA busy_timeout = 0");
      await until(() => {
        try {
          database.exec("BEGIN IMMEDIATE");
          return true;
        } catch {
          return false;
        }
      }, "the lock of the file");
      await sleep(ms);
      database.exec("ROLLBACK");
    } finally {
      database.close();
    }
  }

  async #startNode(index: number): Promise<void> {
    const { plan, engine, name, wrong } = this.#options;
    const seat = this.#seats[index] as Seat;
    const { port } = seat.links.engine;
    const place = { engine: plan.engine, client: plan.client, port, name, password: engine.password };
    const { lifetime, checkInterval } = engine;
    seat.node = await NodeProcess.start({ place, lifetime, checkInterval }, seat.clock, (how) => {
      wrong(`node: node ${index} ended by itself (${how}).`);
      seat.node = null;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#seats.map(({ node }) => node?.kill()));
    await Promise.all(this.#seats.flatMap(({ links }) => [links.engine.close(), links.clients.close()]));
  }
}
