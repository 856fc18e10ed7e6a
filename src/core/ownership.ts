// Whose session it is: binding, listing someone's sessions, ending them, and how many one may have.

import type { Duration } from "./duration.ts";
import { milliseconds } from "./duration.ts";
import { LiveSessionError, sessionEnded, unknownSession } from "./errors.ts";
import { type SessionKey, sessionKey } from "./ids.ts";
import { copyJson, jsonBytes } from "./json.ts";
import type { SessionRecords } from "./records.ts";
import type { CommitResult, EndReason, JsonObject, ListedRecord, SessionRecord } from "./store.ts";

/** What an app keeps about a session beside its data, to show to whoever owns it: user agent, address, a label. JSON. */
export type SessionAbout = JsonObject;

/** One of a principal's sessions. It does not hold the data, nor the id, which is the browser's secret. */
export interface OwnedSession {
  /** Names the session, for `end`. No secret. */
  readonly key: SessionKey;
  readonly principal: string;
  /** When this id was made, in ms since 1970: at login, if the id is renewed there. */
  readonly createdAt: number;
  /** The last activity that was written down: see `touchInterval`. Not known once the deadline cuts the lifetime short. */
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly deadline: number | null;
  /** What `bind` was given; `{}` if nothing, or if it cannot be decrypted. */
  readonly about: SessionAbout;
}

/** How many sessions one principal may have, and what becomes of one more: it is refused, or that of the oldest id makes way. */
export interface PrincipalLimit {
  readonly max: number;
  readonly whenFull: "refuse" | "end-oldest";
}

/** A session of somebody, in whatever way the caller knows it: its id, its key, a live session. */
export type SessionReference = string | { readonly key: SessionKey };

/** The sessions of one principal. */
export interface PrincipalSessions extends AsyncIterable<OwnedSession> {
  /** All that are live, the last seen first. */
  list(): Promise<OwnedSession[]>;
  /** Ends one of them. Resolves to false if this principal has no such session: nobody ends another's. */
  end(key: SessionKey, reason?: EndReason): Promise<boolean>;
  /** Ends all but this one, which is given by its id, its key or a handle. Resolves to how many. */
  endOthers(current: SessionReference, reason?: EndReason): Promise<number>;
  /** Ends all of them, on every node: log out everywhere. Resolves to how many. */
  endAll(reason?: EndReason): Promise<number>;
}

/** What `bind` writes down. */
export interface Binding {
  /** `null` for nobody's. */
  readonly principal: string | null;
  readonly about?: SessionAbout | undefined;
  /** A new idle lifetime, such as one for "remember me". */
  readonly lifetime?: number | undefined;
  /** The absolute end, in ms from then on; `null` for none, `undefined` for what it is, or the hub's for a new session. */
  readonly deadline?: number | null | undefined;
}

export interface BindOptions {
  /** Replaces what is kept about the session. */
  readonly about?: SessionAbout | undefined;
  /** Replaces the session's idle lifetime. */
  readonly lifetime?: Duration | undefined;
  /** The absolute end from now on, such as a short one after a step-up; `null` for none. Default: what it is. */
  readonly deadline?: Duration | null | undefined;
}

/** As a request binds its session; the lifetime is that of the cookie. */
export type RequestBindOptions = Pick<BindOptions, "about" | "deadline">;

const LONGEST_PRINCIPAL = 512;
const MOST_ABOUT_BYTES = 4_096;
const ATTEMPTS = 20;
/** Sessions that are ended at once: enough to be quick over a network, without a burst that others wait for. */
const AT_ONCE = 50;

/** @throws LiveSessionError `bad_option`, `not_json`, `too_large` */
export function checkBinding(principal: string | null, { about, lifetime, deadline }: BindOptions = {}): Binding {
  if (principal !== null) checkPrincipal(principal);
  return {
    principal,
    about: about === undefined ? undefined : checkAbout(about),
    lifetime: lifetime === undefined ? undefined : milliseconds(lifetime, "lifetime"),
    deadline: deadline == null ? deadline : milliseconds(deadline, "deadline"),
  };
}

