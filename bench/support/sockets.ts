// A process with the server's ends of WebSockets, and one with the browsers'.

import { type BenchProcess, startProcess } from "./processes.ts";
import type { ClientOrder } from "./socket-clients.ts";
import type { SocketOrder, SocketServer } from "./socket-server.ts";

export interface Sockets {
  readonly server: <Answer = void>(order: SocketOrder) => Promise<Answer>;
  readonly clients: <Answer = void>(order: ClientOrder) => Promise<Answer>;
  /** Opens so many connections, shared out among the sessions. */
  readonly open: (count: number) => Promise<void>;
}

/** Runs with both of them, and ends them. */
export async function withSockets<T>(
  kind: "raw" | "live",
  sessions: number,
  run: (sockets: Sockets) => Promise<T>,
): Promise<T> {
  const processes: BenchProcess[] = [];
  try {
    const server = await startProcess<SocketServer>("socket-server.ts", { arguments: [kind, `${sessions}`] });
    processes.push(server);
    const clients = await startProcess("socket-clients.ts");
    processes.push(clients);
    const { port, cookies } = server.ready;
    return await run({
      server: (order) => server.ask(order),
      clients: (order) => clients.ask(order),
      async open(count) {
        await clients.ask({ do: "open", url: `ws://127.0.0.1:${port}/live`, count, cookies });
        const held = await server.ask<number>({ do: "connections" });
        if (held !== count) throw new Error(`${held} of ${count} connections are open.`);
      },
    });
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
  }
}
