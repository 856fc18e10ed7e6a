// One node of the cluster: the shop in a process of its own. cluster.ts starts it, and is told its port.

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { openShop } from "../shop/shop.ts";
import { openEngine } from "./engine.ts";

const engine = await openEngine(process.env).catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
const { store, bus } = engine;
const { SESSION_SECRET, DASHBOARD_TOKEN, NODE } = process.env as Record<string, string>;
const shop = await openShop({ store, bus, secret: SESSION_SECRET as string, node: `Node ${NODE}`, mayLook });

/** Whoever has the URL that cluster.ts printed: /admin/sessions/<token>/. The shop says where it is mounted. */
function mayLook({ url = "" }: IncomingMessage): boolean {
  const digest = (text = "") => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(url.split("/")[1]), digest(DASHBOARD_TOKEN));
}

shop.server.listen(0, "127.0.0.1", () => {
  const { port } = shop.server.address() as { port: number };
  process.send?.(port);
});

let closing = false;
async function close(): Promise<void> {
  if (closing) return;
  closing = true;
  await shop.close();
  await engine.close();
  process.exit(0);
}
process.on("SIGTERM", close);
process.on("SIGINT", () => {}); // a terminal's Ctrl+C reaches everyone; cluster.ts then says SIGTERM
process.on("disconnect", close); // a node does not outlive its cluster
