// Frees what is over, found by the index of expiries.

import type { Bucket } from "./bucket.ts";
import { inBatches } from "./in-batches.ts";
import { expiryName, expiryOf, slotOf } from "./index-names.ts";
import type { Sessions } from "./sessions.ts";

/** Up to which slot everything was looked at, in the bucket itself. Two parts, so that it is no session's. */
const SWEPT = "i.swept";

/** Slots that are looked at again, for entries that came late or from a node whose clock is behind: an hour. */
const AGAIN = 12;

/** After so many slots without a sweep one look at all names is cheaper. */
const TOO_MANY_SLOTS = 2_000;

export async function sweepBucket(bucket: Bucket, sessions: Sessions, now: number, retention: number): Promise<number> {
  const overSince = now - retention;
  const last = slotOf(overSince);
  const { text } = await bucket.get(SWEPT);
  const first = text === "" ? Number.NEGATIVE_INFINITY : Number(text) - AGAIN;
  let freed = 0;
  for await (const names of pages(bucket, first, last)) {
    const due = names.map(expiryOf).filter((each) => each.due <= overSince);
    for await (const each of inBatches(due, visit)) freed += each;
  }
  if (text === "" || last > Number(text)) await bucket.put(SWEPT, String(last));
  return freed;

  /** Gives 1 if it freed the session. */
  async function visit({ key, due }: ReturnType<typeof expiryOf>): Promise<number> {
    const name = expiryName(key, due);
    const held = await sessions.load(key);
    const { entry, sequence } = held;
    if (!entry) {
      await sessions.forgetOrphan(name);
      return 0;
    }
    if (entry.expiresAt <= overSince) return (await sessions.remove(key, held)) ? 1 : 0;
    // The record as it was read does not name this entry. One made since, for a write under way, is spared.
    if (entry.due !== due) await bucket.forget(name, sequence);
    // It was pushed: look again when it is over now. If someone writes first, the next sweep will.
    else await sessions.save(key, held, { ...entry, due: Math.floor(entry.expiresAt) });
    return 0;
  }
}

async function* pages(bucket: Bucket, first: number, last: number): AsyncGenerator<string[]> {
  if (last - first > TOO_MANY_SLOTS) return yield await bucket.names("x.>");
  const slots = Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index);
  yield* inBatches(slots, (slot) => bucket.names(`x.${slot}.*.*`));
}
