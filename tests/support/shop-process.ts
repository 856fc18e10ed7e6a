// The shop as `npm start` runs it, in a process of its own that tests can stop and start again.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { root } from "./repository.ts";

export interface ShopProcess {
  readonly url: string;
  /** What it printed at start. */
  readonly greeting: string;
  /** Ends it by its process id; resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A port that was free a moment ago; the shop must come back on the same one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Starts the shop and waits until it is open. */
export async function startShop(port: number, folder: string): Promise<ShopProcess> {
  const child = spawn(process.execPath, ["--import", "tsx", "examples/shop/server.ts"], {
    cwd: root,
    env: { ...process.env, PORT: String(port), SHOP_DATA: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return {
    url: `http://localhost:${port}`,
    greeting: await greetingOf(child),
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    },
  };
}

function greetingOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    child.once("exit", (code) => reject(new Error(`The shop ended with ${code} before it was open.`)));
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.includes("private window")) resolve(printed);
    });
  });
}
