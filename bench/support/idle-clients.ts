// A process that opens WebSocket connections and keeps them. Gets `{ url, count, cookies }` by IPC, answers when all are
// open and have had an answer.

import { WebSocket } from "ws";

interface Order {
  readonly url: string;
  readonly count: number;
  readonly cookies: readonly string[];
}

const WIDTH = 100;

process.on("message", async ({ url, count, cookies }: Order) => {
  let next = 0;
  const lane = async () => {
    while (next < count) await connect(url, cookies[next] ?? "", next++);
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
  process.send?.("open");
});

function connect(url: string, cookie: string, index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers: { cookie }, perMessageDeflate: false });
    socket.on("open", () => socket.send(JSON.stringify({ t: "hello", v: 1, client: `bench-${index}` })));
    socket.once("message", () => resolve());
    socket.on("error", reject);
  });
}
