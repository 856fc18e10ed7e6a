// The store for express-session: its callbacks, spoken by the hub.

import type { ServerResponse } from "node:http";
import session from "express-session";
import type { AddressOf } from "../../core/address.ts";
import { LiveSessionError, sessionEnded } from "../../core/errors.ts";
import { hiddenField } from "../../core/hidden-field.ts";
import { sessionKey } from "../../core/ids.ts";
import { attempt, ignoreAnswer, type MaybePromise, whenDone } from "../../core/maybe.ts";
import type { Moved } from "../../core/move.ts";
import type { Target } from "../../core/writer.ts";
import { requireSessions } from "../shared/check.ts";
import { FirstSaves } from "../shared/first-saves.ts";
import { nobodys } from "../shared/load.ts";
import { type CountNewcomer, newcomers } from "../shared/newcomers.ts";
import { isMoved, type Renewals, renewed } from "../shared/renewal.ts";
import { type SessionObject, sessionObject } from "../shared/snapshot.ts";
import { type Hub, WorkingCopy } from "../shared/working-copy.ts";
import { dropSessionMembers, expressFormat } from "./format.ts";
import { Readiness } from "./readiness.ts";

export interface ExpressStoreOptions {
  /**
   * What becomes of a save or touch by a request that was overtaken by the end of its session, such as a logout in
   * another tab. `"ignore"` drops it; `"error"` also hands a `session_ended` error to the callback, and so to `next`.
   * Either way the session stays gone. Default `"ignore"`. A write to one that
   * moved to a new id a moment ago is a `session_moved` error all the same.
   */
  readonly lateWrites?: "ignore" | "error" | undefined;
  /**
   * Where a request comes from, for `limits.perAddress.sessions`. Default: `request.ip`, which goes by Express's setting
   * `trust proxy`.
   */
  readonly address?: AddressOf<Request> | undefined;
}

/** Express's request, by way of express-session's types: Express itself is no dependency. */
export type Request = Parameters<session.Store["createSession"]>[0];
type Callback<T = void> = (error?: unknown, value?: T) => void;

/** By session object, since the middleware hands those back; by request too, should user code wrap `req.session`. */
const copies = hiddenField<WorkingCopy | undefined>();

/** Of a request: that it was told to make no new session. */
const refused = hiddenField<true>();

/** The store that `expressStore` makes. */
export class ExpressStore extends session.Store {
  /** Makes a new session for a request; assigned by the middleware. */
  declare generate?: (req: Request) => void;
  readonly #hub: Hub;
  readonly #lateWrites: "ignore" | "error";
  readonly #countNewcomer: CountNewcomer<Request>;
  readonly #readiness: Readiness;
  readonly #firstSaves = new FirstSaves();

  /** For `expressStore`. */
  constructor(hub: Hub, lateWrites: "ignore" | "error", countNewcomer: CountNewcomer<Request>) {
    super();
    this.#hub = hub;
    this.#lateWrites = lateWrites;
    this.#countNewcomer = countNewcomer;
    this.#readiness = new Readiness(hub, (event) => this.emit(event));
  }

