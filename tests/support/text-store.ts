// The example in docs/drivers/writing-a-driver.md; a test keeps the two the same.

import type { Clock, Commit, CommitResult, EndReason, SessionKey, SessionRecord, SessionStore } from "live-session";

/** The engine: something that keeps texts under keys, such as a Map. */
export type TextEngine = Pick<Map<string, string>, "get" | "set" | "delete" | "keys">;

type Row = SessionRecord & { readonly ended: EndReason | null };

export function textStore({ engine, clock }: { engine: TextEngine; clock: Clock }): SessionStore {
  const load = (key: string): Row | undefined => JSON.parse(engine.get(key) ?? "null") ?? undefined;
  const save = (key: string, row: Row) => engine.set(key, JSON.stringify(row));
  const reason = (row: Row) => row.ended ?? (row.expiresAt <= clock.now() ? "expired" : null);
  const live = (key: string) => {
    const row = load(key);
    return row && reason(row) === null ? row : undefined;
  };
  const record = ({ ended: _, ...rest }: Row): SessionRecord => rest;
  const expiry = (now: number, lifetime: number, deadline: number | null) =>
    Math.min(now + lifetime, deadline ?? Number.POSITIVE_INFINITY);

  function decide(row: Row | undefined, commit: Commit, now: number): Row | (CommitResult & { ok: false }) {
    const { mode, put, ifVersion, ifIncarnation, maxBytes, meta, principal } = commit;
    const conditional = ifVersion !== undefined || ifIncarnation !== undefined;
    const over = row && reason(row);
    if (!row && (mode === "update" || conditional)) return { ok: false, why: "missing" };
    if (over) return { ok: false, why: "ended", reason: over };
    if (row && mode === "create") return { ok: false, why: "exists" };
    if (row && ifVersion !== undefined && row.version !== ifVersion) return { ok: false, why: "conflict" };
    if (row && ifIncarnation !== undefined && row.incarnation !== ifIncarnation) return { ok: false, why: "conflict" };
    const gone = new Set(commit.delete);
    const kept = Object.entries(row?.data ?? {}).filter(([name]) => !gone.has(name));
    const data = Object.fromEntries([...kept, ...Object.entries(put)]); // makes __proto__ a key like any other
    const bytes = Buffer.byteLength(JSON.stringify(data));
    if (maxBytes !== undefined && bytes > maxBytes) return { ok: false, why: "too_large", bytes };
    const lifetime = commit.lifetime ?? row?.lifetime;
    if (lifetime === undefined) throw new TypeError("A commit that may create a record needs a lifetime.");
    const given = row ? commit.newDeadline : (commit.deadline ?? null);
    const deadline = given === undefined ? (row?.deadline ?? null) : given === null ? null : now + given;
    return {
      data,
      meta: meta === undefined ? (row?.meta ?? null) : meta,
      principal: principal === undefined ? (row?.principal ?? null) : principal,
      version: (row?.version ?? 0) + 1,
      incarnation: row?.incarnation ?? commit.incarnation,
      createdAt: row?.createdAt ?? now,
      expiresAt: expiry(now, lifetime, deadline),
      lifetime,
      deadline,
      ended: null,
    };
  }

  function* liveRows() {
    for (const key of engine.keys()) {
      const row = live(key);
      if (row) yield { key: key as SessionKey, record: record(row) };
    }
  }

  return {
    read(key) {
      const row = load(key);
      if (!row) return { state: "missing" };
      const now = clock.now();
      const over = reason(row);
      if (over) return { state: "ended", reason: over, ago: now - row.expiresAt };
      return { state: "live", record: record(row), now };
    },
    commit(key, commit) {
      const now = clock.now();
      const result = decide(load(key), commit, now);
      if ("ok" in result) return result;
      save(key, result);
      const { version, incarnation, expiresAt } = result;
      return { ok: true, version, incarnation, expiresAt, now };
    },
    touch(key, { lifetime, meta, ifIncarnation }) {
      const row = live(key);
      if (!row || (ifIncarnation !== undefined && row.incarnation !== ifIncarnation)) return null;
      const now = clock.now();
      const next = { ...row, lifetime: lifetime ?? row.lifetime, meta: meta === undefined ? row.meta : meta };
      const expiresAt = expiry(now, next.lifetime, row.deadline);
      save(key, { ...next, expiresAt });
      return { expiresAt, now };
    },
    destroy(key, ended) {
      const row = live(key);
      if (!row) return null;
      save(key, { ...row, data: {}, meta: null, principal: null, expiresAt: clock.now(), ended });
      return record(row);
    },
    versions(keys) {
      const found = keys.flatMap((key) => {
        const row = live(key);
        if (!row) return [];
        const { version, incarnation, expiresAt } = row;
        return [[key, { version, incarnation, expiresAt }] as const];
      });
      return { now: clock.now(), live: new Map(found) };
    },
    sweep(retention) {
      const due = [...engine.keys()].filter((key) => (load(key)?.expiresAt ?? 0) <= clock.now() - retention);
      for (const key of due) engine.delete(key);
      return due.length;
    },
    async *list({ principal } = {}) {
      for (const listed of liveRows()) {
        if (principal === undefined || listed.record.principal === principal) yield listed;
      }
    },
    count: () => [...liveRows()].length,
    close() {},
  };
}
