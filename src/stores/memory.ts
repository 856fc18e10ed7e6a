// The memory store: sessions of one process, gone when it ends. The reference of the store contract.

import { applyChanges } from "../core/changes.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { SessionKey } from "../core/ids.ts";
import { entryBytes, jsonBytes } from "../core/json.ts";
import type {
  Commit,
  CommitResult,
  EndReason,
  JsonObject,
  LiveVersion,
  SessionRecord,
  SessionStore,
} from "../core/store.ts";
import { type Expiring, ExpiryBuckets } from "./memory/expiry-buckets.ts";

export interface MemoryStoreOptions {
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

/** A record or, once `ended` is set, the memory of its end; `expiresAt` then is the time of the end. */
class Entry implements SessionRecord, Expiring {
  version = 1;
  meta: JsonObject | null = null;
  principal: string | null = null;
  ended: EndReason | null = null;
  bucket = -1;
  next: Expiring | null = null;
  previous: Expiring | null = null;
  expiresAt = 0;

  constructor(
    readonly key: SessionKey,
    readonly incarnation: string,
    public data: JsonObject,
    public bytes: number,
    readonly createdAt: number,
    public lifetime: number,
    public deadline: number | null,
  ) {}

  push(now: number): void {
    this.expiresAt = Math.min(now + this.lifetime, this.deadline ?? Number.POSITIVE_INFINITY);
  }