  /** Gives a fresh copy of the session, `null` if there is no live one under this id. Writes nothing. */
  override get(sid: string, callback: (error: unknown, session?: session.SessionData | null) => void): void {
    this.#answer(callback, () => {
      const copy = this.#copy(sid);
      return whenDone(this.#hub.records.read(copy.key), (found) => {
        if (found.state !== "live") return nobodys(found, this.#hub);
        const left = found.record.expiresAt - found.now;
        const object = sessionObject(found.record, left);
        copies.set(object, copy.loaded(found.record, left, found.now - found.record.createdAt));
        return object as unknown as session.SessionData;
      });
    });
  }

  /** Makes the request's Session of what `get` gave. A record made outside the middleware gets its cookie here. */
  override createSession(req: Request, data: session.SessionData): session.Session & session.SessionData {
    const copy = copies.get(data);
    if (!copy?.setWithoutCookie) data.cookie ??= this.#newCookie(req);
    dropSessionMembers(data as unknown as SessionObject);
    const made = super.createSession(req, data);
    if (!copy) return made;
    copy.heldAsSession();
    copies.set(made, copy);
    copies.set(req, copy);
    return made;
  }

  /** Writes what the request changed since it loaded the session; creates a new one. Never revives an ended one. */
  override set(sid: string, data: session.SessionData, callback?: Callback): void {
    this.#answer(callback, () => {
      const object = data as unknown as SessionObject;
      const copy = this.#copyOf(sid, object);
      if (copy.known) {
        const save = () => copy.save(object);
        return attempt(save, ignoreAnswer, (error) => refuse(object, error));
      }
      if (wasGivenUp(sid, object)) throw sessionEnded("destroyed");
      const request = requestOf(object);
      // The middleware tries once more with the response. Where that says 429 already, an error would only cut it off.
      if (request && refused.get(request) && request.res?.statusCode === 429) return;
      return this.#firstSaves.add(
        copy.key,
        copy.save(object, undefined, () => this.#admit(request)),
      );
    });
  }

  /** Pushes the lifetime and keeps a changed cookie. Never writes data and never creates. */
  override touch(sid: string, data: session.SessionData, callback?: Callback): void {
    const object = data as unknown as SessionObject;
    this.#answer(callback, () => this.#copyOf(sid, object).touch(object));
  }

  /** Ends the session for good, wherever it is attached. */
  override destroy(sid: string, callback?: Callback): void {
    this.#answer(callback, async () => this.#end(sid, "destroyed"));
  }

  /** Ends the request's session and gives the request a new one. If the end fails, the old one stays in place. */
  override regenerate(req: Request, callback: Callback): void {
    this.#answer(callback, async () => {
      await this.#end(req.sessionID, "regenerated");
      copies.set(req, undefined);
      this.generate?.(req);
    });
  }

  /** Every live session, without ids: the store knows only their hashes. */
  override all(callback: (error: unknown, sessions?: session.SessionData[]) => void): void {
    this.#answer(callback, async () => {
      const now = this.#hub.clock.now();
      const sessions: session.SessionData[] = [];
      for await (const { record, failure } of this.#hub.records.list()) {
        if (failure !== undefined) throw failure;
        sessions.push(sessionObject(record, record.expiresAt - now) as unknown as session.SessionData);
      }
      return sessions;
    });
  }

  /** The number of live sessions. */
  override length(callback: (error: unknown, length?: number) => void): void {
    this.#answer(callback, async () => this.#hub.records.count());
  }

  /** Ends every session for good. */
  override clear(callback?: Callback): void {
    this.#answer(callback, async () => {
      for await (const { key } of this.#hub.records.list()) await this.#hub.records.end(key, "destroyed");
    });
  }

  /**
   * For `renewSession`: gives a request's session a new id if it has had the old one for long.
   *
   * @throws LiveSessionError `session_moved`, and what saving throws
   */
  async renew(req: Request, renewals: Renewals, response: ServerResponse): Promise<void> {
    const object = req.session as unknown as SessionObject | undefined;
    const copy = object && copies.get(object);
    if (!object || !copy?.known || !copy.isOf(req.sessionID, this.#hub)) return;
    const { key, age } = copy;
    const mode = req.headers["sec-fetch-mode"] as string | undefined;
    try {
      await renewals.attend(this.#hub, { key, age, mode, response }, async () => {
        await copy.save(object); // what was changed before it came here
        const sid = this.#shadow(req).sessionID;
        const moved = await renewed(this.#hub, copy.target as Target, sid);
        if (moved) this.#goOnAs(req, sid, moved);
        return moved !== null;
      });
    } catch (error) {
      if (isMoved(error)) leave(req);
      throw error;
    }
  }

  #goOnAs(req: Request, sid: string, { record, left }: Moved): void {
    const object = sessionObject(record, left);
    copies.set(object, this.#copy(sid).loaded(record, left, 0));
    req.sessionID = sid;
    this.createSession(req, object as unknown as session.SessionData);
  }

  async #end(sid: string, reason: "destroyed" | "regenerated"): Promise<void> {
    const key = sessionKey(sid);
    await this.#firstSaves.settled(key);
    await this.#hub.records.end(key, reason);
  }

  /** Of a session that user code made without a request nobody knows where it comes from. */
  #admit(request: Request | undefined): void {
    if (!request) return;
    try {
      this.#countNewcomer(request);
    } catch (error) {
      refused.set(request, true);
      throw error;
    }
  }

  #copy(sid: string): WorkingCopy {
    return new WorkingCopy(sid, this.#hub, expressFormat, this.#lateWrites);
  }

  #copyOf(sid: string, object: SessionObject): WorkingCopy {
    const own = copies.get(object);
    if (own?.isOf(sid, this.#hub)) return own;
    const req = requestOf(object);
    const requests = req && copies.get(req);
    if (requests?.isOf(sid, this.#hub)) return requests;
    const copy = this.#copy(sid);
    copies.set(object, copy);
    if (req) copies.set(req, copy);
    return copy;
  }

  /** The cookie that the middleware gives a new session, had for one by letting it make one for a shadow of the request. */
  #newCookie(req: Request): session.Cookie {
    const shadow = this.#shadow(req);
    const cookie = Object.hasOwn(shadow, "session") ? shadow.session.cookie : new session.Cookie();
    return JSON.parse(JSON.stringify(cookie)) as session.Cookie;
  }

  /** The request as if it had come without a session: with a new one. */
  #shadow(req: Request): Request {
    const shadow = Object.create(req, { headers: { value: req.headers ?? {} } }) as Request;
    try {
      this.generate?.(shadow);
    } catch (error) {
      if (req.headers) throw error; // without headers it is no request, but what `load` stands in for one
    }
    return shadow;
  }

  /**
   * Calls back once, never before the call returns. What a callback throws is the process's, as with any callback: not a
   * rejection, and not ours.
   */
  #answer<T>(
    callback: Callback<T> | ((error: unknown, value?: T) => void) | undefined,
    work: () => MaybePromise<T>,
  ): void {
    attempt(
      work,
      (value) => queueMicrotask(() => callback?.(null, value)),
      (error) => {
        this.#readiness.failed(error);
        if (callback) queueMicrotask(() => callback(error));
        else this.#hub.report(error, { stage: "express-session" });
      },
    );
  }
}

