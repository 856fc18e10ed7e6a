// Ownership under concurrency, for any store: whatever happens at once, the index of a principal's sessions says what the
// records say. Random operations run side by side, and afterwards both are compared.

import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { LiveSessionError, type LiveSessions, type PrincipalLimit, type SessionKey, sessionKey } from "live-session";
import { expect } from "vitest";

type Data = Record<string, unknown>;

/** Two nodes on one store, empty or not: each run has principals of its own. */
export interface OwnershipNodes {
  readonly nodes: readonly LiveSessions<Data>[];
  /** Lets this much time pass for the store. */
  advance(ms: number): unknown;
  close(): unknown;
}

export interface OwnershipOptions {
  open(limit: PrincipalLimit | undefined): OwnershipNodes | Promise<OwnershipNodes>;
  readonly runs: number;
}

const PRINCIPALS = ["ada", "bert"] as const;
const SLOTS = 3;
const SHORT_MS = 50;

type Operation =
  | { readonly type: "bind"; readonly slot: number; readonly who: string | null; readonly short: boolean }
  | { readonly type: "put"; readonly slot: number }
  | { readonly type: "regenerate"; readonly slot: number; readonly who: string | null | undefined }
  | { readonly type: "end"; readonly slot: number }
  | { readonly type: "login"; readonly who: string }
  | { readonly type: "end one" | "end others"; readonly slot: number; readonly who: string }
  | { readonly type: "end all"; readonly who: string }
  | { readonly type: "advance" };

const slot = fc.nat({ max: SLOTS - 1 });
const who = fc.constantFrom(...PRINCIPALS);
const whoever = fc.option(who);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("bind" as const), slot, who: whoever, short: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("put" as const), slot }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("regenerate" as const),
      slot,
      who: fc.option(whoever, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("end" as const), slot }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("login" as const), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("end one" as const, "end others" as const), slot, who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("end all" as const), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("advance" as const) }) },
);

const limit: fc.Arbitrary<PrincipalLimit | undefined> = fc.option(
  fc.record({
    max: fc.integer({ min: 1, max: 3 }),
    whenFull: fc.constantFrom("refuse" as const, "end-oldest" as const),
  }),
  { nil: undefined },
);

/** What a call may be refused with when others are faster. */
const refusals = new Set(["session_ended", "unknown_session", "too_many_sessions", "conflict"]);

let runs = 0;

/** Fails with the smallest run found in which a principal's list is not what the records say. */
export async function ownershipHolds({ open, runs: numRuns }: OwnershipOptions): Promise<void> {
  const workers = fc.array(fc.array(operation, { maxLength: 6 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(limit, workers, async (limit, workers) => {
      const nodes = await open(limit);
      try {
        await new Run(nodes, `run ${process.pid} ${++runs}`, limit).go(workers);
      } finally {
        await nodes.close();
      }
    }),
    { numRuns },
  );
}

class Run {
  readonly #nodes: OwnershipNodes;
  readonly #name: string;
  readonly #limit: PrincipalLimit | undefined;
  /** Every id that each browser had, the last of them the one in its cookie. */
  readonly #browsers: string[][] = [];

  constructor(nodes: OwnershipNodes, name: string, limit: PrincipalLimit | undefined) {
    this.#nodes = nodes;
    this.#name = name;
    this.#limit = limit;
  }

  async go(workers: readonly (readonly Operation[])[]): Promise<void> {
    for (let index = 0; index < SLOTS; index++) this.#browsers.push([(await this.#node(index).create({ index })).id]);
    await Promise.all(
      workers.map(async (operations, worker) => {
        for (const each of operations) await this.#unlessRefused(() => this.#do(each, this.#node(worker)));
      }),
    );
    const keys = this.#browsers.flat().map(sessionKey);
    for (const who of PRINCIPALS) await this.#compare(this.#principal(who), keys);
    for (const ids of this.#browsers) {
      const live = await this.#live(ids.map(sessionKey));
      expect(live.length, "live sessions of one browser").toBeLessThanOrEqual(1);
    }
  }

  /** Between the two readings a session can only expire: one that is there in both must be listed. */
  async #compare(principal: string, keys: readonly SessionKey[]): Promise<void> {
    const ofPrincipal = async () => {
      const live = await this.#live(keys);
      return live.filter((each) => each.principal === principal).map(({ key }) => key);
    };
    for (const node of this.#nodes.nodes) {
      const before = await ofPrincipal();
      const listed = (await node.of(principal).list()).map(({ key }) => key);
      const after = await ofPrincipal();
      expect(new Set(listed).size).toBe(listed.length);
      expect(before).toEqual(expect.arrayContaining(listed));
      expect(listed).toEqual(expect.arrayContaining(after));
      if (this.#limit) expect(listed.length).toBeLessThanOrEqual(this.#limit.max);
    }
  }

  async #live(keys: readonly SessionKey[]): Promise<{ key: SessionKey; principal: string | null }[]> {
    const found = await Promise.all(keys.map(async (key) => ({ key, read: await this.#node(0).records.read(key) })));
    return found.flatMap(({ key, read }) => (read.state === "live" ? [{ key, principal: read.record.principal }] : []));
  }

  async #do(operation: Operation, node: LiveSessions<Data>): Promise<unknown> {
    switch (operation.type) {
      case "bind": {
        const { who, short } = operation;
        const lifetime = short ? SHORT_MS : undefined;
        return node.bind(this.#id(operation.slot), who && this.#principal(who), { lifetime, about: { short } });
      }
      case "put": {
        using live = await node.attach(this.#id(operation.slot));
        return live.put("n", Math.random());
      }
      case "regenerate": {
        const { who } = operation;
        const browser = this.#browsers[operation.slot] as string[];
        const principal = who && this.#principal(who);
        return this.#move(browser, () => node.regenerate(this.#id(operation.slot), { principal }));
      }
      case "end":
        return node.end(this.#id(operation.slot));
      case "login": {
        const { id } = await node.create({});
        const browser = [id];
        this.#browsers.push(browser);
        return this.#move(browser, () => node.regenerate(id, { principal: this.#principal(operation.who) }));
      }
      case "end one":
        return node.of(this.#principal(operation.who)).end(sessionKey(this.#id(operation.slot)));
      case "end others":
        return node.of(this.#principal(operation.who)).endOthers(this.#id(operation.slot));
      case "end all":
        return node.of(this.#principal(operation.who)).endAll();
      case "advance":
        return this.#nodes.advance(SHORT_MS / 2);
    }
  }

  async #move(browser: string[], regenerate: () => Promise<string>): Promise<void> {
    browser.push(await regenerate());
  }

  async #unlessRefused(run: () => Promise<unknown>): Promise<void> {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof LiveSessionError) || !refusals.has(error.code)) throw error;
    }
  }

  #node(index: number): LiveSessions<Data> {
    const { nodes } = this.#nodes;
    return nodes[index % nodes.length] as LiveSessions<Data>;
  }

  #id(slot: number): string {
    return this.#browsers[slot]?.at(-1) as string;
  }

  #principal(who: string): string {
    return `${who} of ${this.#name}`;
  }
}

/** Time of a server's own: it passes. */
export const wait = (ms: number): Promise<void> => setTimeout(ms);
