// Drivers that each break one promise, to prove that the conformance suites see it.

import type {
  Commit,
  CommitResult,
  ListedRecord,
  SessionBus,
  SessionEvent,
  SessionKey,
  SessionStore,
} from "live-session";
import { localBus, memoryStore } from "live-session";
import type { ManualClock } from "live-session/conformance";

/** A driver with one fault, and words from the name of a case that has to find it. */
export interface Planted<Driver> {
  readonly fault: string;
  readonly foundBy: string;
  make(clock: ManualClock): Driver;
}

type StoreFault = (store: SessionStore, clock: ManualClock) => Partial<SessionStore>;

function planted(fault: string, foundBy: string, change: StoreFault): Planted<SessionStore> {
  const make = (clock: ManualClock) => {
    const store = memoryStore({ clock });
    return { ...store, ...change(store, clock) };
  };
  return { fault, foundBy, make };
}

/** A store whose commits are changed on the way in. */
function withCommit(fault: string, foundBy: string, change: (commit: Commit) => Commit): Planted<SessionStore> {
  return planted(fault, foundBy, (store) => ({ commit: (key, commit) => store.commit(key, change(commit)) }));
}

/** A memory store's methods answer at once. */
function now<T>(result: T | Promise<T>): T {
  if (result instanceof Promise) throw new Error("The memory store was expected to answer at once.");
  return result;
}

function upsert(data: Commit["put"], lifetime = 1_000): Commit {
  return { mode: "upsert", put: data, delete: [], incarnation: `${Math.random()}`, lifetime };
}

async function* filtered(list: AsyncIterable<ListedRecord>, keep: (listed: ListedRecord, index: number) => boolean) {
  let index = 0;
  for await (const listed of list) if (keep(listed, index++)) yield listed;
}

/** Maps every string in a commit's data. */
function mapStrings(value: unknown, map: (text: string) => string): unknown {
  return JSON.parse(JSON.stringify(value), (_, inner) => (typeof inner === "string" ? map(inner) : inner));
}

const mutable = <T>(value: T): T => JSON.parse(JSON.stringify(value));

