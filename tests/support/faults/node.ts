// The nodes as the suite holds them: child processes, asked over a channel that no fault strikes.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root } from "../repository.ts";
import type { Place } from "./drivers.ts";

/** What a node is started with. */
export interface NodeSettings {
  readonly place: Place;
  readonly lifetime: number;
  readonly checkInterval: number;
}

export type Ask =
  /** By reading the store: `"live"` or `"over"`. */
  | { readonly ask: "read"; readonly id: string }
  /** As a socket would attach. */
  | { readonly ask: "attach"; readonly id: string }
  /** What was reported to `onError`. */
  | { readonly ask: "reports" };

const folder = join(root, "build/fault-nodes", String(process.pid));

/** Makes the nodes' program once: three processes that each compile TypeScript first would take seconds of a run. */
export async function buildNodes(): Promise<void> {
  const here = fileURLToPath(new URL(".", import.meta.url));
  await build({
    entryPoints: ["node-process", "skewed-clock"].map((name) => join(here, `${name}.ts`)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    packages: "external",
    tsconfig: join(root, "tsconfig.json"),
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
}

export const nodesFolder = folder;

export class NodeProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  #number = 0;
  #killed = false;

  private constructor(child: ChildProcess, port: number, ended: (how: string) => void) {
    this.#child = child;
    this.port = port;
    child.on("message", (message: { number: number; answer?: unknown; error?: string }) => {
      const asked = this.#asked.get(message.number);
      this.#asked.delete(message.number);
      if (message.error === undefined) asked?.resolve(message.answer);
      else asked?.reject(new Error(message.error));
    });
    child.on("exit", (code, signal) => {
      for (const { reject } of this.#asked.values()) reject(new Error("The node is gone."));
      this.#asked.clear();
      if (!this.#killed) ended(`${code ?? signal}`);
    });
  }

  /** @param ended told if the process ends by itself */
  static async start(settings: NodeSettings, skew: number, ended: (how: string) => void): Promise<NodeProcess> {
    const child = fork(join(folder, "node-process.mjs"), [JSON.stringify(settings)], {
      execArgv: ["--enable-source-maps", "--import", new URL(`file://${join(folder, "skewed-clock.mjs")}`).href],
      env: { ...process.env, CLOCK_SKEW: String(skew) },
    });
    const [message] = await Promise.race([once(child, "message"), once(child, "exit").then(() => [null])]);
    if (!message) throw new Error("A node ended at its start.");
    return new NodeProcess(child, (message as { port: number }).port, ended);
  }

  ask(ask: Ask): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const number = ++this.#number;
      this.#asked.set(number, { resolve, reject });
      this.#child.send({ number, ask }, (error) => error && reject(error));
    });
  }

  jump(by: number): void {
    this.#child.send({ jump: by }, () => {});
  }

  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#killed = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}
