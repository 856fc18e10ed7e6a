// The shop as `live-session demo` opens it: scripts/build.mjs bundles this file, with all that it needs, into the package.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { openShop, type ShopOptions } from "./shop.ts";

export interface DemoOptions extends Pick<ShopOptions, "store" | "bus"> {
  /** 0 for any that is free. */
  readonly port: number;
}

/** Resolves when it is open; rejects with `EADDRINUSE` if the port is taken. */
export async function openDemo({ port, store, bus }: DemoOptions): Promise<{ url: string; close(): Promise<void> }> {
  const script = readFileSync(new URL("browser.js", import.meta.url), "utf8");
  // Cookies of a demo need not outlive it.
  const shop = await openShop({ store, bus, script, secret: randomBytes(32).toString("base64url") });
  // For this machine alone: whoever tries the demo does not mean to serve it to the network.
  shop.server.listen(port, "localhost");
  await once(shop.server, "listening");
  const { port: taken } = shop.server.address() as { port: number };
  return { url: `http://localhost:${taken}`, close: () => shop.close() };
}
