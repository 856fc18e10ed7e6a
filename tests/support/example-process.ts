// An example as its npm script runs it, in a process of its own that tests can stop and start again.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { root } from "./repository.ts";

export interface ExampleProcess {
  readonly url: string;
  /** What it printed at start. */
  readonly greeting: string;
  /** Ends it by its process id; resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A port that was free a moment ago: what is stopped must come back on the same one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Starts an example and waits until it is open.
 *
 * @param script its server, as a path below examples/
 * @param open the last words that it prints when it is
 */
export async function startExample(
  script: string,
  open: string,
  port: number,
  env: Record<string, string> = {},
): Promise<ExampleProcess> {
  const child = spawn(process.execPath, ["--import", "tsx", `examples/${script}`], {
    cwd: root,
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return {
    url: `http://localhost:${port}`,
    greeting: await greetingOf(child, open),
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    },
  };
}

function greetingOf(child: ChildProcess, open: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    child.once("exit", (code) => reject(new Error(`The example ended with ${code} before it was open.`)));
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.includes(open)) resolve(printed);
    });
  });
}