export const brokenStores: readonly Planted<SessionStore>[] = [
  planted("revives after destroy", "never revived", (store) => {
    let lives = 0;
    const ended = new Map<SessionKey, SessionKey>();
    const at = (key: SessionKey) => ended.get(key) ?? key;
    return {
      read: (key) => store.read(at(key)),
      commit(key, commit) {
        const result = now(store.commit(at(key), commit));
        if (result.ok || result.why !== "ended" || commit.mode === "update") return result;
        ended.set(key, `${key}${++lives}` as SessionKey);
        return store.commit(at(key), commit);
      },
    };
  }),
  planted("forgets an end at once", "never revived", (store) => ({
    destroy(key, reason) {
      const record = store.destroy(key, reason);
      store.sweep(0);
      return record;
    },
  })),
  withCommit("ignores ifVersion", "ifVersion lets through", ({ ifVersion: _, ...commit }) => commit),
  withCommit("ignores ifIncarnation", "ifIncarnation lets through", ({ ifIncarnation: _, ...commit }) => commit),
  withCommit("ignores maxBytes", "maxBytes counts", ({ maxBytes: _, ...commit }) => commit),
  withCommit("counts one byte too many", "maxBytes counts", (commit) => ({
    ...commit,
    maxBytes: commit.maxBytes === undefined ? undefined : commit.maxBytes - 1,
  })),
  withCommit("ignores deletes", "deletes its keys", (commit) => ({ ...commit, delete: [] })),
  withCommit("takes create for upsert", "create finds a live session", (commit) => ({
    ...commit,
    mode: commit.mode === "create" ? "upsert" : commit.mode,
  })),
  withCommit("takes upsert for update", "upsert creates", (commit) => ({
    ...commit,
    mode: commit.mode === "upsert" ? "update" : commit.mode,
  })),
  withCommit("takes no deadline", "the deadline bounds", ({ deadline: _, ...commit }) => commit),
  withCommit("clears meta that is not given", "undefined leaves them", ({ meta = null, ...commit }) => ({
    ...commit,
    meta,
  })),
  withCommit("cannot clear a principal", "null clears", ({ principal, ...commit }) => ({
    ...commit,
    principal: principal ?? undefined,
  })),
  withCommit("writes a fixed lifetime", "a commit pushes", (commit) => ({ ...commit, lifetime: 60_000 })),
  withCommit("cuts strings at NUL", "come back exactly", (commit) => ({
    ...commit,
    put: mapStrings(commit.put, (text) => text.split("\0")[0] ?? "") as Commit["put"],
  })),
  withCommit("loses lone surrogates", "come back exactly", (commit) => ({
    ...commit,
    put: mapStrings(commit.put, (text) => Buffer.from(text).toString()) as Commit["put"],
  })),
  withCommit("drops a key named __proto__", "every odd key", (commit) => {
    const put: Record<string, unknown> = {};
    for (const key of Object.keys(commit.put)) if (key !== "__proto__") put[key] = commit.put[key];
    return { ...commit, put };
  }),
  withCommit("folds the case of principals", "principals are exact", (commit) => ({
    ...commit,
    principal: commit.principal?.toLowerCase() ?? commit.principal,
  })),
  planted("reads what expired until it is swept", "cannot be read", (store) => {
    const last = new Map<SessionKey, Awaited<ReturnType<SessionStore["read"]>>>();
    return {
      read(key) {
        const found = now(store.read(key));
        return found.state === "ended" && found.reason === "expired" ? (last.get(key) ?? found) : found;
      },
      commit(key, commit) {
        const result = store.commit(key, commit);
        last.set(key, now(store.read(key)));
        return result;
      },
    };
  }),
  planted("expires to the second", "to the last millisecond", (store, clock) => {
    const real = clock.now.bind(clock);
    clock.now = () => Math.floor(real() / 1_000) * 1_000;
    return store;
  }),
  planted("counts a millisecond too long", "to the last millisecond", (store) => ({
    commit: (key, commit) =>
      store.commit(key, { ...commit, lifetime: commit.lifetime === 1_001 ? 1_002 : commit.lifetime }),
  })),
  planted("touch creates", "a touch never creates", (store) => ({
    touch(key, touch) {
      if (now(store.read(key)).state === "missing") store.commit(key, upsert({}));
      return store.touch(key, touch);
    },
  })),
  planted("touch counts as a commit", "a touch changes neither", (store) => ({
    touch(key, touch) {
      const result = store.touch(key, touch);
      if (result) store.commit(key, { ...upsert({}), lifetime: undefined });
      return result;
    },
  })),
  planted("touch ignores the incarnation", "another incarnation", (store) => ({
    touch: (key, { ifIncarnation: _, ...touch }) => store.touch(key, touch),
  })),
  planted("touch ignores meta", "a touch changes neither", (store) => ({
    touch: (key, { meta: _, ...touch }) => store.touch(key, touch),
  })),
  planted("reads push the lifetime", "a read pushes nothing", (store) => ({
    read(key) {
      store.touch(key, {});
      return store.read(key);
    },
  })),
  planted("hands out its own data, unfrozen", "changing a record that was read", (store) => {
    const shared = new Map<string, unknown>();
    return {
      read(key) {
        const found = now(store.read(key));
        if (found.state !== "live") return found;
        const at = `${key}${found.record.version}`;
        const data = (shared.get(at) ?? mutable(found.record.data)) as Commit["put"];
        shared.set(at, data);
        return { ...found, record: { ...found.record, data } };
      },
    };
  }),
  planted("gives destroy's record without its data", "destroy gives the record", (store) => ({
    destroy(key, reason) {
      const record = now(store.destroy(key, reason));
      return record && { ...record, data: {} };
    },
  })),
  withCommit("leaves the deadline as it was", "gives another deadline", ({ newDeadline: _, ...commit }) => commit),
  planted("tells every end as of this moment", "how long ago the session ended", (store) => ({
    read(key) {
      const found = now(store.read(key));
      return found.state === "ended" ? { ...found, ago: 0 } : found;
    },
  })),
  planted("overwrites the reason of an end", "the first reason stays", (store) => {
    const reasons = new Map<SessionKey, "destroyed" | "revoked" | "regenerated" | "expired">();
    return {
      read(key) {
        const found = now(store.read(key));
        return found.state === "ended" ? { ...found, reason: reasons.get(key) ?? found.reason } : found;
      },
      destroy(key, reason) {
        reasons.set(key, reason);
        return store.destroy(key, reason);
      },
    };
  }),
  planted("remembers the end of what never was", "is not remembered", (store) => ({
    destroy(key, reason) {
      store.commit(key, { ...upsert({}), mode: "create" });
      return store.destroy(key, reason);
    },
  })),
  planted("writes whole copies: read, then write", "of different keys are all kept", (store) => ({
    async commit(key, commit): Promise<CommitResult> {
      const before = now(store.read(key));
      await Promise.resolve();
      if (before.state !== "live") return store.commit(key, commit);
      const after: Record<string, unknown> = { ...before.record.data, ...commit.put };
      for (const name of commit.delete) delete after[name];
      const current = now(store.read(key));
      const names = current.state === "live" ? Object.keys(current.record.data) : [];
      return store.commit(key, { ...commit, put: after, delete: names.filter((name) => !Object.hasOwn(after, name)) });
    },
  })),
  planted("compares the version, then writes later", "compare-and-set increments", (store) => ({
    async commit(key, { ifVersion, ...commit }): Promise<CommitResult> {
      const before = now(store.read(key));
      await Promise.resolve();
      if (ifVersion !== undefined && before.state === "live" && before.record.version !== ifVersion) {
        return { ok: false, why: "conflict" };
      }
      return store.commit(key, commit);
    },
  })),
  planted("list ignores the principal", "all or one principal's", (store) => ({ list: () => store.list() })),
  planted("list stops after a page", "live records once", (store) => ({
    list: (filter) => filtered(store.list(filter), (_, index) => index < 1_000),
  })),
  planted("list pages by offset", "while others come and go", (store) => ({
    async *list(filter) {
      for (let offset = 0; ; offset += 50) {
        const page: ListedRecord[] = [];
        for await (const listed of filtered(store.list(filter), (_, at) => at >= offset && at < offset + 50)) {
          page.push(listed);
        }
        yield* page;
        if (page.length < 50) return;
      }
    },
  })),
  planted("counts what is over", "not listed, counted", (store) => {
    const keys = new Set<SessionKey>();
    return {
      commit(key, commit) {
        keys.add(key);
        return store.commit(key, commit);
      },
      count: () => keys.size,
    };
  }),
  planted("versions of dead ones", "leaves out the others", (store, clock) => ({
    versions: (keys) => {
      const { live } = now(store.versions(keys));
      const all = new Map(live);
      for (const key of keys) if (!all.has(key)) all.set(key, { version: 1, incarnation: "", expiresAt: 0 });
      return { now: clock.now(), live: all };
    },
  })),
  planted("versions takes a hundred keys", "of thousands", (store) => ({
    versions: (keys) => store.versions(keys.slice(0, 100)),
  })),
  planted("sweep drops ends at once", "remembered through sweeps", (store) => ({ sweep: () => store.sweep(0) })),
  planted("sweep frees nothing", "however many", () => ({ sweep: () => 0 })),
  planted("sweep frees one batch", "however many", (store) => ({
    sweep: (retention) => Math.min(now(store.sweep(retention)), 1_000),
  })),
  planted("cannot be closed twice", "close may be called again", () => {
    let closed = false;
    return {
      close() {
        if (closed) throw new Error("The store is closed.");
        closed = true;
      },
    };
  }),
];

