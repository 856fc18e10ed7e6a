// `live-session prune`

import { type ExitCode, exitCodes } from "../failures.ts";
import { retentionOf } from "../numbers.ts";
import { outputOf } from "../output.ts";
import { progressBar } from "../progress.ts";
import { type Sessions, type StoreOptions, withEngine } from "../stores/open.ts";
import { counted } from "../text.ts";

export interface PruneOptions extends StoreOptions {
  readonly retention: string;
  readonly json?: boolean;
}

const LOOK_MS = 200;

export function prune(options: PruneOptions): Promise<ExitCode> {
  const output = outputOf(options);
  const retention = retentionOf(options.retention);
  return withEngine(options, async (engine) => {
    const sessions = await engine.sessions({ retention });
    const freed = await sweep(sessions, retention);
    output.result({ freed }, () => `Freed ${counted(freed, "session")}.`);
    if (engine.kind === "redis")
      output.remark("Redis frees by itself what is over; left-overs of its index were looked for.");
    return exitCodes.done;
  });
}

/** The store sweeps in one call, in steps of its own: how far it came shows in what is left. */
async function sweep({ store, due }: Sessions, retention: number): Promise<number> {
  const total = process.stderr.isTTY && due ? await due(retention) : 0;
  const bar = progressBar("Freeing", total);
  let left = total;
  let looking = Promise.resolve();
  const look = async () => {
    const now = Math.min(left, (await due?.(retention)) ?? 0);
    if (left > now) bar.advance(left - now);
    left = now;
  };
  const timer = setInterval(() => {
    // A look that fails is no reason to stop: the sweep fails by itself, and says why.
    if (total > 0) looking = looking.then(look).catch(() => {});
  }, LOOK_MS);
  try {
    const freed = await store.sweep(retention);
    await looking;
    bar.advance(left);
    bar.done(`Freed ${freed}`);
    return freed;
  } catch (error) {
    bar.done("Stopped");
    throw error;
  } finally {
    clearInterval(timer);
  }
}
