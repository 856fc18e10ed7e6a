import fc from "fast-check";
import { expect, test } from "vitest";
import { applyChanges, diff, isEmpty } from "../../src/core/changes.ts";
import { cloneJson, copyJson, deepFreeze, entryBytes, equalJson, jsonBytes } from "../../src/core/json.ts";

/** Without `__proto__` at any depth: copyJson refuses it, and no store ever holds it. */
const plain = (value: unknown) => !JSON.stringify(value).includes('"__proto__":');
const json = () => fc.jsonValue({ maxDepth: 4 }).filter(plain);
const data = () => fc.dictionary(fc.string(), json()).filter(plain);
const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

function thawed(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return !Object.isFrozen(value) && Object.values(value).every(thawed);
}

test("a copy is equal, deeply frozen, and shares nothing", () => {
  fc.assert(
    fc.property(data(), (value) => {
      const copy = copyJson(value, "value");
      expect(JSON.parse(JSON.stringify(copy))).toEqual(JSON.parse(JSON.stringify(value)));
      expect(isDeeplyFrozen(copy)).toBe(true);
      expect(Object.isFrozen(value)).toBe(false);
    }),
  );
});

test("a clone of frozen data is equal and free to change", () => {
  fc.assert(
    fc.property(data(), (value) => {
      const clone = cloneJson(deepFreeze(structuredClone(value)));
      expect(same(clone, value)).toBe(true);
      expect(Object.keys(value).length === 0 || thawed(clone)).toBe(true);
    }),
  );
});

test("bytes are counted as JSON in UTF-8 has them", () => {
  fc.assert(
    fc.property(fc.oneof(json(), fc.string({ unit: "binary" })), (value) => {
      expect(jsonBytes(value)).toBe(Buffer.byteLength(JSON.stringify(value)));
    }),
    { numRuns: 1000 },
  );
  expect(entryBytes("ü", "é\n")).toBe(Buffer.byteLength('"ü":"é\\n"'));
});

test("equality is that of JSON, whatever the order of keys", () => {
  fc.assert(
    fc.property(data(), data(), (one, other) => {
      const reversed = Object.fromEntries(Object.entries(one).reverse());
      expect(equalJson(one, reversed)).toBe(true);
      const sorted = (value: object) => JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
      if (sorted(one) === sorted(other)) expect(equalJson(one, other)).toBe(true);
    }),
  );
  for (const [one, other] of [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: undefined, b: 1 }, { c: 1 }],
    [[1], [1, 2]],
    [[], {}],
    [null, {}],
    ["1", 1],
    [{ a: new Date(0) }, { a: new Date(0) }],
  ]) {
    expect(equalJson(one, other), JSON.stringify([one, other])).toBe(false);
    expect(equalJson(other, one), JSON.stringify([other, one])).toBe(false);
  }
  expect(equalJson({ a: undefined, b: 1 }, { b: 1 })).toBe(true);
});

test("a diff applied to what it was made of gives what it was made for", () => {
  fc.assert(
    fc.property(data(), data(), (before, after) => {
      const changes = diff(before, after);
      expect(equalJson(applyChanges(before, changes), after)).toBe(true);
      expect(isEmpty(diff(after, after))).toBe(true);
    }),
  );
});

test("changes to different keys, applied in any order, give the same", () => {
  fc.assert(
    fc.property(data(), json(), json(), (base, one, two) => {
      const first = { put: { one }, delete: [] };
      const second = { put: { two }, delete: [] };
      const left = applyChanges(applyChanges(base, first), second);
      const right = applyChanges(applyChanges(base, second), first);
      expect(equalJson(left, right)).toBe(true);
    }),
  );
});

test('a key named "__proto__", which only a store may have from elsewhere, stays a key in a copy of what it read', () => {
  const read = JSON.parse('{"__proto__":{"admin":true},"list":[{"__proto__":1}]}');
  const clone = cloneJson(deepFreeze(read)) as { list: object[]; admin?: boolean };
  expect(JSON.stringify(clone)).toBe('{"__proto__":{"admin":true},"list":[{"__proto__":1}]}');
  expect([Object.getPrototypeOf(clone), clone.admin]).toEqual([Object.prototype, undefined]);
  expect(thawed(clone)).toBe(true);
});
