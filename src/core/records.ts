// Where every read and write of the hub and its adapters goes through: store, then the topic on this node, then the bus.

import type { Changes, SessionBus, SessionEvent } from "./bus.ts";
import { type Clock, withTimeout } from "./clock.ts";
import { type ErrorContext, LiveSessionError, type OnError } from "./errors.ts";
import { generateIncarnation, type SessionKey } from "./ids.ts";
import { deepFreeze } from "./json.ts";
import type {
  Commit,
  CommitResult,
  EndReason,
  JsonObject,
  ListedRecord,
  MaybePromise,
  ReadResult,
  SessionRecord,
  SessionStore,
  Touch,
} from "./store.ts";

/**
 * Hears what this node's own writes did. `asked`: this node's time when the store was asked, which the event's expiry
 * counts from. `data`: the whole data after it, where that is at hand.
 */
export type LocalListener = (key: SessionKey, event: SessionEvent, asked: number, data?: JsonObject) => void;

export interface RecordsOptions {
  readonly store: SessionStore;
  readonly bus: SessionBus;
  readonly lifetime: number;
  readonly deadline: number | null;
  readonly maxBytes: number;
  readonly touchInterval: number | null;
  readonly rotationGrace: number;
  /** How long the store may take to answer, in ms. */
  readonly timeout: number;
  readonly clock: Clock;
  readonly report: (error: unknown, context: ErrorContext) => void;
}

/** Unless the hub's `touchInterval` says otherwise: idle timeouts are off by a thousandth, and bursts of requests cost no writes. */
const touchIntervalOf = (lifetime: number) => Math.min(60_000, lifetime / 1000);

/** A commit as an adapter words it; the hub's limits and defaults are filled in. */
export type Write = Changes &
  Pick<Commit, "mode"> &
  Partial<Pick<Commit, "ifVersion" | "ifIncarnation" | "lifetime" | "deadline" | "newDeadline" | "meta" | "principal">>;

/**
 * The records of a hub, for adapters. Data handed in must be checked, copied and deeply frozen (`copyJson`). Every
 * method rejects with `store_failed` when the store fails; events that cannot be published go to `onError`.
 */
export class SessionRecords {
  readonly #options: RecordsOptions;
  readonly #local: LocalListener;
  /** Whether the hub publishes, or the store itself does in the same step as its writes. */
  readonly #publishes: boolean;

  constructor(options: RecordsOptions, local: LocalListener) {
    this.#options = options;
    this.#local = local;
    this.#publishes = options.store.publishesTo !== options.bus;
  }

  /** Idle lifetime that records get unless told otherwise, in ms. */
  get lifetime(): number {
    return this.#options.lifetime;
  }

  /** How long callers wait for the store, in ms. */
  get timeout(): number {
    return this.#options.timeout;
  }

  /** Whether a request that found this is to try again, since its session goes on under an id that it does not know yet. */
  moved(found: ReadResult): boolean {
    return found.state === "ended" && found.reason === "regenerated" && found.ago < this.#options.rotationGrace;
  }

  // These hand on the promise of #store rather than wait for it: each further `await` costs as much as a read from memory.
  read(key: SessionKey): Promise<ReadResult> {
    return this.#store("read", (store) => store.read(key), freezeLive);
  }

