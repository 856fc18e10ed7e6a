// The session of one Request, sealed in its cookie: opened when it is first read, sealed again where it changed.

import { LiveSessionError } from "../../core/errors.ts";
import { cookieSessionError, markSealed } from "../../core/sealed.ts";
import type { DeepReadonly, KeyOf, Session } from "../../core/session-map.ts";
import type { JsonObject } from "../../core/store.ts";
import { type RequestLike, withCookie } from "../fetch/cookie.ts";
import { applied, type Operation } from "../fetch/operations.ts";
import type { RequestSession } from "../fetch/request-session.ts";
import { SessionWrites } from "../fetch/writes.ts";
import type { SealedCookies } from "./cookies.ts";
import type { Opened } from "./seal.ts";

const EMPTY: JsonObject = Object.freeze({});

/**
 * The session of a request, kept in its cookie. Reads see the request's own writes. Writes are kept until `commit`, which
 * gives the new cookie. A visitor for whom nothing was written has no session and gets no cookie.
 *
 * Of requests at the same time the last response wins, as a whole: `update` and `take` are not atomic here. Writes throw
 * `bad_key`, `not_json`, and `closed` after `commit`.
 */
export class CookieSession<Data extends object> extends SessionWrites<Data> implements RequestSession<Data> {
  readonly #cookies: SealedCookies;
  readonly #header: string | undefined;
  readonly #secure: boolean;
  /** `undefined` until it is looked at. */
  #opened: Opened | null | undefined;
  #operations: Operation[] = [];
  #regenerates = false;
  #destroyed = false;
  #committed = false;

  /** For `cookieSessions`. */
  constructor(cookies: SealedCookies, request: RequestLike) {
    super();
    this.#cookies = cookies;
    this.#header = request.headers.get("cookie") ?? undefined;
    this.#secure = cookies.isSecure(request.url);
    markSealed(this);
  }

  /** All the data, frozen. Activity: pushes the idle lifetime (throttled by `touchInterval`), unless `rolling` is false. */
  async load(): Promise<Session<Data>> {
    return markSealed(Object.freeze({ ...this.#data() })) as Session<Data>;
  }

  /** The value of a key, frozen, or `undefined`. Activity, as `load`. */
  async get<Key extends KeyOf<Data>>(key: Key): Promise<DeepReadonly<Data[Key]> | undefined> {
    return ownValue(this.#data(), key) as DeepReadonly<Data[Key]> | undefined;
  }

  /**
   * Reads a key once, for messages that one page is to show.
   *
   * @throws LiveSessionError `closed`
   */
  async take<Key extends KeyOf<Data>>(key: Key): Promise<DeepReadonly<Data[Key]> | undefined> {
    this.#open();
    const value = ownValue(this.#data(), key);
    if (value !== undefined) this.add({ type: "delete", key });
    return value as DeepReadonly<Data[Key]> | undefined;
  }

  /** Goes on under a new id with the same data, as at login. The cookie before it stays valid until it expires. */
  regenerate(): void {
    this.#open();
    this.#regenerates = true;
  }

  /** Takes the cookie away from this browser: logout. A copy of it stays valid until it expires. */
  async destroy(): Promise<void> {
    this.#open();
    this.#operations = [];
    this.#regenerates = false;
    this.#destroyed = true;
    this.#opened = null;
  }

  /** @throws LiveSessionError `cookie_session`: what is in a cookie cannot be live */
  async attach(): Promise<never> {
    throw cookieSessionError();
  }

  /**
   * Seals the session if this request changed it, or its cookie is to be renewed. Await it before the response is sent.
   *
   * @returns the Set-Cookie header to send, or `null`
   * @throws LiveSessionError `too_large`, `not_json`: nothing is to be sent, and the cookie before stays as it is
   */
  async commit(): Promise<string | null> {
    if (this.#committed) return null;
    this.#committed = true;
    if (this.#opened === undefined && this.#operations.length === 0 && !this.#regenerates) return null;
    const next = this.#cookies.next(this.#found(), { data: this.#data(), moves: this.#regenerates });
    if (next) return this.#cookies.line(next, this.#secure);
    const isLeft = this.#destroyed && this.#cookies.isGiven(this.#header, this.#secure);
    return isLeft ? this.#cookies.removal(this.#secure) : null;
  }

  /** Commits, and gives the response with the cookie, if one is to be sent. Rejects as `commit`. */
  async commitTo(response: Response): Promise<Response> {
    const cookie = await this.commit();
    return cookie === null ? response : withCookie(response, cookie);
  }

  #open(): void {
    if (!this.#committed) return;
    throw new LiveSessionError("closed", "This request's session was committed, and its response may be on its way.");
  }

  protected override add(operation: Operation): void {
    this.#open();
    this.#operations.push(operation);
  }

  #found(): Opened | null {
    if (this.#opened === undefined) this.#opened = this.#cookies.find(this.#header, this.#secure);
    return this.#opened;
  }

  /** The data as this request sees it, frozen. */
  #data(): JsonObject {
    return applied(this.#found()?.session.data ?? EMPTY, this.#operations);
  }
}

function ownValue(data: JsonObject, key: string): unknown {
  return Object.hasOwn(data, key) ? data[key] : undefined;
}
