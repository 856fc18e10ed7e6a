// A commit, within a transaction that holds the write lock.

import type { SessionKey } from "../../core/ids.ts";
import type { Commit, CommitResult } from "../../core/store.ts";
import { dataBytes, type EncodedEntry, expiry, type HeadRow, isLive, reasonOf, text } from "./rows.ts";
import type { Statements } from "./statements.ts";

type Refusal = CommitResult & { readonly ok: false };

/** Undoes what was written before the size was known. */
export class TooLarge extends Error {
  readonly bytes: number;

  constructor(bytes: number) {
    super("The data is too large.");
    this.bytes = bytes;
  }
}

/** @throws TooLarge, for the transaction to be rolled back */
export function applyCommit(
  statements: Statements,
  key: SessionKey,
  commit: Commit,
  encoded: readonly EncodedEntry[],
  now: number,
): CommitResult {
  const [head] = statements.head.all(key) as HeadRow[];
  const refusal = refusalOf(head, commit, now);
  if (refusal) return refusal;
  return head ? change(statements, head, commit, encoded, now) : create(statements, key, commit, encoded, now);
}

function refusalOf(head: HeadRow | undefined, commit: Commit, now: number): Refusal | undefined {
  const { mode, ifVersion, ifIncarnation } = commit;
  const conditional = ifVersion !== undefined || ifIncarnation !== undefined;
  if (!head) return mode === "update" || conditional ? { ok: false, why: "missing" } : undefined;
  if (!isLive(head, now)) return { ok: false, why: "ended", reason: reasonOf(head) };
  if (mode === "create") return { ok: false, why: "exists" };
  if (ifVersion !== undefined && ifVersion !== head.version) return { ok: false, why: "conflict" };
  if (ifIncarnation !== undefined && ifIncarnation !== head.incarnation) return { ok: false, why: "conflict" };
  return undefined;
}

function change(
  statements: Statements,
  head: HeadRow,
  commit: Commit,
  encoded: readonly EncodedEntry[],
  now: number,
): CommitResult {
  const { id, incarnation } = head;
  let { entries, entry_bytes: bytes } = head;
  const bytesBefore = (name: string) => (statements.valueBytes.all(id, name) as { bytes: number }[])[0]?.bytes;
  for (const key of commit.delete) {
    const name = JSON.stringify(key);
    const before = bytesBefore(name);
    if (before === undefined) continue;
    statements.deleteValue.run(id, name);
    entries--;
    bytes -= before;
  }
  for (const { name, value, bytes: after } of encoded) {
    const before = bytesBefore(name);
    if (before === undefined) entries++;
    bytes += after - (before ?? 0);
    statements.putValue.run(id, name, after, value);
  }
  checkSize(commit, entries, bytes);
  const lifetime = commit.lifetime ?? head.lifetime;
  const deadline = commit.newDeadline === undefined ? head.deadline : ahead(now, commit.newDeadline);
  const expiresAt = expiry(now, lifetime, deadline);
  const principal = commit.principal === undefined ? head.principal : text(commit.principal);
  const meta = commit.meta === undefined ? head.meta : text(commit.meta);
  statements.update.run(expiresAt, lifetime, deadline, entries, bytes, principal, meta, id);
  return { ok: true, version: head.version + 1, incarnation, expiresAt, now };
}

function create(
  statements: Statements,
  key: SessionKey,
  commit: Commit,
  encoded: readonly EncodedEntry[],
  now: number,
): CommitResult {
  const { lifetime, incarnation } = commit;
  if (lifetime === undefined) throw new TypeError("A commit that may create a record needs a lifetime.");
  const bytes = encoded.reduce((sum, entry) => sum + entry.bytes, 0);
  checkSize(commit, encoded.length, bytes);
  const deadline = ahead(now, commit.deadline);
  const expiresAt = expiry(now, lifetime, deadline);
  const facts = [text(commit.principal), text(commit.meta)] as const;
  const row = [key, incarnation, now, expiresAt, lifetime, deadline, encoded.length, bytes, ...facts] as const;
  const [{ id }] = statements.insert.all(...row) as [{ id: number }];
  for (const entry of encoded) statements.putValue.run(id, entry.name, entry.bytes, entry.value);
  return { ok: true, version: 1, incarnation, expiresAt, now };
}

function ahead(now: number, ms: number | null | undefined): number | null {
  return typeof ms === "number" ? now + ms : null;
}

function checkSize({ maxBytes }: Commit, entries: number, entryBytes: number): void {
  const bytes = dataBytes(entries, entryBytes);
  if (maxBytes !== undefined && bytes > maxBytes) throw new TooLarge(bytes);
}
