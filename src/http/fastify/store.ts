// The store for @fastify/session: its three callbacks, spoken by the hub.

import type { SessionStore } from "@fastify/session";
import type { FastifyRequest, Session as SessionData } from "fastify";
import { type SessionKey, sessionKey } from "../../core/ids.ts";
import type { Target } from "../../core/writer.ts";
import { FirstSaves } from "../shared/first-saves.ts";
import { loadSession } from "../shared/load.ts";
import type { CountNewcomer } from "../shared/newcomers.ts";
import { renewed } from "../shared/renewal.ts";
import { type SessionObject, sessionObject, visibleData } from "../shared/snapshot.ts";
import { type Hub, type LateWrites, WorkingCopy } from "../shared/working-copy.ts";
import { fastifyFormat, hasFixedEnd, isSessionMember } from "./format.ts";

type Callback = (error?: unknown) => void;

export class FastifyStore implements SessionStore {
  readonly #hub: Hub;
  readonly #lateWrites: LateWrites;
  readonly #countNewcomer: CountNewcomer<FastifyRequest>;
  /** What each session object was loaded as. */
  readonly #copies = new WeakMap<object, WorkingCopy>();
  /** The request that each session object is of. */
  readonly #requests = new WeakMap<object, FastifyRequest>();
  readonly #firstSaves = new FirstSaves();
  /** Sessions that have a new id, by that id, until the middleware saves them under it. */
  readonly #arriving = new Map<string, WorkingCopy>();
  /** The copy whose data is being handed to the middleware at this moment. */
  #loading: WorkingCopy | null = null;
  /** The request whose session goes on under a new id, while the old one is being destroyed or the new one set. */
  #regenerating: FastifyRequest | null = null;

  constructor(hub: Hub, lateWrites: LateWrites, countNewcomer: CountNewcomer<FastifyRequest>) {
    this.#hub = hub;
    this.#lateWrites = lateWrites;
    this.#countNewcomer = countNewcomer;
  }

  /** Gives a fresh copy of the session, `null` if there is no live one under this id. Activity. */
  get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    const key = sessionKey(sid);
    const load = async () => {
      const loaded = await loadSession(this.#hub, key, (record) => !hasFixedEnd(record));
      if (!loaded) return null;
      const { record, left, age } = loaded;
      const copy = this.#copy(sid).loaded(record, left, age);
      copy.heldAsSession();
      const object = sessionObject({ ...record, data: visibleData(record.data, isSessionMember) }, left);
      return { copy, object: object as unknown as SessionData };
    };
    load().then(
      (found) => queueMicrotask(() => (found ? this.#hand(found.copy, found.object, callback) : callback(null, null))),
      (error) => queueMicrotask(() => callback(error)),
    );
  }

  /** Writes what changed since the session was loaded; creates a new one. Never revives an ended one. */
  set(sid: string, session: SessionData, callback: Callback): void {
    const object = session as unknown as SessionObject;
    const request = this.#requests.get(object) ?? this.#regenerating;
    this.#answer(callback, async () => {
      const key = sessionKey(sid);
      const copy = this.copyOf(key, object) ?? this.#arriving.get(sid) ?? this.#copy(sid);
      this.#copies.set(object, copy);
      if (copy.known) return copy.save(object);
      return this.#firstSaves.add(
        key,
        copy.save(object, undefined, () => request && this.#countNewcomer(request)),
      );
    });
  }

  /** Ends the session for good, wherever it is attached. */
  destroy(sid: string, callback: Callback): void {
    const key = sessionKey(sid);
    const request = this.#regenerating;
    // With its answer the middleware sets the new session, which it assigns to the request only after that.
    const answered = request ? (error?: unknown) => this.regenerating(request, () => callback(error)) : callback;
    this.#answer(answered, async () => {
      await this.#firstSaves.settled(key);
      await this.#hub.records.end(key, request ? "regenerated" : "destroyed");
    });
  }

  /**
   * Takes note of what the middleware makes of loaded data: it copies the data into an object of its own and assigns
   * that to `request.session`, all before the callback that it was handed to returns.
   */
  assigned(session: object, request: FastifyRequest): void {
    this.#requests.set(session, request);
    if (this.#loading) this.#copies.set(session, this.#loading);
  }

  /** The copy of a session object that was loaded or saved under this key. */
  copyOf(key: SessionKey, session: object): WorkingCopy | undefined {
    const copy = this.#copies.get(session);
    return copy?.key === key ? copy : undefined;
  }

  /**
   * Gives a session another id: moves it in the store, then has `regenerate` do the same in the middleware, where its old
   * session is over by then and the new one stored. False if it stays, since the store failed.
   *
   * @throws LiveSessionError `session_ended`, `unknown_session`
   */
  async renew(copy: WorkingCopy, sid: string, regenerate: () => Promise<void>): Promise<boolean> {
    const moved = await renewed(this.#hub, copy.target as Target, sid);
    if (!moved) return false;
    this.#arriving.set(sid, copy.movedTo(sid, moved));
    try {
      await regenerate();
    } finally {
      this.#arriving.delete(sid);
    }
    return true;
  }

  /** Calls `regenerate`, which destroys the old session before it returns: that end gets its name. */
  regenerating<T>(request: FastifyRequest, regenerate: () => T): T {
    this.#regenerating = request;
    try {
      return regenerate();
    } finally {
      this.#regenerating = null;
    }
  }

  #hand(copy: WorkingCopy, object: SessionData, callback: (error: null, session: SessionData) => void): void {
    this.#loading = copy;
    try {
      callback(null, object);
    } finally {
      this.#loading = null;
    }
  }

  #copy(sid: string): WorkingCopy {
    return new WorkingCopy(sid, this.#hub, fastifyFormat, this.#lateWrites);
  }

  /** Calls back outside the promise: what a callback throws is the process's, not ours to swallow. */
  #answer(callback: Callback, work: () => Promise<void>): void {
    work().then(
      () => queueMicrotask(() => callback()),
      (error) => queueMicrotask(() => callback(error)),
    );
  }
}
