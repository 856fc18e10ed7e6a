// A thousand live views of one session over real WebSockets, whose other ends are in a process of their own.

import type { Case } from "../report/results.ts";
import type { ClientOrder } from "../support/liveview-clients.ts";
import type { Put, ServerOrder } from "../support/liveview-server.ts";
import { caseOf, inTurns, pick, type Row } from "../support/measure.ts";
import { type BenchProcess, type Memory, memoryEach, startProcess } from "../support/processes.ts";

const VIEWS = 1_000;
const JOINS = 6;

interface Both {
  server<Answer = Memory & { views: number }>(order: ServerOrder): Promise<Answer>;
  clients<Answer = void>(order: ClientOrder): Promise<Answer>;
}

async function* withBoth<T>(run: (both: Both) => AsyncIterable<T>): AsyncGenerator<T> {
  const processes: BenchProcess[] = [];
  try {
    const server = await startProcess<{ url: string; cookie: string }>("liveview-server.ts");
    processes.push(server);
    const clients = await startProcess("liveview-clients.ts");
    processes.push(clients);
    await clients.ask(server.ready);
    yield* run({ server: (order) => server.ask(order), clients: (order) => clients.ask(order) });
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
  }
}

/** From a put to the last diff written, and to the last client that has it. */
async function put({ server, clients }: Both, count: number): Promise<{ written: number; received: number }> {
  await clients({ count });
  const { began, written } = await server<Put>("put");
  const last = await clients<number>({ counted: true });
  return { written: written - began, received: last - began };
}

async function* puts(both: Both, count: number): AsyncGenerator<Case> {
  const name = "live view";
  const samples = await inTurns([{ name, measure: () => put(both, count) }], { rounds: 21 });
  const views = count === 1 ? "one view" : `${count.toLocaleString("en")} views`;
  const about = { unit: "ms", better: "less", ours: name } as const;
  yield caseOf({
    ...about,
    name: `put to the last diff written, ${views}`,
    samples: pick(samples, (at) => at.written),
  });
  yield caseOf({
    ...about,
    name: `put to the last client has it, ${views}`,
    samples: pick(samples, (at) => at.received),
  });
}

async function* measure(both: Both): AsyncGenerator<Case> {
  const { server, clients } = both;
  await clients({ open: 1 });
  yield* puts(both, 1);
  await clients({ close: true });
  const before = await server("left");
  const each: Memory[] = [];
  const left: number[] = [];
  for (let round = 0; round < JOINS; round++) {
    await clients({ open: VIEWS });
    const joined = await server("memory");
    if (joined.views !== VIEWS) throw new Error(`Only ${joined.views} views are joined.`);
    each.push(memoryEach(before, joined, VIEWS));
    if (round === 0) yield* puts(both, VIEWS);
    await clients({ close: true });
    left.push((await server("left")).heap);
  }
  const about = { unit: "bytes a view", better: "less", ours: "live view" } as const;
  yield caseOf({
    ...about,
    name: "heap, its WebSocket included",
    samples: { "live view": each.map(({ heap }) => heap) },
  });
  const round = (index: number) => [left[index] ?? Number.NaN];
  const samples = { "after the last round": round(JOINS - 1), "after the second": round(1) };
  yield caseOf({
    name: `heap once ${VIEWS.toLocaleString("en")} views have joined and left, ${JOINS} rounds`,
    unit: "bytes",
    better: "less",
    samples,
    ours: "after the last round",
    beside: { "after the second": { kind: "limit", goal: { atMost: 1.05 } } },
  });
}

export const row: Row = {
  group: "Live views",
  title: "a thousand live views of one session",
  about:
    "Each with a cart of 10 rows and a WebSocket of its own, whose other end is in a second process. A diff counts as written " +
    "when the operating system has it and our process was told so, which may be after the client got it.",
  run: () => withBoth(measure),
};
