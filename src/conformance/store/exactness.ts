// Nothing that is kept is bent, and sizes are counted as promised.

import assert from "node:assert/strict";
import { jsonBytes } from "../../core/json.ts";
import type { JsonObject } from "../../core/store.ts";
import { oddObject, oddStrings } from "../exact.ts";
import { keysOf, storeGroup } from "./store-test.ts";

export function exactness() {
  const { plans, add } = storeGroup("what is kept is kept exactly");

  add("keys and values come back exactly, whatever they hold", async (t) => {
    const odd = oddObject();
    const { key } = await t.create(odd);
    assert.deepEqual((await t.record(key, t.peer)).data, odd);
    assertNotPolluted();
  });

  add("every odd key can be written, overwritten and deleted by itself", async (t) => {
    const odd = oddObject();
    const { key } = await t.create({ stays: 1 });
    for (const name of Object.keys(odd)) {
      await t.write(key, own(name, odd[name]));
      assert.deepEqual((await t.record(key)).data, { stays: 1, ...own(name, odd[name]) }, JSON.stringify(name));
      await t.write(key, own(name, "second"));
      assert.deepEqual((await t.record(key)).data, { stays: 1, ...own(name, "second") }, JSON.stringify(name));
      await t.write(key, {}, { delete: [name] });
      assert.deepEqual((await t.record(key)).data, { stays: 1 }, JSON.stringify(name));
    }
    assertNotPolluted();
  });

  add("meta comes back exactly, from commits and touches", async (t) => {
    const odd = oddObject();
    const { key } = await t.create({}, { meta: odd });
    assert.deepEqual((await t.record(key)).meta, odd);
    await t.write(key, {}, { meta: {} });
    assert.deepEqual((await t.record(key)).meta, {});
    await t.store.touch(key, { meta: odd });
    assert.deepEqual((await t.record(key)).meta, odd);
  });

  add("principals are exact: each finds its own sessions and no other's", async (t) => {
    const owned = new Map<string, string>();
    for (const principal of [...oddStrings, "ada", "ADA", "ad", "ada ", "1", "1.0"]) {
      const { key } = await t.create({}, { principal });
      assert.equal((await t.record(key)).principal, principal);
      owned.set(principal, key);
    }
    for (const [principal, key] of owned) {
      assert.deepEqual(keysOf(await t.listed(principal)), [key], `principal ${JSON.stringify(principal)}`);
    }
  });

  add("the order of keys makes no difference", async (t) => {
    const { key } = await t.create({ a: 1, b: { x: 1, y: 2 } });
    await t.write(key, { b: { y: 2, x: 1 }, a: 1 });
    assert.deepEqual((await t.record(key)).data, { b: { x: 1, y: 2 }, a: 1 });
  });

  add("maxBytes counts the whole data after the commit as JSON in UTF-8 bytes, keys included", async (t) => {
    const first: JsonObject = { clé: "é漢😀", quote: '"\\\n\u0001', list: [1, 2.5, null, true, {}, []] };
    await limits(t.key(), first, [], first, "create");
    const { key } = await t.create(first);
    const after = { clé: "x", list: first.list, more: { deep: ["ü"] } };
    await limits(key, { clé: "x", more: after.more }, ["quote", "never there"], after, "update");
    await limits(key, {}, ["clé", "list", "more"], {}, "update");
    await limits(key, { a: 1 }, [], { a: 1 }, "upsert");

    async function limits(
      at: typeof key,
      put: JsonObject,
      deleted: readonly string[],
      whole: JsonObject,
      mode: "create" | "update" | "upsert",
    ) {
      const bytes = Buffer.byteLength(JSON.stringify(whole));
      assert.equal(bytes, jsonBytes(whole));
      const refused = await t.commit(at, put, { delete: deleted, mode, maxBytes: bytes - 1 });
      assert.deepEqual(refused, { ok: false, why: "too_large", bytes }, mode);
      await t.write(at, put, { delete: deleted, mode, maxBytes: bytes });
      assert.deepEqual((await t.record(at)).data, whole);
    }
  });

  add("a session over the limit can still be made smaller", async (t) => {
    const { key } = await t.create({ big: "x".repeat(1_000), small: 1 });
    assert.equal((await t.commit(key, { small: 2 }, { maxBytes: 100 })).ok, false);
    await t.write(key, {}, { delete: ["big"], maxBytes: 100 });
    assert.deepEqual((await t.record(key)).data, { small: 1 });
  });

  add("a conflict is told before the size", async (t) => {
    const { key } = await t.create({ n: 1 });
    const result = await t.commit(key, { n: "long" }, { ifVersion: 9, maxBytes: 2 });
    assert.deepEqual(result, { ok: false, why: "conflict" });
  });

  return plans;
}

/** `{ [name]: value }` with `__proto__` as a key like any other. */
function own(name: string, value: unknown): JsonObject {
  return Object.fromEntries([[name, value]]);
}

function assertNotPolluted(): void {
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
}
