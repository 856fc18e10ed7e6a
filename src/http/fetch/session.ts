// The session of one Request: loaded when it is first read, written once, before the response.

import { diff, isEmpty } from "../../core/changes.ts";
import { LiveSessionError, sessionEnded, unknownSession } from "../../core/errors.ts";
import type { LiveSessions } from "../../core/hub.ts";
import { generateSessionId, type SessionKey, sessionKey } from "../../core/ids.ts";
import { checkKey, copyJson } from "../../core/json.ts";
import type { LiveSession } from "../../core/live-session.ts";
import type { DeepReadonly, KeyOf, Session } from "../../core/session-map.ts";
import type { EndReason, JsonObject } from "../../core/store.ts";
import { loadSession } from "../shared/load.ts";
import { type GivenCookie, givenCookie, isSecure, type RequestLike, setCookie, withCookie } from "./cookie.ts";
import { applied, concern, dependOnData, type Operation } from "./operations.ts";
import type { CookieSettings } from "./options.ts";

interface Loaded {
  readonly id: string;
  readonly key: SessionKey;
  readonly incarnation: string;
  readonly lifetime: number;
  readonly data: JsonObject;
}

const EMPTY: JsonObject = Object.freeze({});

/**
 * The session of a request. Reads see the request's own writes. Writes are kept until `commit`, which the framework's
 * adapter calls once the handler is done: only then is anything stored. A visitor for whom nothing was written has no
 * session and gets no cookie.
 *
 * Reads reject with LiveSessionError `store_failed`. Writes throw `bad_key`, `not_json`, and `closed` after `commit`.
 */
export class FetchSession<Data extends object> {
  readonly #sessions: LiveSessions<Data>;
  readonly #settings: CookieSettings;
  readonly #given: GivenCookie | null;
  readonly #secure: boolean;
  #loading: Promise<Loaded | null> | null = null;
  #operations: Operation[] = [];
  #regenerates = false;
  #destroyed = false;
  #sends = false;
  #committed = false;

  /** For `fetchSessions`. */
  constructor(sessions: LiveSessions<Data>, settings: CookieSettings, request: RequestLike) {
    this.#sessions = sessions;
    this.#settings = settings;
    this.#given = givenCookie(settings, request);
    this.#secure = isSecure(settings, request);
  }

