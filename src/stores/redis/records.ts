// Hashes to records, and commits to the arguments of the script.

import type { Commit, CommitResult, EndReason, JsonObject, SessionRecord } from "../../core/store.ts";

/** A hash as Redis gives it: field, value, field, value, ... */
export type Flat = readonly string[];

/** The JSON text of a value; "" leaves what is there, "-" removes it (no JSON text is either). */
export function optional(value: unknown): string {
  if (value === undefined) return "";
  return value === null ? "-" : JSON.stringify(value);
}

/** A number, or "" for none. */
function digits(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : String(Math.round(value));
}

export interface CommitFacts {
  readonly retention: number;
  /** The command that publishes; "" for none. */
  readonly publish: string;
  /** What the script writes to the index itself: due member and member of the principal; "" for none. */
  readonly index: readonly [dueMember: string, member: string];
}

export function commitArguments(commit: Commit, { retention, publish, index }: CommitFacts): string[] {
  const { mode, put, ifVersion, ifIncarnation, incarnation, lifetime, deadline, meta, principal, maxBytes } = commit;
  const { newDeadline } = commit;
  const names = Object.keys(put);
  const args = [
    mode,
    digits(ifVersion),
    optional(ifIncarnation),
    JSON.stringify(incarnation),
    digits(lifetime),
    digits(deadline),
    optional(meta),
    optional(principal),
    digits(maxBytes),
    digits(retention),
    publish,
    ...index,
    newDeadline === null ? "-" : digits(newDeadline),
    String(names.length),
  ];
  for (const name of names) args.push(JSON.stringify(name), JSON.stringify(put[name]));
  for (const name of commit.delete) args.push(JSON.stringify(name));
  return args;
}

export function commitResult(reply: readonly unknown[]): CommitResult {
  const [why, first, second, third, fourth] = reply.map(String);
  switch (why) {
    case "ok":
      return {
        ok: true,
        version: Number(first),
        incarnation: JSON.parse(second as string),
        expiresAt: Number(third),
        now: Number(fourth),
      };
    case "ended":
      return { ok: false, why, reason: first as EndReason };
    case "too_large":
      return { ok: false, why, bytes: Number(first) };
    case "missing":
    case "exists":
    case "conflict":
      return { ok: false, why };
    default:
      throw new Error(`Not an answer of the commit script: ${why}`);
  }
}

type Found =
  | { readonly state: "live"; readonly record: SessionRecord }
  | { readonly state: "ended"; readonly reason: EndReason; readonly ago: number }
  | { readonly state: "missing" };

/** What a hash says at a time of Redis's clock. */
export function foundIn(flat: Flat, now: number): Found {
  if (flat.length === 0) return { state: "missing" };
  const [head, data] = split(flat);
  const ago = now - Number(head.x ?? now);
  if (head.e !== undefined) return { state: "ended", reason: head.e as EndReason, ago };
  if (Number(head.x) <= now) return { state: "ended", reason: "expired", ago };
  return { state: "live", record: recordOf(head, data) };
}

export function recordIn(flat: Flat): SessionRecord {
  return recordOf(...split(flat));
}

type Head = Partial<Record<string, string>>;

/** The fields of the head, and the data as one JSON text. */
function split(flat: Flat): [head: Head, data: string] {
  const head: Head = {};
  const entries: string[] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const [field, value] = [flat[index] as string, flat[index + 1] as string];
    if (field.startsWith('"')) entries.push(`${field}:${value}`);
    else head[field] = value;
  }
  return [head, `{${entries.join(",")}}`];
}

function recordOf(head: Head, data: string): SessionRecord {
  return {
    data: JSON.parse(data) as JsonObject,
    meta: parsed(head.m) as JsonObject | null,
    version: Number(head.v),
    incarnation: JSON.parse(head.i as string) as string,
    createdAt: Number(head.c),
    expiresAt: Number(head.x),
    lifetime: Number(head.l),
    deadline: head.d === undefined ? null : Number(head.d),
    principal: parsed(head.p) as string | null,
  };
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? null : JSON.parse(text);
}
