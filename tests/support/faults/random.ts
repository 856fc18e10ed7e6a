// Chance from a seed: the same each time.

import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    // Of neighbouring seeds the generator makes neighbouring numbers at first.
    this.#generator = xoroshiro128plus(Math.imul(seed, 0x9e37_79b1));
    for (let draw = 0; draw < 32; draw++) this.#generator.next();
  }

  /** A whole number, both bounds included. */
  int(least: number, most: number): number {
    return uniformInt(this.#generator, least, most);
  }

  /** True in so many of a hundred. */
  chance(percent: number): boolean {
    return this.int(1, 100) <= percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.map(() => left.splice(this.int(0, left.length - 1), 1)[0] as T);
  }

  /** Another of its own, so that what one writer draws does not depend on when others drew. */
  fork(): Random {
    return new Random(this.int(-0x8000_0000, 0x7fff_ffff));
  }
}