/** @throws LiveSessionError `bad_option` */
export function checkPrincipal(principal: unknown): asserts principal is string {
  if (typeof principal === "string" && principal !== "" && principal.length <= LONGEST_PRINCIPAL) return;
  throw new LiveSessionError("bad_option", `principal: a string of 1 to ${LONGEST_PRINCIPAL} characters.`);
}

function checkAbout(about: unknown): SessionAbout {
  if (typeof about !== "object" || about === null || Array.isArray(about)) {
    throw new LiveSessionError("not_json", "about: an object with JSON values.");
  }
  const copy = copyJson(about, "about") as SessionAbout;
  const bytes = jsonBytes(copy);
  if (bytes <= MOST_ABOUT_BYTES) return copy;
  throw new LiveSessionError("too_large", `about: ${bytes} bytes of JSON. The limit is ${MOST_ABOUT_BYTES}.`);
}

/** The facts of a record with these about it; other adapters' facts stay. */
export function metaAbout(meta: JsonObject | null, about: SessionAbout | undefined): JsonObject | undefined {
  return about === undefined ? undefined : Object.freeze({ ...meta, about });
}

export function owned(key: SessionKey, record: SessionRecord): OwnedSession {
  const { principal, createdAt, expiresAt, lifetime, deadline, meta } = record;
  return {
    key,
    principal: principal as string,
    createdAt,
    lastSeenAt: Math.max(createdAt, expiresAt - lifetime),
    expiresAt,
    deadline,
    about: (meta?.about ?? {}) as SessionAbout,
  };
}

function byAge(one: ListedRecord, two: ListedRecord): number {
  return one.record.createdAt - two.record.createdAt || (one.key < two.key ? -1 : 1);
}

export class Ownership {
  readonly #records: SessionRecords;
  readonly #limit: PrincipalLimit | null;

  constructor(records: SessionRecords, limit: PrincipalLimit | null) {
    this.#records = records;
    this.#limit = limit;
  }

