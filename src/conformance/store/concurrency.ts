// Many writers at once, through both store objects.

import assert from "node:assert/strict";
import type { SessionKey } from "../../core/ids.ts";
import { HOUR, many, type StoreTest, storeGroup } from "./store-test.ts";

export function concurrency() {
  const { plans, add } = storeGroup("no update is lost");

  add("60 concurrent compare-and-set increments, half of them on each store object, give 60", async (t) => {
    const { key } = await t.create({ n: 0 });
    await Promise.all(Array.from({ length: 60 }, (_, index) => increment(t, key, index % 2 ? t.store : t.peer)));
    const { data, version } = await t.record(key);
    assert.deepEqual({ data, version }, { data: { n: 60 }, version: 61 });
  });

  add("100 concurrent writes of different keys are all kept, each with a version of its own", async (t) => {
    const { key } = await t.create({ n: 0 });
    const versions = new Set<number>();
    await many(100, async (index) => {
      const put = { [`k${index}`]: { by: index } };
      versions.add((await t.write(key, put, {}, index % 2 ? t.store : t.peer)).version);
    });
    const { data, version } = await t.record(key);
    assert.equal(Object.keys(data).length, 101);
    assert.deepEqual(data.k7, { by: 7 });
    assert.equal(version, 101);
    assert.deepEqual(
      [...versions].sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, index) => index + 2),
    );
  });

  add("concurrent deletes and writes of different keys do not undo each other", async (t) => {
    const old = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`old${index}`, index]));
    const { key } = await t.create(old);
    await many(60, (index) => {
      const store = index % 3 ? t.store : t.peer;
      if (index < 30) return t.write(key, {}, { delete: [`old${index}`] }, store);
      return t.write(key, { [`new${index - 30}`]: index }, {}, store);
    });
    const names = Object.keys((await t.record(key)).data);
    assert.deepEqual(names.sort(), Array.from({ length: 30 }, (_, index) => `new${index}`).sort());
  });

  add("of 20 concurrent creations under one key, one succeeds", async (t) => {
    const key = t.key();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, by) => t.commit(key, { by }, { mode: "create" }, by % 2 ? t.store : t.peer)),
    );
    assert.equal(results.filter(({ ok }) => ok).length, 1);
    for (const result of results) if (!result.ok) assert.deepEqual(result, { ok: false, why: "exists" });
    const { data, version } = await t.record(key);
    assert.deepEqual({ data, version }, { data: { by: results.findIndex(({ ok }) => ok) }, version: 1 });
  });

  add("20 concurrent upserts of different keys under an unknown key give one session with all of them", async (t) => {
    const key = t.key();
    const upsert = (by: number) => t.write(key, { [`k${by}`]: by }, { mode: "upsert" }, by % 2 ? t.store : t.peer);
    const results = await Promise.all(Array.from({ length: 20 }, (_, by) => upsert(by)));
    assert.equal(new Set(results.map(({ incarnation }) => incarnation)).size, 1);
    const { data, version } = await t.record(key);
    assert.deepEqual([Object.keys(data).length, version], [20, 20]);
  });

  add("concurrent touches and commits lose no commit", async (t) => {
    const { key } = await t.create({});
    await many(60, async (index) => {
      const store = index % 3 ? t.store : t.peer;
      if (index % 2) await t.write(key, { [`k${index}`]: 1 }, {}, store);
      else assert.ok(await store.touch(key, { lifetime: HOUR + index, meta: { index } }));
    });
    const { data, version } = await t.record(key);
    assert.deepEqual([Object.keys(data).length, version], [30, 31]);
  });

  add("of concurrent ends one gets the record, and a storm of writes does not undo it", async (t) => {
    const { key } = await t.create({ n: 0 });
    const ended: unknown[] = [];
    await many(80, async (index) => {
      const store = index % 2 ? t.store : t.peer;
      if (index % 8 === 7) ended.push(await store.destroy(key, "destroyed"));
      else await t.commit(key, { [`k${index}`]: 1 }, { mode: index % 3 ? "upsert" : "update", lifetime: HOUR }, store);
    });
    assert.equal(ended.filter((record) => record !== null).length, 1);
    await t.assertFinal(key, "destroyed");
    await t.assertFinal(key, "destroyed", t.peer);
  });

  return plans;
}

async function increment(t: StoreTest, key: SessionKey, store: StoreTest["store"]): Promise<void> {
  for (;;) {
    const { data, version, incarnation } = await t.record(key, store);
    const condition = { ifVersion: version, ifIncarnation: incarnation };
    const result = await t.commit(key, { n: (data.n as number) + 1 }, condition, store);
    if (result.ok) return;
    assert.deepEqual(result, { ok: false, why: "conflict" });
  }
}
