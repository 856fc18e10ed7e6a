// The session of one Request: loaded when it is first read, written once, before the response.

import type { Changes } from "../../core/bus.ts";
import { diff, isEmpty } from "../../core/changes.ts";
import { type Duration, milliseconds } from "../../core/duration.ts";
import { LiveSessionError, sessionEnded, unknownSession } from "../../core/errors.ts";
import type { LiveSessions } from "../../core/hub.ts";
import { sessionKey } from "../../core/ids.ts";
import type { LiveSession } from "../../core/live-session.ts";
import { checkBinding, type RequestBindOptions } from "../../core/ownership.ts";
import type { DeepReadonly, KeyOf, Session } from "../../core/session-map.ts";
import type { EndReason, JsonObject } from "../../core/store.ts";
import { loadSession, refuseMoved } from "../shared/load.ts";
import type { CountNewcomer } from "../shared/newcomers.ts";
import { isOver, navigates, renewalDue } from "../shared/renewal.ts";
import { type GivenCookie, givenCookie, isSecure, type RequestLike, setCookie, withCookie } from "./cookie.ts";
import { applied, concern, dependOnData, type Operation } from "./operations.ts";
import type { CookieSettings } from "./options.ts";
import {
  boundFacts,
  createSession,
  EMPTY,
  type FetchBinding,
  type Loaded,
  loadedAs,
  maxAgeOf,
  movedSession,
  renewedSession,
} from "./stored.ts";
import { SessionWrites } from "./writes.ts";

export interface FetchBindOptions extends RequestBindOptions {
  /** How long the browser keeps the cookie, and the idle lifetime with it: "remember me". Default: the app's `maxAge`. */
  readonly maxAge?: Duration | "session" | undefined;
}

/**
 * The session of a request. Reads see the request's own writes. Writes are kept until `commit`, which the framework's
 * adapter calls once the handler is done: only then is anything stored. A visitor for whom nothing was written has no
 * session and gets no cookie.
 *
 * Reads reject with LiveSessionError `store_failed`. Writes throw `bad_key`, `not_json`, and `closed` after `commit`.
 */
export class FetchSession<Data extends object> extends SessionWrites<Data> {
  readonly #sessions: LiveSessions<Data>;
  readonly #settings: CookieSettings;
  readonly #admit: () => void;
  readonly #given: GivenCookie | null;
  readonly #secure: boolean;
  #loading: Promise<void> | null = null;
  /** What is stored, as far as this request knows; `null` for no session. */
  #loaded: Loaded | null = null;
  #operations: Operation[] = [];
  /** Operations that are being written: reads go on seeing them, and a flush that fails puts them back. */
  #flushing: readonly Operation[] = [];
  #regenerates = false;
  #binding: FetchBinding | null = null;
  #destroyed = false;
  #sends = false;
  #committed = false;
  /** Whether this request loads a page. */
  readonly #navigates: boolean;
  /** Whether the session has had its id for long. */
  #renews = false;
  #attached = false;
  /** What reads and then writes goes one after the other, so that nothing is written twice or slips through between. */
  #last: Promise<unknown> = Promise.resolve();

  /** For `fetchSessions`. */
  constructor(
    sessions: LiveSessions<Data>,
    settings: CookieSettings,
    request: RequestLike,
    countNewcomer: CountNewcomer<RequestLike>,
  ) {
    super();
    this.#sessions = sessions;
    this.#settings = settings;
    this.#admit = () => countNewcomer(request);
    this.#given = givenCookie(settings, request);
    this.#secure = isSecure(settings, request);
    this.#navigates = navigates(request.headers.get("sec-fetch-mode"));
  }

  /** All the data, frozen. Activity: pushes the idle lifetime (throttled by `touchInterval`). */
  async load(): Promise<Session<Data>> {
    await this.#load();
    return this.#data() as Session<Data>;
  }

  /** The value of a key, frozen, or `undefined`. Activity, as `load`. */
  async get<Key extends KeyOf<Data>>(key: Key): Promise<DeepReadonly<Data[Key]> | undefined> {
    const data = (await this.load()) as JsonObject;
    return (Object.hasOwn(data, key) ? data[key] : undefined) as DeepReadonly<Data[Key]> | undefined;
  }

  /**
   * Reads a key once, for messages that one page is to show: the key is removed at once, so that of several requests
   * only one gets the value.
   *
   * @throws LiveSessionError `closed`, `conflict`, `store_failed`
   */
  async take<Key extends KeyOf<Data>>(key: Key): Promise<DeepReadonly<Data[Key]> | undefined> {
    this.#open();
    return this.#next(() => this.#take(key)) as Promise<DeepReadonly<Data[Key]> | undefined>;
  }

  /** Goes on under a new id with the same data, as at login: the old session ends with the commit. */
  regenerate(): void {
    this.#open();
    this.#regenerates = true;
  }

