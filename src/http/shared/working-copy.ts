// What one request holds of a session: its data as loaded (the base), against which a save finds what this request changed.

import { diff, isEmpty } from "../../core/changes.ts";
import { LiveSessionError, sessionEnded } from "../../core/errors.ts";
import type { LiveSessions } from "../../core/hub.ts";
import { type SessionKey, sessionKey } from "../../core/ids.ts";
import { equalJson } from "../../core/json.ts";
import { attempt, ignoreAnswer, isPromise, type MaybePromise, whenDone } from "../../core/maybe.ts";
import type { Moved } from "../../core/move.ts";
import { type Binding, metaAbout } from "../../core/ownership.ts";
import type { CommitResult, EndReason, JsonObject, SessionRecord } from "../../core/store.ts";
import type { Target, WriteExtras } from "../../core/writer.ts";
import { takeBinding } from "./binding.ts";
import { type CookieFacts, metaWith, type StoredCookie, storedCookie } from "./cookie.ts";
import { refuseMoved } from "./load.ts";
import type { SessionObject } from "./snapshot.ts";

/** The part of the hub that request adapters go through. */
export type Hub = Pick<LiveSessions<object>, "records" | "writer" | "ownership" | "limits" | "clock" | "report">;

/** How the session objects of one framework hold what a record keeps. */
export interface SessionFormat {
  /** The data of an object as JSON at this moment, frozen; values equal to the known ones are shared with them. */
  readonly dataOf: (object: SessionObject, known: JsonObject) => JsonObject;
  /** What an object says of its cookie, `null` if nothing; `known` is the cookie that it was loaded with. */
  readonly cookieOf: (object: SessionObject, known: StoredCookie | undefined) => CookieFacts | null;
  /** The part of the data that the framework's objects have room for. */
  readonly visible: (data: JsonObject) => JsonObject;
  /** Whether it is the framework that made the object, having asked for the session first. */
  readonly isLoaded: (object: SessionObject) => boolean;
  /** Whether an object that was never loaded may replace a live session: only where user code calls the store itself. */
  readonly replaces: boolean;
}

/** What becomes of a write by a request that the end of its session overtook. */
export type LateWrites = "ignore" | "error";

interface Base {
  readonly data: JsonObject;
  readonly incarnation: string;
  readonly meta: JsonObject | null;
  readonly principal: string | null;
  readonly lifetime: number;
  /** On this node's clock, in ms since 1970. */
  readonly expiresAt: number;
  /** Whether a touch can push the expiry: not once it has reached the deadline. */
  readonly pushable: boolean;
}

/** What one save writes, taken from the session object at its start. */
interface Save {
  readonly data: JsonObject;
  readonly cookie: CookieFacts | null;
  readonly binding: Binding | undefined;
  readonly admit: () => void;
}

type Extras = { -readonly [Name in keyof WriteExtras]: WriteExtras[Name] };

const EMPTY: JsonObject = Object.freeze({});

/** The meta of a session that was set without a cookie: it comes back without one, as from any store. */
const NO_COOKIE: JsonObject = Object.freeze({ cookie: null });

export class WorkingCopy {
  readonly key: SessionKey;
  /** The session id. */
  readonly id: string;
  readonly #hub: Hub;
  readonly #format: SessionFormat;
  readonly #lateWrites: LateWrites;
  /** `null` for a session that was not loaded and not saved yet. */
  #base: Base | null = null;
  /** On this node's clock, in ms since 1970. */
  #madeAt: number | null = null;
  /** Saves and touches of one session object go one after the other, each against what the one before left. */
  #last: Promise<unknown> | null = null;

  constructor(sid: string, hub: Hub, format: SessionFormat, lateWrites: LateWrites) {
    this.key = sessionKey(sid);
    this.id = sid;
    this.#hub = hub;
    this.#format = format;
    this.#lateWrites = lateWrites;
  }