  commit(key: SessionKey, write: Write): Promise<CommitResult> {
    const { maxBytes, lifetime, deadline } = this.#options;
    const creates = write.mode !== "update";
    // Field by field: a spread would cost more than the rest of a commit to memory.
    const commit: Commit = {
      mode: write.mode,
      put: write.put,
      delete: write.delete,
      ifVersion: write.ifVersion,
      ifIncarnation: write.ifIncarnation,
      incarnation: generateIncarnation(),
      lifetime: write.lifetime ?? (creates ? lifetime : undefined),
      deadline: write.deadline === undefined && creates ? deadline : write.deadline,
      newDeadline: write.newDeadline,
      meta: write.meta,
      principal: write.principal,
      maxBytes,
    };
    const asked = this.#options.clock.now();
    return this.#store(
      "commit",
      (store) => store.commit(key, commit),
      (result) => {
        if (!result.ok) return;
        const { version, incarnation, expiresAt, now, data } = result;
        const changes = { put: write.put, delete: write.delete };
        const event = { type: "changed", incarnation, version, changes, expiresAt, now } as const;
        this.#local(key, event, asked, data && deepFreeze(data));
        this.#publish(key, event);
      },
    );
  }

  /**
   * Pushes the lifetime of one incarnation forward; false if it is not live. Other nodes are told only of a new
   * lifetime: where theirs merely ran out early, they ask the store before they believe it.
   */
  async touch(key: SessionKey, incarnation: string, touch: Omit<Touch, "ifIncarnation"> = {}): Promise<boolean> {
    const asked = this.#options.clock.now();
    const ask = (store: SessionStore) =>
      store.touch(key, { lifetime: touch.lifetime, meta: touch.meta, ifIncarnation: incarnation });
    const touched = await this.#store("touch", ask, (result) => {
      if (!result) return;
      const event = { type: "touched", incarnation, ...result } as const;
      this.#local(key, event, asked);
      if (touch.lifetime !== undefined) this.#publish(key, event);
    });
    return touched !== null;
  }

  /** Whether activity now should push the lifetime: not more often than each `touchInterval`, so that a read is no write. */
  touchDue(lifetime: number, left: number): boolean {
    const { touchInterval } = this.#options;
    return lifetime - left >= Math.min(touchInterval ?? touchIntervalOf(lifetime), lifetime / 2);
  }

  /** As `touchDue`, of a record as read at this time of the store. An expiry that is the deadline cannot be pushed. */
  pushDue({ lifetime, expiresAt, deadline }: SessionRecord, now: number): boolean {
    return expiresAt !== deadline && this.touchDue(lifetime, expiresAt - now);
  }

  /** Ends a session. Gives its last record, or `null` if there was no live one. */
  end(key: SessionKey, reason: EndReason): Promise<SessionRecord | null> {
    return this.#store(
      "destroy",
      (store) => store.destroy(key, reason),
      (record) => {
        if (!record) return;
        const event = { type: "ended", incarnation: record.incarnation, reason } as const;
        this.#local(key, event, this.#options.clock.now());
        this.#publish(key, event);
        freezeRecord(record);
      },
    );
  }

  /** What the store has of these sessions, for those that are live. */
  versions(keys: readonly SessionKey[]): Promise<Awaited<ReturnType<SessionStore["versions"]>>> {
    return this.#store("versions", (store) => store.versions(keys));
  }

  /** Frees what is over. No time-out: nobody waits, and a large sweep takes its time. */
  async sweep(retention: number): Promise<number> {
    return this.#options.store.sweep(retention);
  }

  async *list(filter?: { readonly principal?: string | undefined }): AsyncIterable<ListedRecord> {
    try {
      for await (const listed of this.#options.store.list(filter)) {
        freezeRecord(listed.record);
        yield listed;
      }
    } catch (error) {
      throw storeFailed("list", error);
    }
  }

  count(): Promise<number> {
    return this.#store("count", (store) => store.count());
  }

  /** `done` hears of the result even where the caller no longer waits for it: subscribers must. */
  async #store<T>(
    stage: string,
    call: (store: SessionStore) => MaybePromise<T>,
    done: (result: T) => void = () => {},
  ): Promise<T> {
    const { store, clock, timeout } = this.#options;
    let result: T;
    try {
      const answer = call(store);
      result = isPromise(answer) ? await withTimeout(answer, timeout, clock, done) : answer;
    } catch (error) {
      throw storeFailed(stage, error);
    }
    done(result);
    return result;
  }

  /** Not awaited: the write is done and readable, and a lost event is made good by the subscribers' own checks. */
  #publish(key: SessionKey, event: SessionEvent): void {
    if (!this.#publishes) return;
    const failed = (cause: unknown) =>
      this.#options.report(new LiveSessionError("bus_failed", "An event could not be published.", { cause }), {
        stage: "publish",
        key,
      });
    try {
      Promise.resolve(this.#options.bus.publish(key, event)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof (answer as Partial<Promise<T>> | null)?.then === "function";
}

function storeFailed(stage: string, cause: unknown): LiveSessionError {
  if (cause instanceof LiveSessionError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  return new LiveSessionError("store_failed", `The session store failed in ${stage}: ${words}`, { cause });
}

function freezeLive(result: ReadResult): void {
  if (result.state === "live") freezeRecord(result.record);
}

function freezeRecord(record: SessionRecord): SessionRecord {
  deepFreeze(record.data);
  deepFreeze(record.meta);
  return record;
}

/** Wraps a user's `onError` so that it cannot throw into the library. */
export function safeReport(onError: OnError): OnError {
  return (error, context) => {
    try {
      onError(error, context);
    } catch (failure) {
      console.error("live-session: onError itself failed", failure);
    }
  };
}
