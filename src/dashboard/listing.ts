// The sessions of a store, searched and paged.

import { isSessionKey } from "../core/ids.ts";
import type { ListedRecord } from "../core/store.ts";
import type { Hub } from "./options.ts";
import { listed } from "./redaction.ts";
import type { ListedSession, SessionsPage } from "./wire.ts";

/** What is looked for. */
export interface Search {
  /** Whose sessions. */
  readonly principal: string | null;
  /** How the key begins. */
  readonly prefix: string;
  /** The least and the most time since the session was made, in ms. */
  readonly olderThan: number;
  readonly youngerThan: number;
  /** From 0. */
  readonly page: number;
}

export const PAGE_SIZE = 50;

/** Stores list in no order and from the start: what one page may cost is limited. */
const MOST_SCANNED = 20_000;

const MOST_PAGES = MOST_SCANNED / PAGE_SIZE;

/** Reads a search from a query. What makes no sense is left out. */
export function searchOf(query: URLSearchParams): Search {
  const number = (name: string, otherwise: number, most = Number.MAX_SAFE_INTEGER) => {
    const value = Number(query.get(name) || Number.NaN);
    return Number.isFinite(value) && value >= 0 ? Math.min(value, most) : otherwise;
  };
  return {
    principal: query.get("principal") || null,
    prefix: (query.get("key") ?? "").trim(),
    olderThan: number("olderThan", 0),
    youngerThan: number("youngerThan", Number.POSITIVE_INFINITY),
    page: Math.floor(number("page", 0, MOST_PAGES)),
  };
}

/** One page of what is found. */
export async function findSessions(sessions: Hub, search: Search): Promise<SessionsPage> {
  const now = sessions.clock.now();
  const skipped = search.page * PAGE_SIZE;
  const found: ListedSession[] = [];
  let matching = 0;
  let scanned = 0;
  let hasMore = false;
  let isPartial = false;
  for await (const each of candidates(sessions, search)) {
    scanned++;
    if (matches(each, search, now) && matching++ >= skipped) {
      hasMore = found.length === PAGE_SIZE;
      if (hasMore) break;
      found.push(listed(each));
    }
    isPartial = scanned === MOST_SCANNED;
    if (isPartial) break;
  }
  return { now, sessions: found, hasMore, scanned, isPartial };
}

/** A whole key is read rather than looked for. */
async function* candidates(sessions: Hub, { principal, prefix }: Search): AsyncIterable<ListedRecord> {
  if (!isSessionKey(prefix)) {
    yield* sessions.records.list(principal === null ? undefined : { principal });
    return;
  }
  const result = await sessions.records.read(prefix);
  if (result.state === "live") yield { key: prefix, record: result.record };
}

function matches({ key, record }: ListedRecord, search: Search, now: number): boolean {
  const age = now - record.createdAt;
  const isTheirs = search.principal === null || record.principal === search.principal;
  return isTheirs && key.startsWith(search.prefix) && age >= search.olderThan && age <= search.youngerThan;
}
