// What it costs to free what expired: 10,000 sessions among so many that live on.

import { setTimeout } from "node:timers/promises";
import type { Case } from "../report/results.ts";
import { caseOf, inTurns, type Row, type Samples } from "../support/measure.ts";
import { type StoreServer, withStores } from "../support/store-servers.ts";

const EXPIRED = 10_000;
const LIVING = [100_000, 1_000_000];
const MAX_AGE_MS = 500;
const ROUNDS = 4;

/** Those that expire are new in each round: ours does not let an id that is over be used again. */
let next = Math.max(...LIVING);

async function sweep({ name, ask }: StoreServer, living: number): Promise<number> {
  const from = next;
  next += EXPIRED;
  await ask({ do: "fill", from, to: next, maxAge: MAX_AGE_MS });
  await setTimeout(MAX_AGE_MS + 100);
  const { ms, left } = await ask<{ ms: number; left: number }>({ do: "sweep" });
  if (left !== living) throw new Error(`${name} has ${left} sessions left of ${living}.`);
  return ms;
}

function sweeps(living: number): Promise<Samples<number>> {
  return withStores(["live-session", "memorystore"], async (servers) => {
    await Promise.all(servers.map(({ ask }) => ask({ do: "fill", from: 0, to: living })));
    const sides = servers.map((server) => ({ name: server.name, measure: () => sweep(server, living) }));
    return inTurns(sides, { rounds: ROUNDS });
  });
}

export const row: Row = {
  group: "Memory store",
  title: "sweep of 10,000 expired sessions",
  about:
    "10,000 sessions whose time is up, among 100,000 and among a million that live on: `sweep` of the memory store, and " +
    "`prune` of memorystore, which looks at each session there is. express-session's MemoryStore has none.",
  async *run(): AsyncGenerator<Case> {
    const [small, large] = [await sweeps(LIVING[0]!), await sweeps(LIVING[1]!)];
    yield caseOf({
      name: "among 1,000,000",
      unit: "ms",
      better: "less",
      samples: large,
      ours: "live-session",
      beside: { memorystore: { kind: "peer", goal: { atMost: 1 / 50 } } },
    });
    const own = { "among 1,000,000": large["live-session"]!, "among 100,000": small["live-session"]! };
    yield caseOf({
      name: "ours, as the table grows tenfold",
      unit: "ms",
      better: "less",
      samples: own,
      ours: "among 1,000,000",
      beside: { "among 100,000": { kind: "limit", goal: { atMost: 1.5 } } },
    });
  },
};