  /** All the data, frozen. Activity: pushes the idle lifetime (throttled by `touchInterval`). */
  async load(): Promise<Session<Data>> {
    return applied((await this.#load())?.data ?? EMPTY, this.#operations) as Session<Data>;
  }

  /** The value of a key, frozen, or `undefined`. Activity, as `load`. */
  async get<Key extends KeyOf<Data>>(key: Key): Promise<DeepReadonly<Data[Key]> | undefined> {
    const data = (await this.load()) as JsonObject;
    return (Object.hasOwn(data, key) ? data[key] : undefined) as DeepReadonly<Data[Key]> | undefined;
  }

  /** Writes one key; `undefined` deletes it. */
  put<Key extends KeyOf<Data>>(key: Key, value: Data[Key]): void {
    checkKey(key);
    if (value === undefined) this.#add({ type: "delete", key });
    else this.#add({ type: "put", key, value: copyJson(value, key) });
  }

  /**
   * Changes one key by its value, atomically: of N concurrent updates none is lost. `change` gets a copy that it may
   * change and return, runs for reads and again at the commit, and must not wait; `undefined` deletes the key.
   */
  update<Key extends KeyOf<Data>>(key: Key, change: (value: Data[Key] | undefined) => Data[Key] | undefined): void {
    checkKey(key);
    this.#add({ type: "update", key, change: change as (value: unknown) => unknown });
  }

  /** Removes a key; one that is not there is no error. */
  delete(key: KeyOf<Data>): void {
    checkKey(key);
    this.#add({ type: "delete", key });
  }

  /** Removes every key. The session itself goes on: to end it, `destroy()`. */
  clear(): void {
    this.#add({ type: "clear" });
  }

  /**
   * Reads a key once, for messages that one page is to show: the key is removed at once, so that of several requests
   * only one gets the value.
   *
   * @throws LiveSessionError `closed`, `conflict`, `store_failed`
   */
  async take<Key extends KeyOf<Data>>(key: Key): Promise<DeepReadonly<Data[Key]> | undefined> {
    this.#open();
    const value = await this.get(key);
    if (value === undefined) return undefined;
    const loaded = await this.#load();
    if (!loaded || concern(this.#operations, key)) {
      this.delete(key);
      return value;
    }
    let taken: unknown;
    await this.#write(loaded, (data) => {
      taken = Object.hasOwn(data, key) ? data[key] : undefined;
      return { put: {}, delete: Object.hasOwn(data, key) ? [key] : [] };
    });
    return taken as DeepReadonly<Data[Key]> | undefined;
  }

  /** Goes on under a new id with the same data, as at login: the old session ends with the commit. */
  regenerate(): void {
    this.#open();
    this.#regenerates = true;
  }

  /** Ends the session at once, for good: logout. What is written after it makes a new session. */
  async destroy(): Promise<void> {
    this.#open();
    const loaded = await this.#load();
    this.#operations = [];
    this.#destroyed = true;
    if (loaded) await this.#sessions.records.end(loaded.key, "destroyed");
    this.#loading = Promise.resolve(null);
  }

  /**
   * Commits what was written so far, makes a session if there is none yet, and attaches to it. Detach the handle when it
   * is no longer needed.
   *
   * @throws LiveSessionError as `commit` and `sessions.attach`; `closed` after a commit that left no session
   */
  async attach(): Promise<LiveSession<Data>> {
    if (!this.#committed) await this.#flush(true);
    const loaded = await this.#load();
    if (loaded) return this.#sessions.attach(loaded.id);
    if (this.#committed) this.#open();
    throw unknownSession();
  }

  /**
   * Writes what this request changed, key by key, and nothing else. Await it before the response is sent.
   *
   * @returns the Set-Cookie header to send, or `null`
   * @throws LiveSessionError `too_large`, `not_json`, `invalid_data`, `conflict`, `store_failed`, and `session_ended` as
   *   `lateWrites` has it
   */
  async commit(): Promise<string | null> {
    if (this.#committed) return null;
    this.#committed = true;
    const { rolling, maxAge } = this.#settings;
    if (this.#operations.length > 0 || this.#regenerates) await this.#flush(false);
    const loaded = this.#loading !== null || rolling ? await this.#load() : null;
    if (!loaded) return this.#destroyed && this.#given ? setCookie(this.#settings, this.#secure, null) : null;
    const moved = loaded.id !== this.#given?.id || this.#given.outdated;
    const sends = moved || rolling || (this.#sends && maxAge !== null);
    return sends ? setCookie(this.#settings, this.#secure, loaded.id) : null;
  }

  /** Commits, and gives the response with the cookie, if one is to be sent. Rejects as `commit`. */
  async commitTo(response: Response): Promise<Response> {
    const cookie = await this.commit();
    return cookie === null ? response : withCookie(response, cookie);
  }

  #open(): void {
    if (!this.#committed) return;
    const message = "This request's session was committed, and its response may be on its way. Use a live session.";
    throw new LiveSessionError("closed", message);
  }

  #add(operation: Operation): void {
    this.#open();
    this.#operations.push(operation);
  }

  #load(): Promise<Loaded | null> {
    this.#loading ??= this.#read().catch((error) => {
      this.#loading = null; // a later read asks again
      throw error;
    });
    return this.#loading;
  }

  async #read(): Promise<Loaded | null> {
    return this.#given ? this.#readId(this.#given.id) : null;
  }

  async #readId(id: string): Promise<Loaded | null> {
    const key = sessionKey(id);
    const found = await loadSession(this.#sessions, key);
    if (!found) return null;
    const { incarnation, lifetime, data } = found.record;
    return { id, key, incarnation, lifetime, data };
  }

  async #flush(creates: boolean): Promise<void> {
    const operations = this.#operations;
    let loaded = await this.#load();
    if (loaded && this.#regenerates) loaded = await this.#move(loaded.id);
    this.#regenerates = false;
    if (loaded) {
      const apply = (data: JsonObject) => diff(data, applied(data, operations));
      if (operations.length > 0) await this.#write(loaded, apply, dependOnData(operations));
    } else {
      const data = applied(EMPTY, operations);
      if (creates || !isEmpty({ put: data, delete: [] })) this.#loading = Promise.resolve(await this.#create(data));
    }
    this.#operations = [];
  }

  async #write(
    loaded: Loaded,
    changesOf: (data: JsonObject) => { put: JsonObject; delete: readonly string[] },
    dependsOnData = true,
  ): Promise<void> {
    const { writer } = this.#sessions;
    const { maxAge } = this.#settings;
    const extras = maxAge === null || maxAge === loaded.lifetime ? {} : { lifetime: maxAge };
    try {
      let { data } = loaded;
      if (dependsOnData) {
        ({ data } = await writer.transact(loaded, changesOf, extras));
      } else {
        const changes = changesOf(data);
        if (isEmpty(changes)) return;
        ({ data } = await writer.write(loaded, changes, extras));
      }
      this.#sends = true;
      this.#loading = Promise.resolve({ ...loaded, data });
    } catch (error) {
      const reason = endOf(error);
      if (reason === null) throw error;
      this.#loading = Promise.resolve(null);
      if (this.#settings.lateWrites === "error") throw sessionEnded(reason);
    }
  }

  async #create(data: JsonObject): Promise<Loaded> {
    const { writer, records } = this.#sessions;
    const id = generateSessionId();
    const key = sessionKey(id);
    const checked = await writer.checked(EMPTY, { put: data, delete: [] });
    const lifetime = this.#settings.maxAge ?? records.lifetime;
    const result = await records.commit(key, { ...checked, mode: "create", lifetime });
    if (!result.ok) throw writer.refusal(result);
    return { id, key, incarnation: result.incarnation, lifetime, data: result.data ?? checked.put };
  }

  /** The session under its new id; `null` if it was over already: then a login starts from nothing. */
  async #move(from: string): Promise<Loaded | null> {
    try {
      const moved = await this.#readId(await this.#sessions.regenerate(from));
      this.#loading = Promise.resolve(moved);
      return moved;
    } catch (error) {
      if (endOf(error) === null) throw error;
      this.#loading = Promise.resolve(null);
      return null;
    }
  }
}

/** Why a session is over, if an error says so. */
function endOf(error: unknown): EndReason | null {
  if (!(error instanceof LiveSessionError)) return null;
  if (error.code !== "session_ended" && error.code !== "unknown_session") return null;
  return error.reason ?? "destroyed";
}
