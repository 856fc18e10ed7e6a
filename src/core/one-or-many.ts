// Sets of objects of which most have one member: that one stands for the set, and costs nothing.

export type OneOrMany<T extends object> = T | Set<T> | null;

/** The set with one more member. */
export function withMember<T extends object>(set: OneOrMany<T>, member: T): T | Set<T> {
  if (set === null) return member;
  return set instanceof Set ? set.add(member) : new Set([set, member]);
}

/** The set without a member, which may be there or not. */
export function withoutMember<T extends object>(set: OneOrMany<T>, member: T): OneOrMany<T> {
  if (!(set instanceof Set)) return set === member ? null : set;
  set.delete(member);
  return set.size === 0 ? null : set;
}

export function hasMember<T extends object>(set: OneOrMany<T>, member: T): boolean {
  return set instanceof Set ? set.has(member) : set === member;
}

export function countOf<T extends object>(set: OneOrMany<T>): number {
  if (set instanceof Set) return set.size;
  return set === null ? 0 : 1;
}

/** The members at this moment, in the order they came. */
export function membersOf<T extends object>(set: OneOrMany<T>): T[] {
  if (set instanceof Set) return [...set];
  return set === null ? [] : [set];
}
