// Where every read and write of the hub and its adapters goes through: store, then the topic on this node, then the bus.

import type { Changes, SessionBus, SessionEvent } from "./bus.ts";
import { type Clock, withTimeout } from "./clock.ts";
import { channels, tellError } from "./diagnostics.ts";
import { type ErrorContext, LiveSessionError, type OnError } from "./errors.ts";
import { generateIncarnation, type SessionKey } from "./ids.ts";
import { deepFreeze } from "./json.ts";
import { attempt, ignoreAnswer, isPromise, type MaybePromise, whenDone } from "./maybe.ts";
import type {
  Commit,
  CommitResult,
  EndReason,
  JsonObject,
  ListedRecord,
  ReadResult,
  SessionRecord,
  SessionStore,
  Touch,
} from "./store.ts";
import { type Watch, watchCommit, watchEnd, watchRead, watchTouch } from "./watch.ts";

/**
 * Hears what this node's own writes did. `asked`: this node's time when the store was asked, which the event's expiry
 * counts from. `data`: the whole data after it, where that is at hand; a store may have to decode it.
 */
export type LocalListener = (
  key: SessionKey,
  event: SessionEvent,
  asked: number,
  data?: () => JsonObject | undefined,
) => void;

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
  /** Whose records they are, for those who listen on the channels. */
  readonly sessions: object;
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

  // A store in this process answers at once, and so do these: an `await` costs as much as a read from memory.
  read(key: SessionKey): MaybePromise<ReadResult> {
    const watch = watchRead(this.#options.sessions, key);
    return this.#store("read", key, (store) => store.read(key), freezeLive, watch);
  }

  commit(key: SessionKey, write: Write): MaybePromise<CommitResult> {
    const { maxBytes, lifetime, deadline } = this.#options;
    const creates = write.mode !== "update";
    // Field by field: a spread would cost more than the rest of a commit to memory.
    const commit: Commit = {
      mode: write.mode,
      put: write.put,
      delete: write.delete,
      ifVersion: write.ifVersion,
      ifIncarnation: write.ifIncarnation,
      incarnation: creates ? generateIncarnation() : "",
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
      key,
      (store) => store.commit(key, commit),
      (result) => {
        if (!result.ok) return this.#refused(key, result);
        const { version, incarnation, expiresAt, now } = result;
        const changes = { put: write.put, delete: write.delete };
        const event = { type: "changed", incarnation, version, changes, expiresAt, now } as const;
        this.#local(key, event, asked, () => result.data && deepFreeze(result.data));
        this.#publish(key, event);
      },
      watchCommit(this.#options.sessions, key, write.mode),
    );
  }

  /**
   * Pushes the lifetime of one incarnation forward; false if it is not live. Other nodes are told only of a new
   * lifetime: where theirs merely ran out early, they ask the store before they believe it.
   */
  touch(key: SessionKey, incarnation: string, touch: Omit<Touch, "ifIncarnation"> = {}): MaybePromise<boolean> {
    const asked = this.#options.clock.now();
    const ask = (store: SessionStore) =>
      store.touch(key, { lifetime: touch.lifetime, meta: touch.meta, ifIncarnation: incarnation });
    const done = (result: Awaited<ReturnType<typeof ask>>) => {
      if (!result) return;
      const event = { type: "touched", incarnation, ...result } as const;
      this.#local(key, event, asked);
      if (touch.lifetime !== undefined) this.#publish(key, event);
    };
    const touched = this.#store("touch", key, ask, done, watchTouch(this.#options.sessions, key));
    return whenDone(touched, (result) => result !== null);
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
  end(key: SessionKey, reason: EndReason): MaybePromise<SessionRecord | null> {
    return this.#store(
      "destroy",
      key,
      (store) => store.destroy(key, reason),
      (record) => {
        if (!record) return;
        const event = { type: "ended", incarnation: record.incarnation, reason } as const;
        this.#local(key, event, this.#options.clock.now());
        this.#publish(key, event);
        freezeRecord(record);
      },
      watchEnd(this.#options.sessions, key, reason),
    );
  }

  /** What the store has of these sessions, for those that are live. */
  versions(keys: readonly SessionKey[]): ReturnType<SessionStore["versions"]> {
    return this.#store("versions", null, (store) => store.versions(keys));
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
      throw this.#failed("list", null, error);
    }
  }

  count(): MaybePromise<number> {
    return this.#store("count", null, (store) => store.count());
  }

  #refused(key: SessionKey, { why }: CommitResult & { ok: false }): void {
    if (why === "conflict" && channels.conflict.hasSubscribers) {
      channels.conflict.publish({ sessions: this.#options.sessions, key });
    }
  }

  /** `done` hears of the result even where the caller no longer waits for it: subscribers must. */
  #store<T>(
    stage: string,
    key: SessionKey | null,
    call: (store: SessionStore) => MaybePromise<T>,
    done: (result: T) => void = () => {},
    watch: Watch<NoInfer<T>> | undefined = undefined,
  ): MaybePromise<T> {
    const { store, clock, timeout } = this.#options;
    return attempt(
      () => {
        const answer = call(store);
        return isPromise(answer) ? withTimeout(answer, timeout, clock, done) : answer;
      },
      (result) => {
        watch?.done(result);
        done(result);
        return result;
      },
      (error) => {
        throw this.#failed(stage, key, error, watch);
      },
    );
  }

  #failed(stage: string, key: SessionKey | null, cause: unknown, watch?: Watch<never>): LiveSessionError {
    const error = storeFailed(stage, cause);
    watch?.failed(error);
    tellError(this.#options.sessions, error, { stage, key });
    return error;
  }

  /** Not awaited: the write is done and readable, and a lost event is made good by the subscribers' own checks. */
  #publish(key: SessionKey, event: SessionEvent): void {
    if (!this.#publishes) return;
    const failed = (cause: unknown) =>
      this.#options.report(new LiveSessionError("bus_failed", "An event could not be published.", { cause }), {
        stage: "publish",
        key,
      });
    attempt(() => this.#options.bus.publish(key, event), ignoreAnswer, failed);
  }
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
