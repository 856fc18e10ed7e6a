// Each store in a process of its own, together for as long as a row measures them.

import { type BenchProcess, startProcess } from "./processes.ts";
import type { StoreName } from "./session-stores.ts";
import type { StoreOrder } from "./store-server.ts";

export interface StoreServer {
  readonly name: StoreName;
  ask<Answer = void>(order: StoreOrder): Promise<Answer>;
}

export async function withStores<T>(
  names: readonly StoreName[],
  run: (servers: readonly StoreServer[]) => Promise<T>,
): Promise<T> {
  const processes: BenchProcess[] = [];
  try {
    const servers: StoreServer[] = [];
    for (const name of names) {
      const started = await startProcess("store-server.ts", { arguments: [name] });
      processes.push(started);
      servers.push({ name, ask: (order) => started.ask(order) });
    }
    return await run(servers);
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
  }
}