  /**
   * Says whose session this is, at login, beside `regenerate()`: written with the commit, which makes a session if there is
   * none. From then on it is among `sessions.of(principal)`. `null` for nobody's.
   *
   * @throws LiveSessionError `bad_option`, `not_json`, `too_large`, `closed`; the commit then `too_many_sessions`
   */
  bind(principal: string | null, { maxAge, about, deadline }: FetchBindOptions = {}): void {
    this.#open();
    const age = maxAge === undefined || maxAge === "session" ? maxAge : milliseconds(maxAge, "maxAge", 1000);
    this.#binding = { ...checkBinding(principal, { about, deadline }), maxAge: age };
  }

  /** Ends the session at once, for good: logout. What is written after it makes a new session. */
  async destroy(): Promise<void> {
    this.#open();
    // At once: what is written from now on is meant for another session.
    this.#operations = [];
    this.#flushing = [];
    this.#regenerates = false;
    this.#binding = null;
    await this.#next(async () => {
      const loaded = await this.#load();
      this.#destroyed = true;
      if (loaded) await this.#sessions.records.end(loaded.key, "destroyed");
      this.#loaded = null;
    });
  }

  /**
   * Commits what was written so far, makes a session if there is none yet, and attaches to it. Detach the handle when it
   * is no longer needed.
   *
   * @throws LiveSessionError as `commit` and `sessions.attach`; `closed` after a commit that left no session
   */
  async attach(): Promise<LiveSession<Data>> {
    const writes = !this.#committed;
    this.#attached = true; // at a new id the handle would lose its session
    const loaded = await this.#next(async () => {
      if (writes) await this.#flush(true);
      return this.#load();
    });
    if (loaded) return this.#sessions.attach(loaded.id);
    if (this.#committed) this.#open();
    throw unknownSession();
  }

  /**
   * Writes what this request changed, key by key, and nothing else. Await it before the response is sent.
   *
   * @returns the Set-Cookie header to send, or `null`
   * @throws LiveSessionError `too_large`, `not_json`, `invalid_data`, `conflict`, `store_failed`, for a new session
   *   `rate_limited`, and `session_ended` as `lateWrites` has it
   */
  async commit(): Promise<string | null> {
    if (this.#committed) return null;
    this.#committed = true;
    const { rolling } = this.#settings;
    await this.#next(async () => {
      await this.#flush(false);
      await this.#renew();
    });
    const loaded = this.#loading !== null || rolling ? await this.#load() : null;
    if (!loaded) return this.#destroyed && this.#given ? setCookie(this.#settings, this.#secure, null) : null;
    const maxAge = maxAgeOf(loaded.meta, this.#settings.maxAge);
    const moved = loaded.id !== this.#given?.id || this.#given.outdated;
    const sends = moved || rolling || (this.#sends && maxAge !== null);
    if (!sends || (await this.#overSince(loaded))) return null;
    return setCookie(this.#settings, this.#secure, loaded.id, maxAge);
  }

  /** Commits, and gives the response with the cookie, if one is to be sent. Rejects as `commit`. */
  async commitTo(response: Response): Promise<Response> {
    const cookie = await this.commit();
    return cookie === null ? response : withCookie(response, cookie);
  }

  /**
   * Whether a session is over again that just arrived, or that others may have renewed: its cookie would take the place of the
   * one that another request sent since.
   */
  async #overSince({ id, key }: Loaded): Promise<boolean> {
    if (id !== this.#given?.id || !(this.#given.arrive || this.#settings.renewEvery !== null)) return false;
    return (await this.#sessions.records.read(key)).state !== "live";
  }

  #open(): void {
    if (!this.#committed) return;
    const message = "This request's session was committed, and its response may be on its way. Use a live session.";
    throw new LiveSessionError("closed", message);
  }

  protected override add(operation: Operation): void {
    this.#open();
    this.#operations.push(operation);
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {}); // the caller hears of it
    return result;
  }

  async #load(): Promise<Loaded | null> {
    this.#loading ??= this.#read().catch((error) => {
      this.#loading = null; // a later read asks again
      throw error;
    });
    await this.#loading;
    return this.#loaded;
  }

  async #read(): Promise<void> {
    if (!this.#given) return;
    const { id, arrive } = this.#given;
    await arrive?.(this.#sessions);
    const found = await loadSession(this.#sessions, sessionKey(id));
    if (!found) return;
    this.#loaded = loadedAs(id, found);
    const { renewEvery } = this.#settings;
    this.#renews = renewEvery !== null && renewalDue(renewEvery, found.age, !this.#navigates);
  }

  /** What was written is written by now: if another request was first to renew, it goes along there. */
  async #renew(): Promise<void> {
    const loaded = this.#loaded;
    if (!this.#renews || this.#attached || loaded?.id !== this.#given?.id || !loaded) return;
    this.#stored(await renewedSession(this.#sessions, loaded));
  }

  /** The data as this request sees it, once it is loaded. */
  #data(): JsonObject {
    return applied(this.#loaded?.data ?? EMPTY, [...this.#flushing, ...this.#operations]);
  }

  /** In one step, so that no read sees an operation twice or not at all. */
  #stored(loaded: Loaded | null): void {
    this.#loaded = loaded;
    this.#flushing = [];
  }

  async #take(key: string): Promise<unknown> {
    const loaded = await this.#load();
    const data = this.#data();
    if (!Object.hasOwn(data, key)) return undefined;
    if (!loaded || concern(this.#operations, key)) {
      this.#operations.push({ type: "delete", key });
      return data[key];
    }
    let taken: unknown;
    const changesOf = (current: JsonObject) => {
      taken = Object.hasOwn(current, key) ? current[key] : undefined;
      return { put: {}, delete: Object.hasOwn(current, key) ? [key] : [] };
    };
    try {
      this.#stored(await this.#write(loaded, changesOf));
    } catch (error) {
      await this.#overtaken(loaded, error);
    }
    return taken;
  }

  async #flush(creates: boolean): Promise<void> {
    if (!creates && this.#operations.length === 0 && !this.#regenerates && !this.#binding) return;
    await this.#load();
    const operations = this.#operations;
    const regenerates = this.#regenerates;
    const binding = this.#binding;
    this.#flushing = operations;
    this.#operations = [];
    this.#regenerates = false;
    this.#binding = null;
    const before = this.#loaded?.principal ?? null;
    try {
      this.#stored(await this.#settled(operations, regenerates, creates, binding));
    } catch (error) {
      this.#operations = [...this.#flushing, ...this.#operations];
      this.#flushing = [];
      this.#regenerates ||= regenerates;
      this.#binding ??= binding;
      throw error;
    }
    const loaded = this.#loaded;
    if (!binding || !loaded || before === binding.principal) return;
    await this.#sessions.ownership.admit(loaded.key, loaded.incarnation, binding.principal);
  }

  /** The session with these operations written, `null` if there is none. */
  async #settled(
    operations: readonly Operation[],
    regenerates: boolean,
    creates: boolean,
    binding: FetchBinding | null,
  ): Promise<Loaded | null> {
    const loaded = this.#loaded;
    const { maxAge } = this.#settings;
    if (loaded && regenerates) {
      try {
        return await movedSession(this.#sessions, loaded, operations, maxAge, binding);
      } catch (error) {
        if (endOf(error) === null) throw error;
      }
    } else if (loaded) {
      if (operations.length === 0 && !binding) return loaded;
      const changesOf = (data: JsonObject) => diff(data, applied(data, operations));
      try {
        return await this.#write(loaded, changesOf, dependOnData(operations), binding);
      } catch (error) {
        await this.#overtaken(loaded, error);
        return null;
      }
    }
    // A login whose session was over already starts from nothing, too.
    const data = applied(EMPTY, operations);
    if (!creates && !binding && Object.keys(data).length === 0) return null;
    this.#admit();
    return createSession(this.#sessions, data, maxAge, { ...boundFacts(null, binding), deadline: binding?.deadline });
  }

  async #write(
    loaded: Loaded,
    changesOf: (data: JsonObject) => Changes,
    dependsOnData = true,
    binding: FetchBinding | null = null,
  ): Promise<Loaded> {
    const { writer } = this.#sessions;
    const facts = { ...boundFacts(loaded.meta, binding), newDeadline: binding?.deadline };
    const { meta = loaded.meta, principal = loaded.principal } = facts;
    const lifetime = maxAgeOf(meta, this.#settings.maxAge) ?? loaded.lifetime;
    const extras = lifetime === loaded.lifetime ? facts : { ...facts, lifetime };
    const changes = dependsOnData ? null : changesOf(loaded.data);
    if (changes && isEmpty(changes) && !binding) return loaded;
    const { data } = changes
      ? await writer.write(loaded, changes, extras)
      : await writer.transact(loaded, changesOf, extras);
    this.#sends = true;
    return { ...loaded, data, meta, principal, lifetime };
  }

  /** Rethrows what is no end of the session. Of an end: the session is gone, and what was being written with it. */
  async #overtaken({ key }: Loaded, error: unknown): Promise<void> {
    const reason = endOf(error);
    if (reason === null) throw error;
    await refuseMoved(this.#sessions, key, error);
    this.#stored(null);
    if (this.#settings.lateWrites === "error") throw sessionEnded(reason);
  }
}

/** Why a session is over, if an error says so. */
function endOf(error: unknown): EndReason | null {
  return isOver(error) ? ((error as LiveSessionError).reason ?? "destroyed") : null;
}