type BusFault = (bus: SessionBus) => Partial<SessionBus>;

function plantedBus(fault: string, foundBy: string, change: BusFault): Planted<SessionBus> {
  const make = () => {
    const bus = localBus();
    return { ...bus, ...change(bus) };
  };
  return { fault, foundBy, make };
}

export const brokenBuses: readonly Planted<SessionBus>[] = [
  plantedBus("subscribes a moment later", "once subscribe is done", (bus) => ({
    subscribe(key, listener) {
      let end = () => {};
      setImmediate(() => {
        end = bus.subscribe(key, listener) as () => void;
      });
      return () => end();
    },
  })),
  plantedBus("keeps one listener a key", "every listener on a key", (bus) => {
    const ends = new Map<SessionKey, () => void>();
    return {
      subscribe(key, listener) {
        ends.get(key)?.();
        const end = bus.subscribe(key, listener) as () => void;
        ends.set(key, end);
        return end;
      },
    };
  }),
  plantedBus("tells everyone everything", "on its own key alone", (bus) => {
    const everyone = "everyone" as SessionKey;
    return {
      publish: (_, event) => bus.publish(everyone, event),
      subscribe: (_, listener) => bus.subscribe(everyone, listener),
    };
  }),
  plantedBus("delivers twice", "each once", (bus) => ({
    publish(key, event) {
      bus.publish(key, event);
      return bus.publish(key, event);
    },
  })),
  plantedBus("delivers in reverse", "in that order", (bus) => {
    const held = new Map<SessionKey, SessionEvent[]>();
    return {
      publish(key, event) {
        const queue = held.get(key);
        if (queue) return void queue.unshift(event);
        const first = [event];
        held.set(key, first);
        setImmediate(() => {
          held.delete(key);
          for (const each of first) bus.publish(key, each);
        });
      },
    };
  }),
  plantedBus("loses touched events", "all three types", (bus) => ({
    publish: (key, event) => (event.type === "touched" ? undefined : bus.publish(key, event)),
  })),
  plantedBus("always leaves out changes", "all three types", (bus) => ({
    publish(key, event) {
      if (event.type !== "changed") return bus.publish(key, event);
      const { changes: _, ...bare } = event;
      return bus.publish(key, bare);
    },
  })),
  plantedBus("refuses large events", "a megabyte", (bus) => ({
    publish(key, event) {
      if (JSON.stringify(event).length > 200_000) throw new Error("The event is too large.");
      return bus.publish(key, event);
    },
  })),
  plantedBus("bends characters", "whatever they hold", (bus) => ({
    publish: (key, event) => bus.publish(key, mapStrings(event, (text) => text.replaceAll("\0", "")) as SessionEvent),
  })),
  plantedBus("goes on after unsubscribing", "no event comes after unsubscribing", (bus) => ({
    subscribe(key, listener) {
      bus.subscribe(key, listener);
      return () => {};
    },
  })),
  plantedBus("unsubscribes the whole key", "the others still hear", (bus) => {
    const ends = new Map<SessionKey, (() => void)[]>();
    return {
      subscribe(key, listener) {
        const all = ends.get(key) ?? [];
        ends.set(key, all);
        all.push(bus.subscribe(key, listener) as () => void);
        return () => {
          for (const end of all.splice(0)) end();
        };
      },
    };
  }),
  plantedBus("lets a listener's error stop the rest", "a listener that throws", (bus) => ({
    ...fragile(),
    onStatus: bus.onStatus,
  })),
  plantedBus("goes on after close", "close ends all subscriptions", () => ({ close() {} })),
];

/** A bus that tells its listeners in a plain loop. */
function fragile(): Pick<SessionBus, "publish" | "subscribe"> {
  const listeners = new Map<SessionKey, Set<{ readonly call: (event: SessionEvent) => void }>>();
  return {
    publish(key, event) {
      for (const { call } of listeners.get(key) ?? []) call(event);
    },
    subscribe(key, listener) {
      const entry = { call: listener };
      listeners.set(key, (listeners.get(key) ?? new Set()).add(entry));
      return () => void listeners.get(key)?.delete(entry);
    },
  };
}
