// Requests over kept connections, one at a time on each. On bare sockets: node:http's client costs about as much as the
// servers do, and would be what is measured.

import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Load {
  readonly port: number;
  readonly path: string;
  /** A `cookie` header for each session; requests take turns with them. */
  readonly cookies: readonly string[];
  readonly connections: number;
  readonly ms: number;
}

/** Requests a second. Throws at an answer other than 200. */
export async function load({ port, path, cookies, connections, ms }: Load): Promise<number> {
  const requests = cookies.map((cookie) =>
    Buffer.from(`GET ${path} HTTP/1.1\r\nhost: bench\r\ncookie: ${cookie}\r\n\r\n`),
  );
  const sockets = await Promise.all(Array.from({ length: connections }, () => connected(port)));
  const start = performance.now();
  let sent = 0;
  let done = 0;
  const ask = async (socket: Socket) => {
    const answers = answersOf(socket);
    while (performance.now() - start < ms) {
      socket.write(requests[sent++ % requests.length]!);
      await answers();
      done++;
    }
  };
  try {
    await Promise.all(sockets.map(ask));
    return (1000 * done) / (performance.now() - start);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").setNoDelay().setEncoding("latin1");
  await once(socket, "connect");
  return socket;
}

/** Gives a function that resolves when the next answer is there in full. */
function answersOf(socket: Socket): () => Promise<void> {
  let text = "";
  let waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;
  socket.on("data", (part: string) => {
    text += part;
    if (!isWhole(text)) return;
    if (text.startsWith("HTTP/1.1 200 ")) waiting?.resolve();
    else waiting?.reject(new Error(`The server answered ${text.slice(0, 200)}`));
    text = "";
  });
  socket.on("error", (error) => waiting?.reject(error));
  socket.on("close", () => waiting?.reject(new Error("The server closed a connection.")));
  return () => new Promise((resolve, reject) => (waiting = { resolve, reject }));
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head));
  return length ? text.length >= head + 4 + Number(length[1]) : text.endsWith("\r\n0\r\n\r\n");
}
