// Token buckets: how much of something within a time, and how much at once.

import type { Clock } from "./clock.ts";

/** How large buckets are, and how fast they fill. Whole numbers. */
export interface BucketSize {
  /** Tokens that come back within `per`. */
  readonly rate: number;
  /** In ms. */
  readonly per: number;
  /** Tokens of a full bucket. */
  readonly burst: number;
}

/** A bucket, full at first. */
export class TokenBucket {
  readonly #size: BucketSize;
  /**
   * What is missing, in parts of a token: a token is `per` parts, and `rate` parts come back with each ms. So all are
   * whole numbers, and no token is lost or won by rounding.
   */
  #missing = 0;
  #at: number;

  constructor(size: BucketSize, now: number) {
    this.#size = size;
    this.#at = now;
  }

  /** How long until it has a token, in ms; 0 if it has one. */
  wait(now: number): number {
    const { rate, per, burst } = this.#size;
    const over = this.missing(now) + per - burst * per;
    return over <= 0 ? 0 : Math.ceil(over / rate);
  }

  take(now: number): void {
    this.#missing = this.missing(now) + this.#size.per;
  }

  /** How far it is from full; 0 if it is. A clock that was set back fills nothing. */
  missing(now: number): number {
    this.#missing = Math.max(0, this.#missing - Math.max(0, now - this.#at) * this.#size.rate);
    this.#at = now;
    return this.#missing;
  }
}

/** Of so many buckets the fullest makes way for a new one, once there are too many. */
const SAMPLE = 16;

/**
 * Buckets by name, in bounded memory: full ones say nothing and are dropped by `sweep`. While there are `most`, a new
 * one takes the place of the fullest of a few, whose loss gives away the fewest tokens. So who wants an empty bucket
 * forgotten must empty others, each with a name of its own, and gets less than those were worth.
 */
export class TokenBuckets {
  readonly #size: BucketSize;
  readonly #clock: Clock;
  readonly #most: number;
  readonly #buckets = new Map<string, TokenBucket>();
  /** Goes round and round, so that each bucket has its turn. */
  #hand = this.#buckets.entries();

  constructor(size: BucketSize, clock: Clock, most = 100_000) {
    this.#size = size;
    this.#clock = clock;
    this.#most = most;
  }

  /** How many are kept. */
  get count(): number {
    return this.#buckets.size;
  }

  /** How long until this bucket has a token, in ms; 0 if it has one. */
  wait(name: string): number {
    return this.#buckets.get(name)?.wait(this.#clock.now()) ?? 0;
  }

  /** Takes a token. Ask `wait` before. */
  take(name: string): void {
    const now = this.#clock.now();
    let bucket = this.#buckets.get(name);
    if (!bucket) {
      if (this.#buckets.size >= this.#most) this.#makeRoom(now);
      bucket = new TokenBucket(this.#size, now);
      this.#buckets.set(name, bucket);
    }
    bucket.take(now);
  }

  /** Drops those that are full. */
  sweep(): void {
    const now = this.#clock.now();
    for (const [name, bucket] of this.#buckets) if (bucket.missing(now) === 0) this.#buckets.delete(name);
  }

  #makeRoom(now: number): void {
    let fullest: string | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (let looked = 0; looked < Math.min(SAMPLE, this.#most); looked++) {
      const [name, bucket] = this.#next();
      const missing = bucket.missing(now);
      if (missing >= least) continue;
      least = missing;
      fullest = name;
    }
    if (fullest !== null) this.#buckets.delete(fullest);
  }

  #next(): [string, TokenBucket] {
    const next = this.#hand.next();
    if (!next.done) return next.value;
    this.#hand = this.#buckets.entries();
    return this.#hand.next().value as [string, TokenBucket];
  }
}
