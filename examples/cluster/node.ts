// One node of the cluster: the shop in a process of its own. cluster.ts starts it, and is told its port.

import { openShop } from "../shop/shop.ts";
import { openEngine } from "./engine.ts";

const engine = await openEngine(process.env).catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
const { store, bus } = engine;
const shop = await openShop({ store, bus, secret: process.env.SESSION_SECRET as string });

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