  record(): SessionRecord {
    const { data, meta, version, incarnation, createdAt, expiresAt, lifetime, deadline, principal } = this;
    return { data, meta, version, incarnation, createdAt, expiresAt, lifetime, deadline, principal };
  }
}

const EMPTY: JsonObject = Object.freeze({});

/**
 * A store in this process's memory. Its records are shared with readers and never copied: they are deeply frozen.
 * Everything is done within the call, so a commit is atomic by itself.
 */
export function memoryStore({ clock = systemClock }: MemoryStoreOptions = {}): SessionStore {
  const entries = new Map<SessionKey, Entry>();
  const expiry = new ExpiryBuckets<Entry>();
  /** Those that are over, by when they were. */
  const ends = new ExpiryBuckets<Entry>();
  /** Live and expired sessions of each principal. */
  const principals = new Map<string, Set<Entry>>();

  const isLive = (entry: Entry, now: number) => entry.ended === null && entry.expiresAt > now;

  function live(key: SessionKey, now: number): Entry | undefined {
    const entry = entries.get(key);
    return entry && isLive(entry, now) ? entry : undefined;
  }

  function setPrincipal(entry: Entry, principal: string | null): void {
    if (entry.principal === principal) return;
    const old = entry.principal === null ? undefined : principals.get(entry.principal);
    old?.delete(entry);
    if (old?.size === 0) principals.delete(entry.principal as string);
    entry.principal = principal;
    if (principal === null) return;
    const set = principals.get(principal);
    if (set) set.add(entry);
    else principals.set(principal, new Set([entry]));
  }

  /** From now on only the end is remembered; the entry is in no bucket of `expiry` any more. */
  function end(entry: Entry, reason: EndReason): void {
    setPrincipal(entry, null);
    entry.data = EMPTY;
    entry.meta = null;
    entry.ended = reason;
    ends.place(entry);
  }

  function commitTo(entry: Entry, commit: Commit, now: number): CommitResult {
    const { ifVersion, ifIncarnation, meta, principal, lifetime, newDeadline, maxBytes } = commit;
    if (commit.mode === "create") return { ok: false, why: "exists" };
    if (ifVersion !== undefined && ifVersion !== entry.version) return { ok: false, why: "conflict" };
    if (ifIncarnation !== undefined && ifIncarnation !== entry.incarnation) return { ok: false, why: "conflict" };
    const bytes = bytesAfter(entry, commit);
    if (maxBytes !== undefined && bytes > maxBytes) return { ok: false, why: "too_large", bytes };
    entry.data = applyChanges(entry.data, commit);
    entry.bytes = bytes;
    entry.version++;
    if (meta !== undefined) entry.meta = meta;
    if (principal !== undefined) setPrincipal(entry, principal);
    if (lifetime !== undefined) entry.lifetime = lifetime;
    if (newDeadline !== undefined) entry.deadline = newDeadline === null ? null : now + newDeadline;
    entry.push(now);
    expiry.place(entry);
    return committed(entry, now);
  }

  function create(key: SessionKey, commit: Commit, now: number): CommitResult {
    const { lifetime, maxBytes, deadline = null, meta = null, principal = null } = commit;
    if (lifetime === undefined) throw new TypeError("A commit that may create a record needs a lifetime.");
    const bytes = jsonBytes(commit.put);
    if (maxBytes !== undefined && bytes > maxBytes) return { ok: false, why: "too_large", bytes };
    const data = applyChanges(EMPTY, { put: commit.put, delete: [] });
    const end = deadline === null ? null : now + deadline;
    const entry = new Entry(key, commit.incarnation, data, bytes, now, lifetime, end);
    entry.meta = meta;
    entry.push(now);
    setPrincipal(entry, principal);
    entries.set(key, entry);
    expiry.place(entry);
    return committed(entry, now);
  }

  return {
    read(key) {
      const now = clock.now();
      const entry = entries.get(key);
      if (!entry) return { state: "missing" };
      if (!isLive(entry, now)) return { state: "ended", reason: entry.ended ?? "expired", ago: now - entry.expiresAt };
      return { state: "live", record: entry.record(), now };
    },

    commit(key, commit) {
      const now = clock.now();
      const entry = entries.get(key);
      if (!entry) return mayCreate(commit) ? create(key, commit, now) : { ok: false, why: "missing" };
      if (!isLive(entry, now)) return { ok: false, why: "ended", reason: entry.ended ?? "expired" };
      return commitTo(entry, commit, now);
    },

    touch(key, { lifetime, meta, ifIncarnation }) {
      const now = clock.now();
      const entry = live(key, now);
      if (!entry) return null;
      if (ifIncarnation !== undefined && ifIncarnation !== entry.incarnation) return null;
      if (lifetime !== undefined) entry.lifetime = lifetime;
      if (meta !== undefined) entry.meta = meta;
      entry.push(now);
      expiry.place(entry);
      return { expiresAt: entry.expiresAt, now };
    },

    destroy(key, reason) {
      const now = clock.now();
      const entry = live(key, now);
      if (!entry) return null;
      const last = entry.record();
      expiry.remove(entry);
      entry.expiresAt = now;
      end(entry, reason);
      return last;
    },

    versions(keys) {
      const now = clock.now();
      const found = new Map<SessionKey, LiveVersion>();
      for (const key of keys) {
        const entry = live(key, now);
        if (!entry) continue;
        found.set(key, { version: entry.version, incarnation: entry.incarnation, expiresAt: entry.expiresAt });
      }
      return { now, live: found };
    },

    sweep(retention) {
      const now = clock.now();
      for (const entry of expiry.due(now)) end(entry, "expired");
      let freed = 0;
      for (const entry of ends.due(now - retention)) {
        entries.delete(entry.key);
        freed++;
      }
      return freed;
    },

    async *list({ principal } = {}) {
      const source = principal === undefined ? entries.values() : [...(principals.get(principal) ?? [])];
      for (const entry of source) if (isLive(entry, clock.now())) yield { key: entry.key, record: entry.record() };
    },

    count() {
      const now = clock.now();
      let count = 0;
      for (const entry of entries.values()) if (isLive(entry, now)) count++;
      return count;
    },

    close() {},
  };
}

function mayCreate({ mode, ifVersion, ifIncarnation }: Commit): boolean {
  return mode !== "update" && ifVersion === undefined && ifIncarnation === undefined;
}

function committed(entry: Entry, now: number): CommitResult {
  const { version, incarnation, expiresAt, data } = entry;
  return { ok: true, version, incarnation, expiresAt, now, data };
}

/** Counts only what the commit changes: the rest was counted when it came. */
function bytesAfter(entry: Entry, commit: Commit): number {
  const { data } = entry;
  let bytes = entry.bytes;
  const entriesBefore = Object.keys(data).length;
  let entriesAfter = entriesBefore;
  for (const key of commit.delete) {
    if (!Object.hasOwn(data, key)) continue;
    bytes -= entryBytes(key, data[key]);
    entriesAfter--;
  }
  for (const key of Object.keys(commit.put)) {
    bytes += entryBytes(key, commit.put[key]);
    if (Object.hasOwn(data, key)) bytes -= entryBytes(key, data[key]);
    else entriesAfter++;
  }
  return bytes + commas(entriesAfter) - commas(entriesBefore);
}

function commas(entries: number): number {
  return Math.max(entries - 1, 0);
}
