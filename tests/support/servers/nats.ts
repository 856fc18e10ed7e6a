// A NATS server of a suite's own: in a temporary folder, on a free port, ended by its process id.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../example-process.ts";

export interface NatsServer {
  /** What the client connects to, by loopback TCP. */
  readonly servers: string;
  /** Ends the server: SIGKILL as a crash does. Resolves when it is gone. */
  stop(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Starts it again, on the same port and data, unless it runs. */
  start(): Promise<void>;
  /** Holds the process still, or lets it go on: a server that takes connections and does not answer. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

export async function startNats(): Promise<NatsServer> {
  const binary = natsPath();
  const folder = mkdtempSync(join(tmpdir(), "live-session-nats-"));
  const port = await freePort();
  const config = join(folder, "server.conf");
  writeFileSync(
    config,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(join(folder, "data"))} }\n`,
  );
  let server: ChildProcess | null = null;

  async function start(): Promise<void> {
    if (server) return;
    const child = spawn(binary, ["-c", config], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    server = child;
    await new Promise<void>((resolve, reject) => {
      const log: string[] = [];
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`nats-server ended with ${code}:\n${log.join("\n")}`)));
      createInterface(child.stderr as NonNullable<typeof child.stderr>).on("line", (line) => {
        if (log.push(line) > 200) log.shift();
        if (line.includes("Server is ready")) resolve();
      });
      // Every test after that fails: say why.
      child.once("exit", (code, signal) => {
        if (server === child)
          console.error(`nats-server ended by itself (${code ?? signal}):\n${log.slice(-20).join("\n")}`);
      });
    });
  }

  async function stop(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const child = server;
    server = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  await start();
  return {
    servers: `127.0.0.1:${port}`,
    start,
    stop,
    signal: (signal) => void server?.kill(signal),
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function natsPath(): string {
  const folders = (process.env.PATH ?? "").split(delimiter).concat("/usr/sbin");
  const paths = [process.env.NATS_SERVER_PATH, ...folders.map((folder) => join(folder, "nats-server"))];
  const found = paths.find((path) => path && existsSync(path));
  if (!found) throw new Error("There is no NATS server here: set NATS_SERVER_PATH.");
  return found;
}
