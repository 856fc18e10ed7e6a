// A load balancer in small: each request and each WebSocket goes to the next node, so that no visitor stays with one.

import { createServer, request, type Server } from "node:http";
import { connect, type Socket } from "node:net";

/** `nodes`: the ports of those that are up, asked for each time. */
export function roundRobin(nodes: () => readonly number[]): Server {
  let turn = 0;
  const next = () => {
    const ports = nodes();
    return ports[turn++ % ports.length];
  };

  const server = createServer((incoming, response) => {
    const port = next();
    if (port === undefined) return void response.writeHead(503).end("No node is up.\n");
    const { method, url: path, headers } = incoming;
    const forwarded = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    forwarded.on("error", () => {
      // A node that died: the visitor asks again, and gets another.
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end("That node went away. Please try again.\n");
    });
    incoming.pipe(forwarded);
    response.on("close", () => forwarded.destroy());
  });

  server.on("upgrade", (incoming, visitor: Socket, head) => {
    const port = next();
    if (port === undefined) return void visitor.end("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    const node = connect(port, "127.0.0.1", () => {
      const { method, url, rawHeaders } = incoming;
      const lines = rawHeaders.map((text, index) => text + (index % 2 ? "\r\n" : ": "));
      node.write(`${method} ${url} HTTP/1.1\r\n${lines.join("")}\r\n`);
      node.write(head);
      node.pipe(visitor).pipe(node);
    });
    for (const [one, other] of [
      [node, visitor],
      [visitor, node],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  return server;
}
