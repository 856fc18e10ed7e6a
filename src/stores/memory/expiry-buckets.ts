// Finds what is over in proportion to what is over. Entries lie in buckets by their expiry; an expiry that was pushed
// forward is noticed when its old bucket comes up, so that pushing costs nothing.

/** An entry that knows when it is due. The list pointers belong to the buckets. */
export interface Expiring {
  expiresAt: number;
  bucket: number;
  next: Expiring | null;
  previous: Expiring | null;
}

const BUCKET_MS = 10_000;

export class ExpiryBuckets<Entry extends Expiring> {
  readonly #heads = new Map<number, Entry>();
  /** No bucket before this one has entries. */
  #first = Number.POSITIVE_INFINITY;

  /** Takes an entry in, or moves one whose expiry came nearer. */
  place(entry: Entry): void {
    const bucket = Math.floor(entry.expiresAt / BUCKET_MS);
    if (entry.bucket !== -1) {
      if (bucket >= entry.bucket) return; // later is noticed lazily
      this.remove(entry);
    }
    const head = this.#heads.get(bucket) ?? null;
    entry.bucket = bucket;
    entry.previous = null;
    entry.next = head;
    if (head) head.previous = entry;
    this.#heads.set(bucket, entry);
    if (bucket < this.#first) this.#first = bucket;
  }

  remove(entry: Entry): void {
    if (entry.bucket === -1) return;
    if (entry.next) entry.next.previous = entry.previous;
    if (entry.previous) entry.previous.next = entry.next;
    else if (entry.next) this.#heads.set(entry.bucket, entry.next as Entry);
    else this.#heads.delete(entry.bucket);
    entry.bucket = -1;
    entry.next = entry.previous = null;
  }

  /** Hands over every entry that is due at `time`, removed; looks at no others but those that were pushed forward. */
  *due(time: number): Generator<Entry> {
    const last = Math.floor(time / BUCKET_MS);
    if (this.#first === Number.POSITIVE_INFINITY) return;
    for (let bucket = this.#firstUsed(last); bucket <= last; bucket++) {
      this.#first = bucket;
      let entry = this.#heads.get(bucket) ?? null;
      while (entry) {
        const next = entry.next as Entry | null;
        if (entry.expiresAt <= time) {
          this.remove(entry);
          yield entry;
        } else if (Math.floor(entry.expiresAt / BUCKET_MS) !== bucket) {
          this.remove(entry);
          this.place(entry);
        }
        entry = next;
      }
    }
  }

  /** Skips empty buckets in one go where many passed since the last look. */
  #firstUsed(last: number): number {
    if (last - this.#first <= this.#heads.size) return this.#first;
    let first = last + 1;
    for (const bucket of this.#heads.keys()) if (bucket < first) first = bucket;
    return first;
  }
}