  /** Whether this is a copy of that session, of that hub. */
  isOf(sid: string, hub: Hub): boolean {
    return this.id === sid && this.#hub === hub;
  }

  get known(): boolean {
    return this.#base !== null;
  }

  /** Whether the session was set without a cookie; one that was never set by the middleware's API gets its cookie. */
  get setWithoutCookie(): boolean {
    return this.#base?.meta?.cookie === null;
  }

  /** The session as it was loaded, `null` if it was not. */
  get target(): Required<Target> | null {
    return this.#base && { key: this.key, incarnation: this.#base.incarnation };
  }

  /** How long the session has had its id, in ms; 0 for one that was not loaded. */
  get age(): number {
    return this.#madeAt === null ? 0 : this.#hub.clock.now() - this.#madeAt;
  }

  /** Takes a record as read for the base; `left` is the time to its expiry, `age` that since its id was made, in ms. */
  loaded(record: SessionRecord, left: number, age: number): this {
    this.#base = this.#baseOf(record, left);
    this.#madeAt = this.#hub.clock.now() - age;
    return this;
  }

  /** The copy of the same object under a new id. What others wrote meanwhile is in the store there, and not in the object. */
  movedTo(id: string, { record, left }: Moved): WorkingCopy {
    const copy = new WorkingCopy(id, this.#hub, this.#format, this.#lateWrites).loaded(record, left, 0);
    const { incarnation, expiresAt, pushable } = copy.#base as Base;
    if (this.#base) copy.#base = { ...this.#base, incarnation, expiresAt, pushable };
    return copy;
  }

  /** From now on the copy is held as a Session, which has no room for some names: their absence is no deletion. */
  heldAsSession(): void {
    if (this.#base) this.#base = { ...this.#base, data: this.#format.visible(this.#base.data) };
  }

  /**
   * Writes what changed since the base, key by key. What the object holds is taken at once, before this returns.
   *
   * @throws LiveSessionError `not_json`, `bad_key`, `too_large`, `invalid_data`, `store_failed`, `conflict`, and
   *   `session_ended` for an ended session that this copy never knew live, or as `lateWrites` has it; `session_moved` for one
   *   that has another id since a moment ago; with a binding `too_many_sessions`; for a new session what `admit` throws
   * @param admit asked before a session is made: it throws if there must be none
   */
  save(object: SessionObject, binding = takeBinding(object), admit: () => void = ignoreAnswer): MaybePromise<void> {
    const data = this.#format.dataOf(object, this.#base?.data ?? EMPTY);
    const cookie = this.#facts(object);
    return this.#next(() => {
      const written = this.#save(object, { data, cookie, binding, admit });
      return binding ? whenDone(written, () => this.#admit(binding)) : written;
    });
  }

  #save(object: SessionObject, what: Save): MaybePromise<void> {
    const { data, cookie, binding } = what;
    if (isOver(cookie)) return whenDone(this.#hub.records.end(this.key, "expired"), ignoreAnswer);
    if (this.#base) return this.#unlessOver(this.#base, (base) => this.#update(base, data, cookie, binding));
    return whenDone(this.#create(object, what), (base) => {
      this.#base = base;
    });
  }

  /** Ends the session, after every save of this copy that is under way. */
  async end(reason: EndReason): Promise<void> {
    await this.#next(() => whenDone(this.#hub.records.end(this.key, reason), ignoreAnswer));
  }

  /**
   * Pushes the lifetime and writes the cookie, if that is due. Never data, and never creates.
   *
   * @throws LiveSessionError `store_failed`, and `session_ended` as `lateWrites` has it
   */
  touch(object: SessionObject): MaybePromise<void> {
    const binding = takeBinding(object);
    if (binding) return this.save(object, binding);
    const cookie = this.#facts(object);
    return this.#next(() => {
      if (isOver(cookie)) return whenDone(this.#hub.records.end(this.key, "expired"), ignoreAnswer);
      if (this.#base) return this.#unlessOver(this.#base, (base) => this.#touch(base, cookie));
      return whenDone(this.#hub.records.read(this.key), (found) => {
        if (found.state !== "live") return this.#late(found.state === "ended" ? found.reason : "destroyed");
        const { record, now } = found;
        return this.#unlessOver(this.#baseOf(record, record.expiresAt - now), (base) => this.#touch(base, cookie));
      });
    });
  }

  #facts(object: SessionObject): CookieFacts | null {
    return this.#format.cookieOf(object, storedCookie(this.#base?.meta ?? null));
  }

