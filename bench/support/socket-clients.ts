// A process with the browsers' ends of WebSockets.

import { WebSocket } from "ws";
import { obey, sharedNow } from "./processes.ts";

export type ClientOrder =
  /** Opens so many, with these cookies in turn, and answers when each has had an answer to its hello. */
  | { readonly do: "open"; readonly url: string; readonly count: number; readonly cookies: readonly string[] }
  /** From now on, counts messages up to one for each connection. */
  | { readonly do: "count" }
  /** Answers when they have come: when the last one did, and what it was. */
  | { readonly do: "counted" };

export interface Counted {
  /** On the clock that all processes share, in ms. */
  readonly at: number;
  readonly text: string;
}

const WIDTH = 100;

const sockets: WebSocket[] = [];
let missing = 0;
let last = (_data: Buffer) => {};
let counted: Promise<Counted> | undefined;

function onMessage(data: Buffer): void {
  if (--missing === 0) last(data);
}

async function open(url: string, count: number, cookies: readonly string[]): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await connect(url, cookies[next % Math.max(cookies.length, 1)] ?? "", next++);
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
}

function connect(url: string, cookie: string, index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers: { cookie }, perMessageDeflate: false });
    socket.on("open", () => socket.send(JSON.stringify({ t: "hello", v: 1, client: `bench-${index}` })));
    socket.on("error", reject);
    socket.once("message", () => {
      socket.on("message", onMessage);
      sockets.push(socket);
      resolve();
    });
  });
}

function count(): void {
  missing = sockets.length;
  counted = new Promise((resolve) => {
    last = (data) => resolve({ at: sharedNow(), text: data.toString() });
  });
}

obey(null, (order: ClientOrder) => {
  if (order.do === "open") return open(order.url, order.count, order.cookies);
  if (order.do === "count") return count();
  return counted;
});
