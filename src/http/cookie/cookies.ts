// The sealed cookies of an app: found in requests, and made for responses.

import { diff, isEmpty } from "../../core/changes.ts";
import { readCookie } from "../../core/cookies.ts";
import { LiveSessionError } from "../../core/errors.ts";
import { generateSessionId } from "../../core/ids.ts";
import { jsonBytes } from "../../core/json.ts";
import type { JsonObject } from "../../core/store.ts";
import { cookieLine, cookieName, isSecure } from "../fetch/cookie.ts";
import { type CookieSessionsOptions, readSealedOptions, type SealedSettings } from "./options.ts";
import type { Opened, SealedSession } from "./seal.ts";

/**
 * What browsers take as a cookie: RFC 6265 counts name, value and attributes, 6265bis the first two. Here it is all of
 * the line, so that none drops it.
 */
const COOKIE_BYTES = 4096;

/** Unless `touchInterval` says otherwise, as a part of the lifetime. */
const TOUCH_PART = 1 / 20;

/** What a request made of its session. */
export interface Outcome {
  /** The id of a session that is new. */
  readonly id?: string | undefined;
  readonly data: JsonObject;
  /** Whether it goes on under a new id. */
  readonly moves?: boolean;
  readonly lifetime?: number;
  readonly kept?: boolean;
}

export class SealedCookies {
  readonly #settings: SealedSettings;

  /** @throws LiveSessionError `bad_option` */
  constructor(options: CookieSessionsOptions) {
    this.#settings = readSealedOptions(options);
  }

  get settings(): SealedSettings {
    return this.#settings;
  }

  /** What a session has unless it is told otherwise. */
  get usual(): Pick<SealedSession, "kept" | "lifetime"> {
    const { cookie, lifetime } = this.#settings;
    return { kept: cookie.maxAge !== null, lifetime };
  }

  /** Whether the cookie is a secure one in answer to a request with such a URL. */
  isSecure(url: string): boolean {
    return isSecure(this.#settings.cookie, { url });
  }

  name(secure: boolean): string {
    return cookieName(this.#settings.cookie, secure);
  }

  /** Whether a request has a cookie of this name at all. */
  isGiven(header: string | undefined, secure: boolean): boolean {
    return readCookie(header, this.name(secure)) !== null;
  }

  /** The session in the request's cookie; `null` if there is none that one of the secrets sealed, or it is over. */
  find(header: string | undefined, secure: boolean): Opened | null {
    const name = this.name(secure);
    const value = readCookie(header, name);
    return value === null ? null : this.#settings.seal.open(name, value, this.#settings.clock.now());
  }

  /** The session that the browser is to be sent, `null` if what it has says all that there is to say. */
  next(found: Opened | null, outcome: Outcome): SealedSession | null {
    const { deadline: longest, clock } = this.#settings;
    const { data, moves = false, lifetime, kept } = { ...this.usual, ...outcome };
    const now = clock.now();
    if (!found) {
      if (Object.keys(data).length === 0) return null;
      const deadline = now + longest;
      const id = outcome.id ?? generateSessionId();
      return { id, lifetime, deadline, kept, data, expiresAt: Math.min(now + lifetime, deadline) };
    }
    const { session, outdated } = found;
    const changed = moves || lifetime !== session.lifetime || kept !== session.kept;
    const active = changed || !isEmpty(diff(session.data, data)) || this.#pushDue(session, now);
    if (!active && !outdated) return null;
    const expiresAt = active ? Math.min(now + lifetime, session.deadline) : session.expiresAt;
    return { ...session, id: moves ? generateSessionId() : session.id, lifetime, kept, data, expiresAt };
  }

  #pushDue({ lifetime, expiresAt, deadline }: SealedSession, now: number): boolean {
    const { cookie, touchInterval } = this.#settings;
    if (!cookie.rolling || expiresAt === deadline) return false;
    return lifetime - (expiresAt - now) >= Math.min(touchInterval ?? lifetime * TOUCH_PART, lifetime / 2);
  }

  /**
   * The Set-Cookie header with a session.
   *
   * @throws LiveSessionError `too_large`
   */
  line(session: SealedSession, secure: boolean): string {
    const { cookie, seal, clock } = this.#settings;
    const value = seal.close(this.name(secure), session);
    const line = cookieLine(cookie, secure, value, session.kept ? session.expiresAt - clock.now() : null);
    if (line.length <= COOKIE_BYTES) return line;
    const bytes = `${line.length} bytes, made of ${jsonBytes(session.data)} bytes of JSON`;
    throw new LiveSessionError(
      "too_large",
      `The session's cookie would have ${bytes}. Browsers take ${COOKIE_BYTES} bytes. Keep less in the session, or switch ` +
        "to a live store, where only an id is in the cookie: see docs/adapters/cookie.md.",
    );
  }

  /** The Set-Cookie header that takes the cookie away. */
  removal(secure: boolean): string {
    return cookieLine(this.#settings.cookie, secure, null, null);
  }
}
