// The index of principals: for each one a sorted set of sessions, and one set that says when each entry is to be looked at
// again. In a cluster they lie elsewhere than the records, so an entry is written before its record and is only a hint:
// who lists reads the record, and an entry is dropped when it is old enough and its record says otherwise.

import { createHash } from "node:crypto";
import type { SessionKey } from "../../core/ids.ts";
import { nameOf } from "../../engines/redis/events.ts";
import type { Engine } from "./engine.ts";
import { claimScript, forgetScript, headsScript, INDEX_GRACE, indexScript, membersScript } from "./scripts.ts";

/** Entries of one step of a sweep. */
const BATCH = 100;

export interface IndexEntry {
  /** Names of the set of what is due, and of the principal's set. */
  readonly due: string;
  readonly principal: string;
  /** The members that stand for the session in them. */
  readonly dueMember: string;
  readonly member: SessionKey;
}

export interface PrincipalIndex {
  entry(principal: string, key: SessionKey): IndexEntry;
  /** Adds an entry, or makes it new. */
  add(entry: IndexEntry): Promise<void>;
  /** Keys of sessions that may be the principal's, in pages, and the time; a key may come twice. */
  pages(principal: string): AsyncIterable<{ readonly now: number; readonly keys: SessionKey[] }>;
  /** Drops an entry, unless it is so new that its record may still be on its way. */
  drop(entry: IndexEntry, now: number): Promise<boolean>;
  /** Looks at the entries that are due: drops those whose session is over or someone else's. */
  sweep(): Promise<void>;
}

export function principalIndex(engine: Engine, prefix: string): PrincipalIndex {
  const due = `${prefix}principals`;
  const setOf = (hash: string) => `${prefix}principal:${hash}`;

  function entryOf(hash: string, key: SessionKey): IndexEntry {
    return { due, principal: setOf(hash), dueMember: `${hash}:${key}`, member: key };
  }

  async function drop(entry: IndexEntry, now: number): Promise<boolean> {
    const args = [String(now - INDEX_GRACE), entry.member];
    return Number(await engine.run(forgetScript, [entry.principal], args)) === 1;
  }

  async function look(members: readonly string[], now: number): Promise<void> {
    const entries = members.map((member) => {
      const [hash = "", key = ""] = member.split(":");
      return { hash, entry: entryOf(hash, key as SessionKey) };
    });
    const names = entries.map(({ entry }) => nameOf(prefix, entry.member));
    const { found } = await engine.runAll(headsScript, names);
    await Promise.all(
      entries.map(async ({ hash, entry }, index) => {
        const [, , expiresAt, principal] = found[index] as (string | null)[];
        if (principal && hashOf(principal) === hash) {
          const left = String(Math.max(Number(expiresAt) - now, 1));
          await engine.run(indexScript, [due], [entry.dueMember, left]);
        } else if (await drop(entry, now)) {
          await engine.run(forgetScript, [due], [String(now + INDEX_GRACE - 1), entry.dueMember]);
        }
      }),
    );
  }

  return {
    drop,
    entry: (principal, key) => entryOf(hashOf(JSON.stringify(principal)), key),

    async add({ due, principal, dueMember, member }) {
      await Promise.all([
        engine.run(indexScript, [due], [dueMember, String(INDEX_GRACE)]),
        engine.run(indexScript, [principal], [member, "0"]),
      ]);
    },

    async *pages(principal) {
      const set = setOf(hashOf(JSON.stringify(principal)));
      let cursor = "0";
      do {
        const reply = await engine.run(membersScript, [set], [cursor]);
        const [now, next, page] = reply as [unknown, unknown, SessionKey[]];
        cursor = String(next);
        yield { now: Number(now), keys: page.filter((_, index) => index % 2 === 0) };
      } while (cursor !== "0");
    },

    async sweep() {
      for (;;) {
        const reply = await engine.run(claimScript, [due], [String(BATCH)]);
        const [now, members] = reply as [unknown, string[]];
        if (members.length > 0) await look(members, Number(now));
        if (members.length < BATCH) return;
      }
    },
  };
}

/** Of the principal's JSON text: names of keys stay short, and in a cluster no braces of it move them. */
function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