  /**
   * Says whose session it is, in one commit. Where that is one too many for `principalLimit`, takes it back or ends the
   * oldest.
   *
   * @throws LiveSessionError `unknown_session`, `session_ended`, `too_many_sessions`, `conflict`, `store_failed`
   */
  async bind(key: SessionKey, incarnation: string | undefined, binding: Binding): Promise<void> {
    const { principal, about, lifetime, deadline } = binding;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const found = await this.#records.read(key);
      if (found.state === "missing") throw unknownSession();
      if (found.state === "ended") throw sessionEnded(found.reason);
      const { version, meta, incarnation: current, principal: before } = found.record;
      if (incarnation !== undefined && incarnation !== current) throw sessionEnded("destroyed");
      const result = await this.#records.commit(key, {
        mode: "update",
        put: {},
        delete: [],
        ifVersion: version,
        ifIncarnation: current,
        principal,
        meta: metaAbout(meta, about),
        lifetime,
        newDeadline: deadline,
      });
      if (result.ok) return principal === before ? undefined : this.admit(key, current, principal);
      if (result.why === "ended") throw sessionEnded(result.reason);
      if (result.why === "missing") throw unknownSession();
    }
    throw new LiveSessionError("conflict", "The session was changed by others through all retries.");
  }

  /**
   * Holds a principal to `principalLimit` after a session became theirs. Looks after the commit, not before: two logins at
   * once both see both, so that there are never more than the limit when they are done. They also agree on which are the
   * oldest, else each would end the other: so a session that was made for this login counts by its age, too.
   *
   * @throws LiveSessionError `too_many_sessions`: the session is nobody's again
   */
  async admit(key: SessionKey, incarnation: string, principal: string | null): Promise<void> {
    if (await this.hold(key, incarnation, principal)) return;
    const message = `This principal has ${this.#limit?.max} sessions already, and may not have more.`;
    throw new LiveSessionError("too_many_sessions", message, { status: 403 });
  }

  /** As `admit`, but false where the session is nobody's again: for one that moved while somebody else bound it. */
  async hold(key: SessionKey, incarnation: string, principal: string | null): Promise<boolean> {
    const limit = this.#limit;
    if (!limit || principal === null) return true;
    const all = await this.#all(principal);
    if (all.length <= limit.max) return true;
    if (limit.whenFull === "refuse") {
      const refused = await this.#unbind(key, incarnation);
      // It went on under a new id meanwhile, bound as it was: the youngest of all.
      if (!refused.ok && refused.why === "ended" && refused.reason === "regenerated")
        await this.#unbindYoungest(principal);
      return false;
    }
    // One that was there before somebody logged in with it may be the oldest of all: it stays.
    const candidates = all.filter((each) => each.key !== key || each.record.version === 1).sort(byAge);
    await this.#endThese(candidates.slice(0, all.length - limit.max), "revoked");
    return true;
  }

  async #unbind(key: SessionKey, incarnation: string): Promise<CommitResult> {
    return this.#records.commit(key, {
      mode: "update",
      put: {},
      delete: [],
      ifIncarnation: incarnation,
      principal: null,
    });
  }

  async #unbindYoungest(principal: string): Promise<void> {
    const all = (await this.#all(principal)).sort(byAge);
    const excess = all.slice(this.#limit?.max);
    await Promise.all(excess.map(({ key, record }) => this.#unbind(key, record.incarnation)));
  }

  of(principal: string): PrincipalSessions {
    checkPrincipal(principal);
    const each = () => this.#each(principal);
    return {
      [Symbol.asyncIterator]: () => each()[Symbol.asyncIterator](),
      list: async () => {
        const all = await this.#all(principal);
        return all.map(({ key, record }) => owned(key, record)).sort((one, two) => two.lastSeenAt - one.lastSeenAt);
      },
      end: async (key, reason = "revoked") => {
        if (!(await this.#isOf(principal, key))) return false;
        return (await this.#records.end(key, reason)) !== null;
      },
      endOthers: (current, reason = "revoked") => {
        const kept = typeof current === "string" ? [current, sessionKey(current)] : [current.key];
        return this.#endUntilNone(each, (key) => !kept.includes(key), reason);
      },
      endAll: (reason = "revoked") => this.#endUntilNone(each, () => true, reason),
    };
  }

  /** Ends every session there is. */
  endEveryone(reason: EndReason): Promise<number> {
    return this.#endUntilNone(
      () => this.#records.list(),
      () => true,
      reason,
    );
  }

  /** One that cannot be decrypted is listed all the same, so it can be found there. */
  async #isOf(principal: string, key: SessionKey): Promise<boolean> {
    try {
      const found = await this.#records.read(key);
      return found.state === "live" && found.record.principal === principal;
    } catch (error) {
      if (!(error instanceof LiveSessionError) || error.code !== "undecryptable") throw error;
      return (await this.#all(principal)).some((each) => each.key === key);
    }
  }

  async *#each(principal: string): AsyncGenerator<OwnedSession> {
    for await (const { key, record } of this.#records.list({ principal })) yield owned(key, record);
  }

  async #all(principal: string): Promise<ListedRecord[]> {
    const all: ListedRecord[] = [];
    for await (const each of this.#records.list({ principal })) all.push(each);
    return all;
  }

  /**
   * Lists and ends until a list has none left: a session that moved to a new id while one list was read may have been seen
   * under neither. What logs in after this began may stay.
   */
  async #endUntilNone(
    list: () => AsyncIterable<{ readonly key: SessionKey }>,
    matches: (key: SessionKey) => boolean,
    reason: EndReason,
  ): Promise<number> {
    let total = 0;
    for (let pass = 0; pass < ATTEMPTS; pass++) {
      let batch: { readonly key: SessionKey }[] = [];
      let found = 0;
      for await (const each of list()) {
        if (!matches(each.key)) continue;
        found++;
        if (batch.push(each) < AT_ONCE) continue;
        total += await this.#endThese(batch, reason);
        batch = [];
      }
      total += await this.#endThese(batch, reason);
      if (found === 0) break;
    }
    return total;
  }

  async #endThese(sessions: readonly { readonly key: SessionKey }[], reason: EndReason): Promise<number> {
    const ended = await Promise.all(sessions.map(async ({ key }) => this.#records.end(key, reason)));
    return ended.filter((record) => record !== null).length;
  }
}
