// Processes of their own, which the rows give orders by IPC: one at a time, each answered.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface BenchProcess {
  readonly child: ChildProcess;
  /** Rejects if the process ends meanwhile. */
  ask<Answer = void>(order?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

export interface ProcessOptions {
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts a file of this folder that calls `obey`; resolves when it is ready, to what it said then. */
export async function startProcess<Ready>(
  file: string,
  options: ProcessOptions = {},
): Promise<BenchProcess & { readonly ready: Ready }> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), options.arguments ?? [], {
    execArgv: ["--expose-gc", "--import", "tsx"],
    env: { ...process.env, ...options.environment },
  });
  const gone = once(child, "exit");
  const failed = gone.then(([code, signal]) => Promise.reject(new Error(`${file} ended with ${code ?? signal}.`)));
  failed.catch(() => {}); // those who wait for an answer hear of it
  const answer = async () => {
    const [message] = await Promise.race([once(child, "message"), failed]);
    return (message as { answer: unknown }).answer;
  };
  const stop = async () => {
    child.kill("SIGKILL");
    await gone;
  };
  const ready = (await answer()) as Ready;
  return {
    child,
    ready,
    async ask<Answer>(order: unknown = null) {
      child.send({ order });
      return (await answer()) as Answer;
    },
    stop,
  };
}

/** In such a process: says that it is ready, then answers orders until the row is done with it. */
export function obey<Order>(ready: unknown, answerTo: (order: Order) => unknown): void {
  process.on("message", async ({ order }: { order: Order }) => process.send?.({ answer: await answerTo(order) }));
  process.on("disconnect", () => process.exit());
  process.send?.({ answer: ready });
}

export interface Memory {
  /** What JavaScript holds, and what it holds outside the heap, in bytes. */
  readonly heap: number;
  /** What the operating system gave the process, in bytes. */
  readonly resident: number;
}

/** The memory of this process once its garbage is collected. */
export async function memory(): Promise<Memory> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await setTimeout(50);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}

/** What each of so many things added. */
export function memoryEach(before: Memory, after: Memory, things: number): Memory {
  return { heap: (after.heap - before.heap) / things, resident: (after.resident - before.resident) / things };
}

/** The time on the clock that all processes of this machine share, in ms with fractions. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
