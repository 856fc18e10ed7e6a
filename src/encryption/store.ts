// A store that seals what it hands to another one, and opens what that one has. All that is decided is decided there.

import type { OnError } from "../core/errors.ts";
import type { SessionKey } from "../core/ids.ts";
import type { CommitResult, SessionStore } from "../core/store.ts";
import { commitCounted } from "./limit.ts";
import { openRecord, openWhatOpens, sealData, sealFacts } from "./records.ts";
import { type Sealing, Seals } from "./seals.ts";

export interface EncryptedStoreOptions {
  readonly store: SessionStore;
  /** The bus that the hub knows in place of the one that `store` publishes to. */
  readonly publishesTo: SessionStore["publishesTo"];
  readonly sealing: Sealing;
  readonly report: OnError;
}

export function encryptedStore({ store, publishesTo, sealing, report }: EncryptedStoreOptions): SessionStore {
  const sealsOf = (key: SessionKey) => new Seals(sealing, key);

  return {
    publishesTo,

    async read(key) {
      const found = await store.read(key);
      return found.state === "live" ? { ...found, record: openRecord(sealsOf(key), found.record) } : found;
    },

    async commit(key, commit) {
      const seals = sealsOf(key);
      const sealed = { ...sealFacts(seals, commit), put: sealData(seals, commit.put) };
      const result = await store.commit(key, sealed);
      const counted = !result.ok && result.why === "too_large";
      return withoutData(counted ? await commitCounted(store, key, sealed) : result);
    },

    touch: (key, touch) => store.touch(key, sealFacts(sealsOf(key), touch)),

    /** The session is over, whether or not it can be read: somebody who logs out must not be told that it failed. */
    async destroy(key, reason) {
      const last = await store.destroy(key, reason);
      return last && openWhatOpens(sealsOf(key), last, (error) => report(error, { stage: "decrypt", key }));
    },

    versions: (keys) => store.versions(keys),
    sweep: (retention) => store.sweep(retention),

    /** One that cannot be read is listed as such: it hides none of the others, and can be ended. */
    async *list(filter) {
      for await (const { key, record, failure } of store.list(filter)) {
        const failures: unknown[] = failure === undefined ? [] : [failure];
        const opened = openWhatOpens(sealsOf(key), record, (error) => failures.push(error));
        yield failures.length === 0 ? { key, record: opened } : { key, record: opened, failure: failures[0] };
      }
    },

    count: () => store.count(),
    close: () => store.close(),
  };
}

/** A store that has the data at hand has it sealed: opening all of it would cost more than most callers need. */
function withoutData(result: CommitResult): CommitResult {
  if (!result.ok) return result;
  const { ok, version, incarnation, expiresAt, now } = result; // a spread would ask for the data
  return { ok, version, incarnation, expiresAt, now };
}
