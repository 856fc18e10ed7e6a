// Upgrade requests of an HTTP server, shared out by path among those who wait for one.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { badOption } from "./options.ts";

export type AnyServer = Server<typeof IncomingMessage, typeof ServerResponse> | SecureServer;
export type UpgradeHandler = (request: IncomingMessage, stream: Duplex, head: Buffer) => void;

interface Router {
  readonly paths: Map<string, UpgradeHandler>;
  readonly listener: UpgradeHandler;
}

const routers = new WeakMap<AnyServer, Router>();

/**
 * Has the handler called for upgrades of this path. Those of other paths are left to the server's other listeners;
 * if it has none, they are answered with 404, or they would hang for ever.
 *
 * @returns the function that ends it
 * @throws LiveSessionError `bad_option`
 */
export function onUpgrade(server: AnyServer, path: string, handler: UpgradeHandler): () => void {
  const { paths, listener } = routers.get(server) ?? newRouter(server);
  if (paths.has(path)) throw badOption(`path: ${path} is taken on this server.`);
  paths.set(path, handler);
  return () => {
    if (paths.get(path) !== handler) return;
    paths.delete(path);
    if (paths.size > 0) return;
    server.removeListener("upgrade", listener);
    routers.delete(server);
  };
}

function newRouter(server: AnyServer): Router {
  const paths = new Map<string, UpgradeHandler>();
  const listener: UpgradeHandler = (request, stream, head) => {
    const handler = paths.get(pathOf(request.url));
    if (handler) return handler(request, stream, head);
    if (server.listenerCount("upgrade") === 1) refuseUpgrade(stream, 404);
  };
  server.on("upgrade", listener);
  const router = { paths, listener };
  routers.set(server, router);
  return router;
}

function pathOf(url = "/"): string {
  return url.split("?", 1)[0] as string;
}

/** Answers an upgrade request with an HTTP error and closes its connection. */
export function refuseUpgrade(stream: Duplex, status: number, headers: Readonly<Record<string, string>> = {}): void {
  stream.on("error", () => stream.destroy());
  const text = STATUS_CODES[status] ?? "";
  const head = [
    `HTTP/1.1 ${status} ${text}`,
    "Connection: close",
    "Content-Type: text/plain",
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  stream.once("finish", () => stream.destroy());
  stream.end(`${head.join("\r\n")}\r\n\r\n${text}`);
}
