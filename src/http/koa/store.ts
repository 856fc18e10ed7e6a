// The external store for koa-session: three async functions, each of which is told the request that it is for.

import type { AddressOf } from "../../core/address.ts";
import { sessionMoved } from "../../core/errors.ts";
import { type HiddenField, hiddenField } from "../../core/hidden-field.ts";
import { cloneJson } from "../../core/json.ts";
import type { Target } from "../../core/writer.ts";
import { takeBinding } from "../shared/binding.ts";
import { requireLateWrites, requireSessions } from "../shared/check.ts";
import { loadSession } from "../shared/load.ts";
import { newcomers } from "../shared/newcomers.ts";
import { renewed } from "../shared/renewal.ts";
import { type SessionObject, visibleData } from "../shared/snapshot.ts";
import { type Hub, type LateWrites, WorkingCopy } from "../shared/working-copy.ts";
import { hasOwnLifetime, isSessionMember, koaFormat, lifetimeMarks } from "./format.ts";

export interface KoaStoreOptions {
  /**
   * What becomes of a save by a request that was overtaken by the end of its session. `"ignore"` drops it, `"error"`
   * also fails the request with `session_ended`. Either way the session stays gone. Default `"ignore"`. A write to one that
   * moved to a new id a moment ago is a `session_moved` error all the same.
   */
  readonly lateWrites?: LateWrites | undefined;
  /** Where a request comes from, for `limits.perAddress.sessions`. Default: `ctx.ip`, which goes by Koa's `app.proxy`. */
  readonly address?: AddressOf<object> | undefined;
}

/** What koa-session calls; `ctx` is Koa's context. */
export interface KoaStore {
  get(id: string, maxAge: unknown, options: { ctx?: object }): Promise<SessionObject | null>;
  set(id: string, session: SessionObject, maxAge: unknown, options: { ctx?: object }): Promise<void>;
  destroy(id: string, options: { ctx?: object }): Promise<void>;
}

/** How `renewSession` reaches into a store. */
export interface KoaMover {
  readonly hub: Hub;
  /** What this request loaded. */
  copyOf(ctx: object): WorkingCopy | undefined;
  /** The session has another id by now: nothing of this request may be saved, nor its cookie sent once more. */
  leave(ctx: object): void;
  /** Moves what this request loaded to another id; false if it stays, since the store failed. */
  move(ctx: object, copy: WorkingCopy, id: string): Promise<boolean>;
}

export const movers: HiddenField<KoaMover> = hiddenField<KoaMover>();

/**
 * `ctx.session` as koa-session makes it, with your interface's keys: the data, and what one does with a session.
 * `ctx.session = null` ends it.
 */
export type KoaSession<Data extends object> = Partial<Data> & {
  readonly isNew: boolean;
  readonly populated: boolean;
  /** The cookie's lifetime in ms, or `"session"`. */
  maxAge: number | "session";
  /** Writes what changed so far, before the response. */
  save(): Promise<void>;
  /** Goes on under a new id; the old session ends. */
  regenerate(): Promise<void>;
  manuallyCommit(): Promise<void>;
};

/** For `new Koa<DefaultState, KoaContext<Shop>>()`, so that handlers know the session. */
export interface KoaContext<Data extends object> {
  get session(): KoaSession<Data> | null;
  set session(session: Partial<Data> | null);
}

/**
 * A store for the unmodified koa-session: `session({ store: koaStore(sessions), ... }, app)`. Requests then share their
 * sessions with everything else that is attached to them, and write only the keys that they changed.
 *
 * Errors reject the middleware: `store_failed`, `too_large`, `not_json`, `bad_key`, `invalid_data`, `conflict`,
 * `rate_limited`.
 *
 * @throws LiveSessionError `bad_option`
 */
export function koaStore(sessions: Hub, { lateWrites = "ignore", address }: KoaStoreOptions = {}): KoaStore {
  requireSessions("koaStore", sessions);
  requireLateWrites(lateWrites);
  const countNewcomer = newcomers(sessions, address);
  const copies = new WeakMap<object, WorkingCopy>();
  /** The id that a request's session had before it was renewed: over by the time that koa-session destroys it. */
  const former = new WeakMap<object, string>();
  const left = new WeakSet<object>();

  /** The copy that this request loaded or saved under this id. */
  function copyOf(id: string, ctx: object): WorkingCopy {
    const known = copies.get(ctx);
    if (known?.isOf(id, sessions)) return known;
    const copy = new WorkingCopy(id, sessions, koaFormat, lateWrites);
    copies.set(ctx, copy);
    return copy;
  }

  const store: KoaStore = {
    async get(id, _maxAge, { ctx = {} } = {}) {
      const copy = copyOf(id, ctx);
      const loaded = await loadSession(sessions, copy.key, (record) => !hasOwnLifetime(record.meta));
      if (!loaded) return null;
      const { record, left, age } = loaded;
      copy.loaded(record, left, age);
      copy.heldAsSession();
      const data = cloneJson(visibleData(record.data, isSessionMember));
      return { ...data, ...lifetimeMarks(record.meta, left) };
    },

    // The maxAge that comes beside the session is ten seconds more than the session's own.
    async set(id, session, _maxAge, { ctx = {} } = {}) {
      if (left.has(ctx)) throw sessionMoved();
      // What is handed in is a copy of the object that user code holds.
      const binding = takeBinding((ctx as { session?: object | null }).session);
      await copyOf(id, ctx).save(session, binding, () => countNewcomer(ctx));
    },

    async destroy(id, { ctx = {} } = {}) {
      if (former.get(ctx) === id) return;
      // A session that goes on under a new id is still there when its old one is destroyed.
      const goesOn = Boolean((ctx as { session?: unknown }).session);
      await copyOf(id, ctx).end(goesOn ? "regenerated" : "destroyed");
    },
  };

  movers.set(store, {
    hub: sessions,
    copyOf: (ctx) => copies.get(ctx),
    leave: (ctx) => left.add(ctx),
    async move(ctx, copy, id) {
      const moved = await renewed(sessions, copy.target as Target, id);
      if (!moved) return false;
      former.set(ctx, copy.id);
      copies.set(ctx, copy.movedTo(id, moved));
      return true;
    },
  });
  return store;
}
