// What an idle connection costs: 5,000 WebSockets in one node, each attached to a session of its own, beside as many that
// the ws package alone holds. Each side is a process of its own; the connections come from another.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { count } from "./support/compare.ts";

const CONNECTIONS = 5_000;
const ROUNDS = 3;

interface Memory {
  readonly heap: number;
  readonly rss: number;
  readonly open: number;
}

export async function run(): Promise<void> {
  const figures: Record<"raw" | "live", Memory[]> = { raw: [], live: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of ["raw", "live"] as const) figures[kind].push(await measure(kind));
  }
  console.log(`\n  ${count(CONNECTIONS)} idle connections, bytes each (median of ${ROUNDS}; lowest to highest)`);
  const [raw, live] = [figures.raw, figures.live].map((all) => ({
    heap: spread(all.map(({ heap }) => heap)),
    rss: spread(all.map(({ rss }) => rss)),
  }));
  for (const [name, each] of Object.entries({ "ws alone": raw, "live-session/ws": live })) {
    if (each) console.log(`    ${name.padEnd(18)} heap ${shown(each.heap)}   resident ${shown(each.rss)}`);
  }
  if (raw && live) {
    const more = { heap: live.heap.median - raw.heap.median, rss: live.rss.median - raw.rss.median };
    console.log(`    on top             heap ${count(more.heap)}   resident ${count(more.rss)}`);
  }
}

async function measure(kind: "raw" | "live"): Promise<Memory> {
  const [server, clients] = [start("idle-server.ts", kind, String(CONNECTIONS)), start("idle-clients.ts")];
  try {
    const [{ port, cookies }] = (await once(server, "message")) as [{ port: number; cookies: string[] }];
    const before = await ask(server);
    clients.send({ url: `ws://127.0.0.1:${port}/live`, count: CONNECTIONS, cookies });
    await once(clients, "message");
    const after = await ask(server);
    if (after.open !== CONNECTIONS) throw new Error(`Only ${after.open} connections are open.`);
    const each = (key: "heap" | "rss") => (after[key] - before[key]) / CONNECTIONS;
    return { heap: each("heap"), rss: each("rss"), open: after.open };
  } finally {
    server.kill("SIGKILL");
    clients.kill("SIGKILL");
  }
}

function start(file: string, ...parameters: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`support/${file}`, import.meta.url));
  return fork(path, parameters, { execArgv: ["--expose-gc", "--import", "tsx"] });
}

async function ask(server: ChildProcess): Promise<Memory> {
  server.send("measure");
  const [{ memory }] = (await once(server, "message")) as [{ memory: Memory }];
  return memory;
}

function spread(values: number[]) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { median: at(Math.floor(sorted.length / 2)), low: at(0), high: at(sorted.length - 1) };
}

function shown({ median, low, high }: ReturnType<typeof spread>): string {
  return `${count(median).padStart(7)} (${count(low)} to ${count(high)})`;
}
