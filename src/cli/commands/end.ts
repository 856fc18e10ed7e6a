// `live-session end`

import type { LiveSessions } from "../../core/hub.ts";
import type { SessionKey } from "../../core/ids.ts";
import { checkPrincipal } from "../../core/ownership.ts";
import type { EndReason } from "../../core/store.ts";
import { type ExitCode, exitCodes, usage } from "../failures.ts";
import { findSession } from "../find.ts";
import { hubOf } from "../hub.ts";
import { retentionOf } from "../numbers.ts";
import { outputOf } from "../output.ts";
import { agreed, type Progress, progressBar } from "../progress.ts";
import { type Sessions, type StoreOptions, withEngine } from "../stores/open.ts";
import { counted, plain } from "../text.ts";

export interface EndOptions extends StoreOptions {
  readonly principal?: string;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly reason: string;
  readonly retention: string;
  readonly json?: boolean;
}

type Hub = LiveSessions<Record<string, unknown>>;

const AT_ONCE = 50;

export function end(given: readonly string[], options: EndOptions): Promise<ExitCode> {
  const { principal, all = false, reason } = options;
  const ways = [given.length > 0, principal !== undefined, all].filter(Boolean).length;
  if (ways !== 1) throw usage("Which sessions? Give their keys, or --principal, or --all: one of these.");
  if (reason !== "revoked" && reason !== "destroyed") throw usage("--reason: revoked or destroyed.");
  if (principal !== undefined) checkPrincipal(principal);
  const retention = retentionOf(options.retention);
  const output = outputOf(options);
  return withEngine(options, async (engine) => {
    const sessions = await engine.sessions({ retention });
    const found = await targets(sessions, given, principal, all);
    if (found.count > 0 && !(await agreed(`End ${found.words}, for good?`, options))) {
      output.remark("Nothing was ended.");
      return exitCodes.failed;
    }
    const failures: unknown[] = [];
    const hub = hubOf(sessions, (error) => failures.push(error));
    const bar = progressBar("Ending", found.count);
    let ended = 0;
    try {
      ended = await endEach(hub, found.keys, reason, bar);
      // What logged in, or moved to a new id, since they were listed.
      if (principal !== undefined) ended += await hub.of(principal).endAll(reason);
      if (all) ended += await hub.endEveryone(reason);
    } finally {
      bar.done(`Ended ${ended}`);
      await hub.close();
    }
    if (failures.length > 0) throw failures[0];
    output.result({ ended }, () => `Ended ${counted(ended, "session")}.`);
    return exitCodes.done;
  });
}

interface Targets {
  readonly keys: AsyncIterable<SessionKey> | readonly SessionKey[];
  readonly count: number;
  readonly words: string;
}

/** Sessions that are named must all be there, before any is ended. */
async function targets(
  { store }: Sessions,
  given: readonly string[],
  principal: string | undefined,
  all: boolean,
): Promise<Targets> {
  if (principal !== undefined) {
    const keys = await keysOf(store.list({ principal }));
    return { keys, count: keys.length, words: `${counted(keys.length, "session")} of ${plain(principal)}` };
  }
  if (all) {
    const count = await store.count();
    return { keys: only(store.list()), count, words: `all ${counted(count, "session")}` };
  }
  const keys = new Set<SessionKey>();
  for (const each of given) keys.add((await findSession(store, each)).key);
  return { keys: [...keys], count: keys.size, words: counted(keys.size, "session") };
}

async function keysOf(listed: AsyncIterable<{ readonly key: SessionKey }>): Promise<SessionKey[]> {
  const keys: SessionKey[] = [];
  for await (const key of only(listed)) keys.push(key);
  return keys;
}

async function* only(listed: AsyncIterable<{ readonly key: SessionKey }>): AsyncGenerator<SessionKey> {
  for await (const { key } of listed) yield key;
}

async function endEach(hub: Hub, keys: Targets["keys"], reason: EndReason, bar: Progress): Promise<number> {
  let ended = 0;
  let batch: SessionKey[] = [];
  const flush = async () => {
    const records = await Promise.all(batch.map(async (key) => hub.records.end(key, reason)));
    ended += records.filter((record) => record !== null).length;
    bar.advance(batch.length);
    batch = [];
  };
  for await (const key of keys) if (batch.push(key) === AT_ONCE) await flush();
  await flush();
  return ended;
}
