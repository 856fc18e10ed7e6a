// Between records and what the table holds. Data is kept as a map of keys to JSON text, see the schema.

import { deepFreeze } from "../../core/json.ts";
import type { CommitResult, EndReason, JsonObject, SessionRecord } from "../../core/store.ts";

/**
 * Text that PostgreSQL takes: it refuses U+0000, and lone surrogates are no UTF-8. JSON's escapes stand for both, and are
 * undone without loss.
 */
export function escapeText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

export function unescapeText(text: string): string {
  return JSON.parse(`"${text}"`);
}

/** The keys and values as jsonb holds them. */
export function encodeData(put: JsonObject): string {
  const entries = Object.keys(put).map((key) => {
    return `${JSON.stringify(escapeText(key))}:${JSON.stringify(JSON.stringify(put[key]))}`;
  });
  return `{${entries.join(",")}}`;
}

/** Parses all values at once: keys and values are JSON already. */
export function decodeData(stored: Readonly<Record<string, string>>): JsonObject {
  const entries = Object.keys(stored).map((key) => `"${key}":${stored[key]}`);
  return deepFreeze(JSON.parse(`{${entries.join(",")}}`));
}

/** An array of texts as PostgreSQL reads it. */
export function textArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/[\\"]/g, "\\$&")}"`).join(",")}}`;
}

export function encodeMeta(meta: JsonObject | null): string | null {
  return meta && JSON.stringify(meta);
}

/** A row as the statements give it, in this order. */
export type Row = readonly [
  key: string,
  ended: EndReason | null,
  version: number,
  incarnation: string,
  createdAt: number,
  expiresAt: number,
  lifetime: number,
  deadline: number | null,
  principal: string | null,
  meta: string | null,
  data: Readonly<Record<string, string>>,
  now: number,
];

/** The row, in SQL. */
export const ROW =
  "t.key, t.ended, t.version, t.incarnation, t.created_at, t.expires_at, t.lifetime, t.deadline, t.principal, t.meta, t.data";

export function recordOf(row: Row): SessionRecord {
  const [, , version, incarnation, createdAt, expiresAt, lifetime, deadline, principal, meta, data] = row;
  return {
    data: decodeData(data),
    meta: meta === null ? null : JSON.parse(meta),
    version,
    incarnation,
    createdAt,
    expiresAt,
    lifetime,
    deadline,
    principal: principal === null ? null : unescapeText(principal),
  };
}

/** What a commit was answered: `[version, ...]` on one line; on the next the data, or nothing if it is long. */
export function resultOf(answer: string): CommitResult {
  const end = answer.indexOf("\n");
  const [version, incarnation, expiresAt, now] = JSON.parse(answer.slice(0, end));
  let data: JsonObject | undefined;
  return {
    ok: true,
    version,
    incarnation,
    expiresAt,
    now,
    // Seldom asked for, and most of the work.
    get data() {
      if (end + 1 < answer.length) data ??= decodeData(JSON.parse(answer.slice(end + 1)));
      return data;
    },
  };
}
