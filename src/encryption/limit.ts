// `maxBytes` means plain data, and the store counts sealed data, which is longer. So what the store lets through is within
// the limit; what it refuses may be, too, and is counted here.

import { setTimeout } from "node:timers/promises";
import { LiveSessionError } from "../core/errors.ts";
import type { SessionKey } from "../core/ids.ts";
import { entryBytes } from "../core/json.ts";
import type { Commit, CommitResult, JsonObject, SessionRecord, SessionStore } from "../core/store.ts";
import { plainBytes } from "./seals.ts";

/** Each failed attempt means that another writer got through. */
const ATTEMPTS = 100;
const LONGEST_WAIT_MS = 40;

/**
 * A commit, already sealed, that the store found too large: reads the session, counts it as plain JSON, and commits without
 * a limit, but to that version only.
 *
 * @throws LiveSessionError `conflict` if others kept changing the session
 */
export async function commitCounted(store: SessionStore, key: SessionKey, commit: Commit): Promise<CommitResult> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const result = await attemptCounted(store, key, commit);
    if (result) return result;
    if (attempt > 3) await setTimeout(Math.min(2 ** (attempt - 3), LONGEST_WAIT_MS) * Math.random());
  }
  const message = "The session, which is near its maxBytes, was changed by others through all attempts to count it.";
  throw new LiveSessionError("conflict", message);
}

/** `null` if the session changed meanwhile. */
async function attemptCounted(store: SessionStore, key: SessionKey, commit: Commit): Promise<CommitResult | null> {
  const found = await store.read(key);
  if (found.state === "ended") return { ok: false, why: "ended", reason: found.reason };
  const record = found.state === "live" ? found.record : null;
  const refused = record ? refusal(record, commit) : mayCreate(commit) ? null : "missing";
  if (refused) return { ok: false, why: refused };
  const bytes = bytesAfter(record?.data ?? {}, commit);
  if (bytes > (commit.maxBytes ?? Number.POSITIVE_INFINITY)) return { ok: false, why: "too_large", bytes };
  const unlimited = { ...commit, maxBytes: undefined };
  const result = await store.commit(
    key,
    record
      ? { ...unlimited, ifVersion: record.version, ifIncarnation: record.incarnation }
      : { ...unlimited, mode: "create" },
  );
  if (result.ok || result.why === "ended") return result;
  return null; // Whatever else it is now, the next look says.
}

function refusal(record: SessionRecord, { mode, ifVersion, ifIncarnation }: Commit): "exists" | "conflict" | null {
  if (mode === "create") return "exists";
  if (ifVersion !== undefined && ifVersion !== record.version) return "conflict";
  return ifIncarnation !== undefined && ifIncarnation !== record.incarnation ? "conflict" : null;
}

function mayCreate({ mode, ifVersion, ifIncarnation }: Commit): boolean {
  return mode !== "update" && ifVersion === undefined && ifIncarnation === undefined;
}

/** Of the whole data after the commit, as plain JSON. */
function bytesAfter(data: JsonObject, commit: Commit): number {
  const values = new Map(Object.entries({ ...data, ...commit.put }));
  for (const name of commit.delete) values.delete(name);
  let bytes = 2 + Math.max(values.size - 1, 0);
  for (const [name, value] of values) bytes += entryBytes(name, 0) - 1 + plainBytes(value);
  return bytes;
}