/** Without an id the middleware neither saves nor sends the cookie, which would take the place of the one for the new id. */
function leave(req: Request): void {
  (req as { sessionID: string | undefined }).sessionID = undefined;
}

function refuse(object: SessionObject, error: unknown): never {
  if (isMoved(error) && isObject(object.req)) leave(object.req as Request);
  throw error;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The request that a Session is of. */
function requestOf(object: SessionObject): Request | undefined {
  return object instanceof session.Session && isObject(object.req) ? (object.req as Request) : undefined;
}

/** Whether a Session that was never saved is no longer its request's: destroyed, or replaced by `regenerate`. */
function wasGivenUp(sid: string, object: SessionObject): boolean {
  if (!(object instanceof session.Session)) return false;
  const { req } = object as { req?: { session?: { id?: string } | null } };
  return req !== undefined && req.session?.id !== sid;
}

/**
 * A store for the unmodified express-session: `session({ store: expressStore(sessions), secret, ... })`. Requests then
 * share their sessions with everything else that is attached to them, and write only the keys that they changed.
 *
 * Errors reach the middleware's `next`: `store_failed`, `too_large`, `not_json`, `bad_key`, `invalid_data`, `conflict`,
 * `rate_limited`.
 *
 * @throws LiveSessionError `bad_option`
 */
export function expressStore(sessions: Hub, options: ExpressStoreOptions = {}): ExpressStore {
  for (const name of Object.keys(options)) {
    if (name !== "lateWrites" && name !== "address")
      throw new LiveSessionError("bad_option", `expressStore: there is no option "${name}".`);
  }
  const { lateWrites = "ignore", address } = options;
  requireSessions("expressStore", sessions);
  if (lateWrites !== "ignore" && lateWrites !== "error") {
    throw new LiveSessionError("bad_option", `lateWrites: "${lateWrites}" is neither "ignore" nor "error".`);
  }
  return new ExpressStore(sessions, lateWrites, newcomers(sessions, address));
}
