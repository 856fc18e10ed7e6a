// Listing, counting, and versions.

import assert from "node:assert/strict";
import type { SessionKey } from "../../core/ids.ts";
import { keysOf, many, type StoreTest, storeGroup } from "./store-test.ts";

/** More than a page of any engine. */
const MANY = 1_100;

export function listing() {
  const { plans, add } = storeGroup("live sessions can be listed, counted and compared");

  add("list gives each live record once, as read gives it, all or one principal's", async (t) => {
    const ada = [
      await t.create({ n: 1 }, { principal: "ada", meta: { a: 1 } }),
      await t.create({ n: 2 }, { principal: "ada" }),
    ];
    const nobody = await t.create({ n: 3 });
    const all = await t.listed();
    assert.deepEqual(keysOf(all), [...ada, nobody].map(({ key }) => key as string).sort());
    for (const { key, record } of all) assert.deepEqual(record, await t.record(key));
    const hers = await t.listed("ada", t.peer);
    assert.deepEqual(keysOf(hers), ada.map(({ key }) => key as string).sort());
    for (const { key, record } of hers) assert.deepEqual(record, await t.record(key));
    assert.deepEqual(await t.listed("grace"), []);
    assert.equal(await t.store.count(), 3);
  });

  add("list follows a session to its new principal", async (t) => {
    const { key } = await t.create({}, { principal: "ada" });
    await t.write(key, {}, { principal: "grace" });
    assert.deepEqual([keysOf(await t.listed("ada")), keysOf(await t.listed("grace"))], [[], [key]]);
    await t.write(key, {}, { principal: null });
    assert.deepEqual([keysOf(await t.listed("grace")), keysOf(await t.listed())], [[], [key]]);
  });

  add("list and count are empty where nothing is", async (t) => {
    assert.deepEqual(await t.listed(), []);
    assert.deepEqual(await t.listed("ada"), []);
    assert.equal(await t.store.count(), 0);
  });

  add(`list gives each of ${MANY} live records once, and of one principal's many`, async (t) => {
    const keys = await fill(t);
    const all = keysOf(await t.listed());
    assert.equal(all.length, MANY);
    assert.deepEqual(all, [...keys].sort());
    assert.equal(await t.store.count(), MANY);
    assert.deepEqual(keysOf(await t.listed("many")), keys.filter((_, index) => index % 50 !== 0).sort());
    assert.deepEqual(keysOf(await t.listed("few")), keys.filter((_, index) => index % 50 === 0).sort());
  });

  add("list gives every record that is live throughout, while others come and go", async (t) => {
    const keys = await fill(t);
    // Those that stay are every other one; the rest are ended while the list is read, from both ends.
    const leaving = keys.filter((_, index) => index % 2 === 1);
    const seen = new Set<string>();
    for await (const { key } of t.store.list()) {
      seen.add(key);
      if (seen.size % 10 !== 0) continue;
      for (const gone of [...leaving.splice(0, 5), ...leaving.splice(-5)]) await t.peer.destroy(gone, "revoked");
      await t.create({ late: true });
    }
    const missed = keys.filter((key, index) => index % 2 === 0 && !seen.has(key));
    assert.deepEqual(missed, []);
  });

  add("a list may be left halfway, and the store goes on", async (t) => {
    await many(300, () => t.create({ n: 1 }, { principal: "ada" }));
    for await (const _ of t.store.list()) break;
    for await (const _ of t.store.list({ principal: "ada" })) break;
    const { key } = await t.create({ n: 2 });
    await t.write(key, { n: 3 });
    assert.equal(await t.store.count(), 301);
  });

  add("versions gives version, incarnation and expiry of the live ones, and leaves out the others", async (t) => {
    const one = await t.create({ n: 1 });
    const two = await t.create({ n: 1 });
    const written = await t.write(two.key, { n: 2 });
    const over = await t.create({ n: 1 });
    await t.store.destroy(over.key, "destroyed");
    const { live } = await t.peer.versions([over.key, one.key, t.key(), two.key]);
    const { incarnation, expiresAt } = one.created;
    assert.equal(live.size, 2);
    assert.deepEqual({ ...live.get(one.key) }, { version: 1, incarnation, expiresAt });
    assert.deepEqual(
      { ...live.get(two.key) },
      {
        version: 2,
        incarnation: two.created.incarnation,
        expiresAt: written.expiresAt,
      },
    );
  });

  add("versions may be asked of none, and of thousands", async (t) => {
    assert.equal((await t.store.versions([])).live.size, 0);
    const keys = Array.from({ length: 5_000 }, () => t.key());
    const { key } = await t.create({ n: 1 });
    keys.splice(2_500, 0, key);
    const { live, now } = await t.store.versions(keys);
    assert.deepEqual([...live.keys()], [key]);
    assert.ok(Number.isSafeInteger(now));
  });

  return plans;
}

async function fill(t: StoreTest): Promise<SessionKey[]> {
  const keys: SessionKey[] = [];
  await many(MANY, async (index) => {
    const { key } = await t.create({ index }, { principal: index % 50 === 0 ? "few" : "many" });
    keys[index] = key;
  });
  return keys;
}
