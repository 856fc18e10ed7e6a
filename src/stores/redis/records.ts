// Texts in Redis to records, and commits to the arguments of the script.

import type { Commit, CommitResult, EndReason, JsonObject, ReadResult, SessionRecord } from "../../core/store.ts";
import { GONE } from "./scripts.ts";

/** The JSON text of a value; "" leaves what is there, "-" removes it (no JSON text is either). */
export function optional(value: unknown): string {
  if (value === undefined) return "";
  return value === null ? "-" : JSON.stringify(value);
}

/** A number, or "" for none. */
function digits(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : String(Math.round(value));
}

/** A key as it begins its line in a record. */
function lineOf(name: string): string {
  return `\n${JSON.stringify(name)}:\t`;
}

/** What the script needs of one commit. `index`: what it writes to the index itself, due member and member of the principal. */
export function commitArguments(commit: Commit, index: readonly [dueMember: string, member: string] | null): string[] {
  const { mode, put, ifVersion, ifIncarnation, lifetime, maxBytes } = commit;
  const names = Object.keys(put);
  const gone = commit.delete;
  const numbers = `${index ? 1 : 0},${names.length},${gone.length}`;
  const conditions = `${mode},${digits(ifVersion)},${digits(lifetime)},${digits(maxBytes)}\n${optional(ifIncarnation)}`;
  const args = [`${numbers},${conditions}${factsOf(commit, index)}`];
  for (const name of names) args.push(lineOf(name), JSON.stringify(put[name]));
  for (const name of gone) args.push(lineOf(name));
  return args;
}

/** What most commits do without. */
function factsOf(commit: Commit, index: readonly [dueMember: string, member: string] | null): string {
  const { mode, incarnation, deadline, newDeadline, meta, principal } = commit;
  if (mode === "update" && newDeadline === undefined && meta === undefined && principal === undefined) return "";
  const [dueMember, member] = index ?? ["", ""];
  const times = `${digits(deadline)}\n${newDeadline === null ? "-" : digits(newDeadline)}`;
  return `\n${JSON.stringify(incarnation)}\n${optional(principal)}\n${optional(meta)}\n${times}\n${dueMember}\n${member}`;
}

/** What the script says of one commit. */
export type CommitAnswer =
  | readonly ["ok", version: number, expiresAt: number, incarnation: string]
  | readonly ["ended", reason: EndReason]
  | readonly ["too_large", bytes: number]
  | readonly ["failed", message: string]
  | readonly ["missing" | "exists" | "conflict"];

export function commitResult(answer: CommitAnswer, now: number): CommitResult {
  switch (answer[0]) {
    case "ok":
      return { ok: true, version: answer[1], incarnation: answer[3], expiresAt: answer[2], now };
    case "ended":
      return { ok: false, why: answer[0], reason: answer[1] };
    case "too_large":
      return { ok: false, why: answer[0], bytes: answer[1] };
    case "failed":
      throw new Error(answer[1]);
    default:
      return { ok: false, why: answer[0] };
  }
}

/** What the text of a record says, closed as JSON. */
type Live = readonly [
  version: number,
  expiresAt: number,
  most: number,
  lifetime: number,
  deadline: number | null,
  least: number,
  createdAt: number,
  incarnation: string,
  principal: string | null,
  meta: JsonObject | null,
  data: Record<string, unknown>,
];

/** What is under a key at a time of Redis's clock. */
export function foundIn(text: string | null, now: number): ReadResult {
  if (text === null) return { state: "missing" };
  if (text.startsWith('["')) {
    const [reason, endedAt] = JSON.parse(text) as [EndReason, number];
    return { state: "ended", reason, ago: now - endedAt };
  }
  const record = recordIn(text);
  if (record.expiresAt > now) return { state: "live", record, now };
  return { state: "ended", reason: "expired", ago: now - record.expiresAt };
}

export function recordIn(text: string): SessionRecord {
  const found = JSON.parse(`${text}}]`) as Live;
  const [version, expiresAt, , lifetime, deadline, , createdAt, incarnation, principal, meta, data] = found;
  if (text.includes(`\t${GONE}`)) for (const key of Object.keys(data)) if (data[key] === Infinity) delete data[key];
  return { data, meta, version, incarnation, createdAt, expiresAt, lifetime, deadline, principal };
}
