// What express-session's Session asks of its store, answered for one request by the cookie.

import type { IncomingMessage, ServerResponse } from "node:http";
import session from "express-session";
import { generateSessionId } from "../../core/ids.ts";
import { cloneJson } from "../../core/json.ts";
import { cookieSessionError, markSealed } from "../../core/sealed.ts";
import type { JsonObject } from "../../core/store.ts";
import { dropSessionMembers, expressFormat } from "../express/format.ts";
import { type CookieFacts, cookieJson, type StoredCookie } from "../shared/cookie.ts";
import type { SessionObject } from "../shared/snapshot.ts";
import type { SealedCookies } from "./cookies.ts";
import type { Opened, SealedSession } from "./seal.ts";

/** Express's request, by way of express-session's types: Express itself is no dependency. */
export type Request = Parameters<session.Store["createSession"]>[0];
type Callback = (error?: unknown) => void;

const EMPTY: JsonObject = Object.freeze({});

export class RequestStore extends session.Store {
  readonly #cookies: SealedCookies;
  readonly #request: Request;
  readonly #response: ServerResponse;
  readonly #secure: boolean;
  /** The session that the browser has, `null` for none, also once the request gave it up. */
  #found: Opened | null;
  /** What `save` was called with last, sealed or not. */
  #saved: SealedSession | null = null;
  #isGivenUp = false;

  constructor(cookies: SealedCookies, request: Request, response: ServerResponse, secure: boolean) {
    super();
    this.#cookies = cookies;
    this.#request = request;
    this.#response = response;
    this.#secure = secure;
    this.#found = cookies.find(request.headers.cookie, secure);
  }

  /** Gives the request its session: the one in its cookie, or a new one. */
  start(): void {
    if (!this.#found) return this.generate(this.#request);
    const { id } = this.#found.session;
    this.#request.sessionID = id;
    this.createSession(this.#request, this.#dataOf(this.#found.session));
  }

  /** @param given the request, as express-session's types know it */
  generate(given: object): void {
    const request = given as Request;
    request.sessionID = generateSessionId();
    const { kept, lifetime } = this.#cookies.usual;
    this.createSession(request, dataWith(this.#cookieOf(kept ? lifetime : null, lifetime)));
  }

  override createSession(request: Request, data: session.SessionData): session.Session & session.SessionData {
    dropSessionMembers(data as unknown as SessionObject);
    return markSealed(super.createSession(request, data));
  }

  /** As the browser has it, or as it was saved since. */
  override get(sid: string, callback: (error: unknown, session?: session.SessionData | null) => void): void {
    const session = this.#saved ?? this.#found?.session;
    callback(null, session?.id === sid ? this.#dataOf(session) : null);
  }

  /** Notes what the response is to send. An error if it is too late for that, or the cookie would be too large. */
  override set(_sid: string, data: session.SessionData, callback?: Callback): void {
    try {
      if (this.#response.headersSent || isUpgrade(this.#request)) throw cookieSessionError();
      const next = this.#next(data);
      if (next) this.#cookies.line(next, this.#secure);
      this.#saved = next ?? this.#saved;
    } catch (error) {
      callback?.(error);
      return;
    }
    callback?.();
  }

  /** Has the response take the cookie away. */
  override destroy(_sid: string, callback?: Callback): void {
    if (this.#response.headersSent || isUpgrade(this.#request)) return callback?.(cookieSessionError());
    this.#found = null;
    this.#saved = null;
    this.#isGivenUp = true;
    callback?.();
  }

  /**
   * The Set-Cookie header that the response is to have, `null` for none.
   *
   * @throws LiveSessionError `too_large`, `not_json`, `bad_key`
   */
  line(): string | null {
    const own = this.#request.session as (session.Session & session.SessionData) | null | undefined;
    const next = own ? this.#next(own) : this.#saved;
    if (next) return this.#cookies.line(next, this.#secure);
    const isLeft = this.#isGivenUp && this.#cookies.isGiven(this.#request.headers.cookie, this.#secure);
    return isLeft ? this.#cookies.removal(this.#secure) : null;
  }

  #next(object: session.SessionData): SealedSession | null {
    const found = this.#found;
    const known = found?.session.data ?? EMPTY;
    const data = expressFormat.dataOf(object as unknown as SessionObject, known);
    const facts = this.#factsOf(object);
    if (facts && facts.lifetime !== null && facts.lifetime <= 0) {
      this.destroy(this.#request.sessionID);
      return null;
    }
    const { lifetime } = this.#cookies.usual;
    const own = { lifetime: facts?.lifetime ?? lifetime, kept: facts !== null && facts.lifetime !== null };
    return this.#cookies.next(found, { id: this.#request.sessionID, data, ...own });
  }

  #factsOf(object: session.SessionData): CookieFacts | null {
    const session = this.#found?.session;
    const known = session && (this.#cookieOf(session.kept ? session.lifetime : null, 0) as unknown as StoredCookie);
    return expressFormat.cookieOf(object as unknown as SessionObject, known);
  }

  #dataOf({ data, kept, lifetime, expiresAt }: SealedSession): session.SessionData {
    const cookie = this.#cookieOf(kept ? lifetime : null, expiresAt - this.#cookies.settings.clock.now());
    return dataWith(cookie, cloneJson(data));
  }

  /** @param left of a cookie with a date, in ms */
  #cookieOf(originalMaxAge: number | null, left: number): session.Cookie {
    const { path, domain, sameSite } = this.#cookies.settings.cookie;
    const stored = { originalMaxAge, path, domain, sameSite, secure: this.#secure, httpOnly: true };
    const json = originalMaxAge === null ? { ...stored, expires: null } : cookieJson(stored, left);
    return json as unknown as session.Cookie;
  }
}

/** `SessionData` has what the app declares to be in it, which a session may lack. */
function dataWith(cookie: session.Cookie, data: JsonObject = EMPTY): session.SessionData {
  return { ...data, cookie } as unknown as session.SessionData;
}

/** What came to be upgraded has a response that is never sent. */
function isUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined;
}
