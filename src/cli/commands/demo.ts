// `live-session demo`: the shop, which the build puts beside the command with all that it needs.

import { existsSync } from "node:fs";
import type { SessionBus } from "../../core/bus.ts";
import type { SessionStore } from "../../core/store.ts";
import { CliError, type ExitCode, exitCodes } from "../failures.ts";
import { DEFAULT_RETENTION, wholeNumber } from "../numbers.ts";
import { outputOf } from "../output.ts";
import { interrupted, whyNotServed } from "../serving.ts";
import { openEngine, type StoreOptions } from "../stores/open.ts";

export interface DemoOptions extends StoreOptions {
  readonly port?: string;
  readonly json?: boolean;
}

/** examples/shop/demo.ts, as it is built. */
interface Demo {
  openDemo(options: {
    readonly port: number;
    readonly store?: SessionStore;
    readonly bus?: SessionBus;
  }): Promise<{ readonly url: string; close(): Promise<void> }>;
}

/** Runs until it is interrupted. Without a store the baskets are in memory. */
export async function demo(options: DemoOptions): Promise<ExitCode> {
  const output = outputOf(options);
  const port = wholeNumber(options.port ?? process.env.PORT ?? "3000", "--port", 0, 65_535);
  const stopped = interrupted();
  const hasStore = options.store !== undefined || Boolean(process.env.LIVE_SESSION_STORE);
  const engine = hasStore ? await openEngine(options, { create: true }) : null;
  try {
    const sessions = await engine?.sessions({ retention: DEFAULT_RETENTION, create: true });
    const shop = await (await built()).openDemo({ port, ...sessions });
    output.result({ url: shop.url }, () => greeting(shop.url, hasStore));
    await stopped;
    await shop.close();
  } catch (error) {
    throw whyNotServed(error, "demo", port);
  } finally {
    await engine?.close();
  }
  return exitCodes.done;
}

/** Where the build puts it, seen from the command's own file. */
async function built(): Promise<Demo> {
  const file = new URL("./demo/shop.js", import.meta.url);
  if (existsSync(file)) return import(file.href);
  throw new CliError("not_built", exitCodes.failed, "The shop comes with the built package. In a checkout: npm start");
}

function greeting(url: string, hasStore: boolean): string {
  const kept = hasStore
    ? `In another terminal: live-session list, then live-session watch <key>, with the same --store.`
    : `Baskets are in memory. To keep them, and to look at them from another terminal:
      npx live-session demo --store sqlite:shop.db`;
  return `
  Gale & Daughters is open: ${url}

  Open it in two tabs. Add a kite in one and watch the other. Change the theme, sign in, sign out.
  ${kept}
  Ctrl+C closes the shop.
`;
}
