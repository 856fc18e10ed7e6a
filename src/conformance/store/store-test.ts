// What the store cases have in hand: the harness, fresh keys, and short words for what they do all the time.

import assert from "node:assert/strict";
import { generateIncarnation, type SessionKey, sessionKey } from "../../core/ids.ts";
import { deepFreeze } from "../../core/json.ts";
import type {
  Commit,
  CommitResult,
  EndReason,
  JsonObject,
  ListedRecord,
  ReadResult,
  SessionRecord,
} from "../../core/store.ts";
import type { StoreHarness } from "../store.ts";
import { group } from "../suite.ts";

/** Options of the suite that a case may depend on. */
export type StoreNeed = "exactClock" | "exactSweeps" | "fails" | "failingSweeps" | "sweeps";

export const storeGroup = (promise: string) => group<StoreTest, StoreNeed>(promise);

/** Long enough never to pass within a case. */
export const HOUR = 3_600_000;

/** Short enough to be waited for where the clock is the engine's own. */
export const SHORT = 500;

export type Committed = CommitResult & { readonly ok: true };

export class StoreTest {
  readonly store: StoreHarness["store"];
  readonly peer: StoreHarness["peer"];
  readonly harness: StoreHarness;
  #keys = 0;

  constructor(harness: StoreHarness) {
    this.harness = harness;
    this.store = harness.store;
    this.peer = harness.peer;
  }

  /** A key that no session had before. */
  key(): SessionKey {
    return sessionKey(`conformance ${++this.#keys} ${generateIncarnation()}`);
  }

  async advance(ms: number): Promise<void> {
    await this.harness.advance(ms);
  }

  /** Commits as a hub does: frozen data, a new incarnation, a lifetime wherever a record may be created. */
  async commit(
    key: SessionKey,
    put: JsonObject,
    more: Partial<Commit> = {},
    store = this.store,
  ): Promise<CommitResult> {
    const mode = more.mode ?? "update";
    return store.commit(key, {
      mode,
      delete: [],
      incarnation: generateIncarnation(),
      lifetime: mode === "update" ? undefined : HOUR,
      ...deepFreeze(more),
      put: deepFreeze(put),
    });
  }

  /** As commit, and must succeed. */
  async write(key: SessionKey, put: JsonObject, more: Partial<Commit> = {}, store = this.store): Promise<Committed> {
    const result = await this.commit(key, put, more, store);
    if (!result.ok) assert.fail(`The commit was refused: ${JSON.stringify(result)}`);
    return result;
  }

  /** A fresh live session. */
  async create(put: JsonObject = {}, more: Partial<Commit> = {}): Promise<{ key: SessionKey; created: Committed }> {
    const key = this.key();
    return { key, created: await this.write(key, put, { mode: "create", ...more }) };
  }

  /** The live record, which must be there. */
  async record(key: SessionKey, store = this.store): Promise<SessionRecord> {
    const found = await store.read(key);
    if (found.state !== "live") assert.fail(`The record is not live: ${JSON.stringify(found)}`);
    return found.record;
  }

  async assertEnded(key: SessionKey, reason: EndReason, store = this.store): Promise<void> {
    const { ago, ...found } = (await store.read(key)) as ReadResult & { readonly ago?: unknown };
    assert.deepEqual(found, { state: "ended", reason });
    assert.ok(typeof ago === "number" && ago >= 0, `It ended ${ago} ms ago.`);
  }

  /** That no commit of any mode gets through to an ended session. */
  async assertFinal(key: SessionKey, reason: EndReason, store = this.store): Promise<void> {
    for (const mode of ["update", "upsert", "create"] as const) {
      const result = await this.commit(key, { revived: true }, { mode, lifetime: HOUR }, store);
      assert.deepEqual(result, { ok: false, why: "ended", reason }, `a commit with mode "${mode}"`);
    }
    await this.assertEnded(key, reason, store);
  }

  async listed(principal?: string, store = this.store): Promise<ListedRecord[]> {
    const all: ListedRecord[] = [];
    for await (const listed of store.list(principal === undefined ? undefined : { principal })) all.push(listed);
    return all;
  }
}

/** Runs a task for 0, 1, 2, ..., a hundred at a time. */
export async function many(count: number, task: (index: number) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < count; start += 100) {
    const size = Math.min(100, count - start);
    await Promise.all(Array.from({ length: size }, (_, offset) => task(start + offset)));
  }
}

export function keysOf(listed: readonly ListedRecord[]): string[] {
  return listed.map(({ key }) => key as string).sort();
}