  #baseOf(record: SessionRecord, left: number): Base {
    const { data, incarnation, meta, principal, lifetime, expiresAt, deadline } = record;
    const end = this.#hub.clock.now() + left;
    return { data, incarnation, meta, principal, lifetime, expiresAt: end, pushable: expiresAt !== deadline };
  }

  /** Runs after what is under way; at once, if nothing is. */
  #next<T>(work: () => MaybePromise<T>): MaybePromise<T> {
    const result = this.#last ? this.#last.then(work) : work();
    if (!isPromise(result)) return result;
    const settled: Promise<unknown> = result.then(done, done); // the caller hears of an error
    const copy = this;
    function done(): void {
      if (copy.#last === settled) copy.#last = null;
    }
    this.#last = settled;
    return result;
  }

  #update(base: Base, data: JsonObject, cookie: CookieFacts | null, binding?: Binding): MaybePromise<Base> {
    const changes = diff(base.data, data);
    if (isEmpty(changes) && !binding) return this.#touch(base, cookie);
    const extras = this.#extras(base, cookie, binding);
    const target = { key: this.key, incarnation: base.incarnation };
    return attempt(
      () => this.#hub.writer.write(target, changes, extras),
      () => this.#pushed(base, data, extras),
      async (error) => {
        await refuseMoved(this.#hub, this.key, error);
        throw error;
      },
    );
  }

  #touch(base: Base, cookie: CookieFacts | null): MaybePromise<Base> {
    const { records, clock } = this.#hub;
    const extras = this.#extras(base, cookie);
    const due = base.pushable && records.touchDue(base.lifetime, base.expiresAt - clock.now());
    if (!due && extras.meta === undefined && extras.lifetime === undefined) return base;
    return whenDone(records.touch(this.key, base.incarnation, extras), (touched) =>
      touched ? this.#pushed(base, base.data, extras) : this.#overtaken(),
    );
  }

  async #overtaken(): Promise<never> {
    const found = await this.#hub.records.read(this.key);
    throw sessionEnded(found.state === "ended" ? found.reason : "destroyed");
  }

  /** Creates the session. Should there be one under this id, which only user code can bring about, replaces its data. */
  #create(object: SessionObject, what: Save): MaybePromise<Base> {
    // The framework loads what there is; others may not have asked.
    if (this.#format.isLoaded(object)) return this.#insert(what, true);
    return whenDone(this.#live(), (there) => (there ? this.#replace(there, what) : this.#insert(what, false)));
  }

  #insert(what: Save, isNew: boolean): MaybePromise<Base> {
    const { data, cookie, binding, admit } = what;
    const { records, writer } = this.#hub;
    const fresh = { meta: cookie ? null : NO_COOKIE, lifetime: records.lifetime };
    const extras = this.#extras(fresh, cookie, binding);
    if (!cookie) extras.meta ??= NO_COOKIE;
    const checked = writer.checked(EMPTY, { put: data, delete: [] });
    const created = whenDone(checked, ({ put }) => {
      admit();
      return records.commit(this.key, {
        mode: "create",
        put,
        delete: [],
        meta: extras.meta,
        lifetime: extras.lifetime,
        principal: extras.principal,
        deadline: binding?.deadline,
      });
    });
    return whenDone(created, (result): MaybePromise<Base> => {
      if (!result.ok) return this.#instead(result, what, isNew);
      const { incarnation } = result;
      const base = { meta: null, principal: null, lifetime: records.lifetime, pushable: true, incarnation };
      return this.#pushed(base, data, extras);
    });
  }

  /** A session that came to be under this id meanwhile, with this data in place of its own. */
  async #instead(refused: CommitResult & { ok: false }, what: Save, isNew: boolean): Promise<Base> {
    const other = refused.why === "exists" ? await this.#live() : null;
    if (!other) throw this.#hub.writer.refusal(refused);
    if (!this.#format.replaces) {
      const message = "A session object that was not loaded as this session cannot take the place of its data.";
      throw new LiveSessionError("conflict", message);
    }
    const base = isNew ? { ...other, data: this.#format.visible(other.data) } : other;
    return this.#replace(base, what);
  }

  #live(): MaybePromise<Base | null> {
    return whenDone(this.#hub.records.read(this.key), (found) => {
      if (found.state === "ended") throw sessionEnded(found.reason);
      return found.state === "live" ? this.#baseOf(found.record, found.record.expiresAt - found.now) : null;
    });
  }

  #replace(base: Base, { data, cookie, binding }: Save): MaybePromise<Base> {
    const written = this.#update(base, data, cookie, binding);
    if (cookie) return written;
    return whenDone(written, (replaced) =>
      whenDone(this.#hub.records.touch(this.key, base.incarnation, { meta: NO_COOKIE }), () => ({
        ...replaced,
        meta: NO_COOKIE,
      })),
    );
  }

  /** Cookie and lifetime, each only if this request changed it: an unchanged one must not undo another request's. */
  #extras({ meta, lifetime }: Pick<Base, "meta" | "lifetime">, cookie: CookieFacts | null, binding?: Binding): Extras {
    const extras: Extras = {};
    if (cookie) {
      const wanted = cookie.lifetime ?? this.#hub.records.lifetime;
      if (!equalJson(storedCookie(meta), cookie.stored)) extras.meta = metaWith(meta, cookie.stored);
      if (wanted !== lifetime) extras.lifetime = wanted;
    }
    if (!binding) return extras;
    const { principal, about, deadline } = binding;
    extras.principal = principal;
    extras.newDeadline = deadline;
    if (about !== undefined) extras.meta = metaAbout(extras.meta ?? meta, about);
    return extras;
  }

  /** Whether one session more is allowed to the principal that this one was just bound to. */
  async #admit({ principal }: Binding): Promise<void> {
    const base = this.#base;
    if (!base || base.principal !== principal) return; // the write was void
    await this.#hub.ownership.admit(this.key, base.incarnation, principal);
  }

  #pushed(base: Omit<Base, "data" | "expiresAt">, data: JsonObject, extras: WriteExtras): Base {
    const { incarnation, pushable } = base;
    const { meta = base.meta, lifetime = base.lifetime, principal = base.principal } = extras;
    return { data, incarnation, meta, principal, lifetime, expiresAt: this.#hub.clock.now() + lifetime, pushable };
  }

  #unlessOver(base: Base, write: (base: Base) => MaybePromise<Base>): MaybePromise<void> {
    return attempt(
      () => write(base),
      (written) => {
        if (this.#base) this.#base = written;
      },
      (error) => {
        if (!(error instanceof LiveSessionError)) throw error;
        if (error.code !== "session_ended" && error.code !== "unknown_session") throw error;
        this.#late(error.reason ?? "destroyed");
      },
    );
  }

  /** A logout or revocation overtook this request: its write is void. */
  #late(reason: Parameters<typeof sessionEnded>[0]): void {
    if (this.#lateWrites === "error") throw sessionEnded(reason);
  }
}

function isOver(cookie: CookieFacts | null): boolean {
  return cookie !== null && cookie.lifetime !== null && cookie.lifetime <= 0;
}
