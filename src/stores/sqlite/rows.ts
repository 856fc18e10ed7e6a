// Rows to records and back.

import type { SessionKey } from "../../core/ids.ts";
import type { Commit, EndReason, JsonObject, SessionRecord } from "../../core/store.ts";

/** A session as its row has it, without its data. */
export interface HeadRow {
  readonly id: number;
  readonly key: SessionKey;
  readonly incarnation: string;
  readonly version: number;
  readonly created_at: number;
  readonly expires_at: number;
  readonly lifetime: number;
  readonly deadline: number | null;
  readonly ended: EndReason | null;
  /** Keys in the data, and the bytes of their `"key":value`, without commas and braces. */
  readonly entries: number;
  readonly entry_bytes: number;
  readonly principal: string | null;
  readonly meta: string | null;
}

/** With the data, as one JSON text. */
export interface FullRow extends HeadRow {
  readonly data: string | null;
}

export function recordOf(row: FullRow): SessionRecord {
  return {
    data: JSON.parse(`{${row.data ?? ""}}`),
    meta: parsed(row.meta) as JsonObject | null,
    version: row.version,
    incarnation: row.incarnation,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lifetime: row.lifetime,
    deadline: row.deadline,
    principal: parsed(row.principal) as string | null,
  };
}

/** The end of a session that has a row and is not live. */
export function reasonOf(row: HeadRow): EndReason {
  return row.ended ?? "expired";
}

export function isLive(row: HeadRow, now: number): boolean {
  return row.ended === null && row.expires_at > now;
}

export function expiry(now: number, lifetime: number, deadline: number | null): number {
  return Math.min(now + lifetime, deadline ?? Number.POSITIVE_INFINITY);
}

export function text(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

export interface EncodedEntry {
  readonly name: string;
  readonly value: string;
  readonly bytes: number;
}

/** The keys that a commit puts, as rows: done before the lock is taken. */
export function encode({ put }: Commit): EncodedEntry[] {
  return Object.keys(put).map((key) => {
    const name = JSON.stringify(key);
    const value = JSON.stringify(put[key]);
    return { name, value, bytes: Buffer.byteLength(name) + 1 + Buffer.byteLength(value) };
  });
}

/** The length of data as JSON, from the bytes of its entries. */
export function dataBytes(entries: number, entryBytes: number): number {
  return entryBytes + Math.max(entries - 1, 0) + 2;
}
