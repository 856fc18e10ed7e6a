// A process with the browsers' ends of live views: loads a page for each, joins over a WebSocket, and counts diffs.

import { WebSocket } from "ws";
import { obey, sharedNow } from "./processes.ts";

export interface ClientOrder {
  /** Where to; comes first. */
  readonly url?: string;
  readonly cookie?: string;
  /** Opens so many more. */
  readonly open?: number;
  /** Counts diffs from now on, up to so many. */
  readonly count?: number;
  /** Answers when all of these have come, with when the last one did, on the clock that all processes share, in ms. */
  readonly counted?: true;
  readonly close?: true;
}

/** Joins that are under way at a time. */
const WIDTH = 20;

let url = "";
let cookie = "";
let diffCame = () => {};
let counted: Promise<number> = Promise.resolve(0);
const sockets: WebSocket[] = [];

async function join(): Promise<void> {
  const page = await (await fetch(url, { headers: { cookie } })).text();
  const found = (pattern: RegExp) => pattern.exec(page)?.[1] ?? "";
  const topic = `lv:${found(/id="([^"]*)"/)}`;
  const params = { _csrf_token: found(/meta content="([^"]*)"/), _mounts: 0 };
  const payload = { url: `${url}/`, session: found(/data-phx-session="([^"]*)"/), params };
  const address = `${url.replace("http", "ws")}/live/websocket?vsn=2.0.0`;
  const socket = new WebSocket(address, { headers: { cookie, origin: url }, perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.on("open", () => socket.send(JSON.stringify(["1", "1", topic, "phx_join", payload])));
    socket.on("error", reject);
    socket.on("message", (data) => {
      const text = String(data);
      if (text.includes('"diff",{')) diffCame();
      else if (text.includes('"status":"ok"')) resolve();
      else reject(new Error(text.slice(0, 200)));
    });
  });
  sockets.push(socket);
}

async function open(count: number): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await join();
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, count) }, lane));
}

/** Resolves to when the last one came. */
function countDiffs(count: number): Promise<number> {
  let missing = count;
  return new Promise((resolve) => {
    diffCame = () => --missing === 0 && resolve(sharedNow());
  });
}

obey(null, async (order: ClientOrder) => {
  if (order.url !== undefined) url = order.url;
  if (order.cookie !== undefined) cookie = order.cookie;
  if (order.open) await open(order.open);
  if (order.count) counted = countDiffs(order.count);
  if (order.close) for (const socket of sockets.splice(0)) socket.close();
  return order.counted ? counted : undefined;
});
