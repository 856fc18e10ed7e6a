// Sets that cost nothing while they have one member: as a Set, step by step.

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  countOf,
  hasMember,
  membersOf,
  type OneOrMany,
  withMember,
  withoutMember,
} from "../../src/core/one-or-many.ts";

test("holds what a Set would, in the same order", () => {
  const members = Array.from({ length: 4 }, (_, number) => ({ number }));
  const step = fc.record({ adds: fc.boolean(), member: fc.constantFrom(...members) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const set = new Set<object>();
      let ours: OneOrMany<object> = null;
      for (const { adds, member } of steps) {
        if (adds) set.add(member);
        else set.delete(member);
        ours = adds ? withMember(ours, member) : withoutMember(ours, member);
        expect(membersOf(ours)).toEqual([...set]);
        expect(countOf(ours)).toBe(set.size);
        expect(ours === null).toBe(set.size === 0);
        for (const each of members) expect(hasMember(ours, each)).toBe(set.has(each));
      }
    }),
  );
});
