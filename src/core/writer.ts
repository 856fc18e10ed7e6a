// Writes to one session: plain ones in one commit, those that depend on the data by compare-and-set.

import { setTimeout } from "node:timers/promises";
import type { Changes } from "./bus.ts";
import { applyChanges, isEmpty } from "./changes.ts";
import { type Clock, TimeoutError, withTimeout } from "./clock.ts";
import { LiveSessionError, sessionEnded, unknownSession } from "./errors.ts";
import type { SessionKey } from "./ids.ts";
import { copyJson } from "./json.ts";
import { type MaybePromise, whenDone } from "./maybe.ts";
import type { SessionRecords } from "./records.ts";
import { describeIssues, type StandardSchema, validate } from "./schema.ts";
import type { Commit, CommitResult, JsonObject } from "./store.ts";
import type { Topics } from "./topics.ts";

/** The session that a write means: a key and, unless any will do, the incarnation that the writer knows. */
export interface Target {
  readonly key: SessionKey;
  readonly incarnation?: string | undefined;
}

/** The session after a write. */
export interface Written {
  readonly data: JsonObject;
  readonly version: number;
  readonly incarnation: string;
}

/** What an adapter may write beside the data. */
export type WriteExtras = Partial<Pick<Commit, "meta" | "lifetime" | "newDeadline" | "principal">>;

/** Attempts of a compare-and-set before it gives up with `conflict`. */
const ATTEMPTS = 100;
const LONGEST_WAIT_MS = 40;

export interface WriterOptions {
  readonly records: SessionRecords;
  readonly topics: Topics;
  readonly maxBytes: number;
  readonly schema: StandardSchema | undefined;
  readonly clock: Clock;
  /** How long a compare-and-set may take in all, its place in the queue included, in ms. */
  readonly timeout: number;
}

export class SessionWriter {
  readonly #options: WriterOptions;
  /** The last compare-and-set of each key in this process: they queue, since side by side all but one would fail. */
  readonly #queues = new Map<SessionKey, Promise<unknown>>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /**
   * Writes changes to a live session, whatever its data is now.
   *
   * @throws LiveSessionError `too_large`, `invalid_data`, `session_ended`, `unknown_session`, `store_failed`; with a
   *   schema also `conflict`
   */
  write(target: Target, changes: Changes, extras: WriteExtras = {}): MaybePromise<Written> {
    if (this.#options.schema) return this.transact(target, () => changes, extras);
    const committed = this.#options.records.commit(target.key, {
      mode: "update",
      put: changes.put,
      delete: changes.delete,
      ifIncarnation: target.incarnation,
      meta: extras.meta,
      lifetime: extras.lifetime,
      newDeadline: extras.newDeadline,
      principal: extras.principal,
    });
    return whenDone(committed, (result) => {
      if (result.ok) return this.#after(target, result);
      throw result.why === "conflict" ? sessionEnded("destroyed") : this.refusal(result);
    });
  }

  /**
   * Writes changes that `decide` makes of the current data, atomically. `decide` may run more than once.
   *
   * @throws as `write`, and `conflict`
   */
  async transact(target: Target, decide: (data: JsonObject) => Changes, extras: WriteExtras = {}): Promise<Written> {
    const { clock, timeout } = this.#options;
    const end = clock.now() + timeout;
    const before = this.#queues.get(target.key);
    const run = () => this.#compareAndSet(target, decide, extras, end);
    const work = before ? before.then(run, run) : run();
    const mine = withTimeout(work, timeout, clock).catch((cause) => {
      throw cause instanceof TimeoutError ? this.#late(cause) : cause;
    });
    this.#queues.set(target.key, mine);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(target.key) === mine) this.#queues.delete(target.key);
    }
  }

  #late(cause?: unknown): LiveSessionError {
    const message = `The session could not be updated within ${this.#options.timeout} ms: the store is slow, or many write.`;
    return new LiveSessionError("store_failed", message, { cause });
  }

  /** The changes as the schema has them: the keys written, with the values that it put out. */
  checked(data: JsonObject, changes: Changes): MaybePromise<Changes> {
    const { schema } = this.#options;
    return schema ? this.#validated(schema, data, changes) : changes;
  }

  async #validated(schema: StandardSchema, data: JsonObject, changes: Changes): Promise<Changes> {
    const result = await validate(schema, applyChanges(data, changes));
    if ("issues" in result) {
      const message = `The session data is not valid: ${describeIssues(result.issues)}`;
      throw new LiveSessionError("invalid_data", message, { issues: result.issues });
    }
    const output = result.value as JsonObject;
    const put: Record<string, unknown> = {};
    for (const key of Object.keys(changes.put)) {
      put[key] = Object.hasOwn(output, key) ? copyJson(output[key], key) : changes.put[key];
    }
    return { put, delete: changes.delete };
  }

  /** The error of a refused commit. */
  refusal(result: CommitResult & { ok: false }): LiveSessionError {
    switch (result.why) {
      case "ended":
        return sessionEnded(result.reason);
      case "missing":
        return unknownSession();
      case "exists":
      case "conflict":
        return new LiveSessionError("conflict", "The session was changed by others through all retries.");
      case "too_large": {
        const limit = `The limit, maxBytes, is ${this.#options.maxBytes}.`;
        return new LiveSessionError("too_large", `The session's data would be ${result.bytes} bytes of JSON. ${limit}`);
      }
    }
  }

  async #compareAndSet(
    target: Target,
    decide: (data: JsonObject) => Changes,
    extras: WriteExtras,
    end: number,
  ): Promise<Written> {
    const { topics, clock, records } = this.#options;
    const held = topics.current(target.key, target.incarnation);
    let current = held ?? (await this.#read(target));
    for (let attempt = 1; ; attempt++) {
      if (clock.now() >= end) throw this.#late();
      let changes = await this.checked(current.data, decide(current.data));
      const facts = extras.principal !== undefined; // written whether or not data changes
      if (isEmpty(changes) && current === held && !facts) {
        // Nothing to do for what this node has, which may be old: only the store can say so.
        current = await this.#read(target);
        changes = await this.checked(current.data, decide(current.data));
      }
      if (isEmpty(changes) && !facts) return current;
      const { version, incarnation } = current;
      const write = { ...extras, ...changes, mode: "update", ifVersion: version, ifIncarnation: incarnation } as const;
      const result = await records.commit(target.key, write);
      if (result.ok) return this.#after(target, result);
      if (result.why !== "conflict" || attempt === ATTEMPTS) throw this.refusal(result);
      if (attempt > 3) await setTimeout(Math.min(2 ** (attempt - 3), LONGEST_WAIT_MS) * Math.random());
      current = await this.#read(target);
    }
  }

  /** The data after a commit: from the store's answer, this node's topic, or a read. */
  #after(target: Target, { version, incarnation, data }: CommitResult & { ok: true }): MaybePromise<Written> {
    if (data) return { data, version, incarnation };
    const current = this.#options.topics.current(target.key, incarnation);
    return current && current.version >= version ? current : this.#read({ key: target.key, incarnation });
  }

  async #read({ key, incarnation }: Target): Promise<Written> {
    const result = await this.#options.records.read(key);
    if (result.state === "missing") throw unknownSession();
    if (result.state === "ended") throw sessionEnded(result.reason);
    // Another session under the key: the one that was meant is over.
    if (incarnation !== undefined && result.record.incarnation !== incarnation) throw sessionEnded("destroyed");
    return result.record;
  }
}
