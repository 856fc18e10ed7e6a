// Sweeping frees what was over for long enough, and nothing else.

import assert from "node:assert/strict";
import { HOUR, many, SHORT, storeGroup } from "./store-test.ts";

export function sweeping() {
  const { plans, add } = storeGroup("sweeping frees only what is over for long enough");

  add(
    "an end is remembered through sweeps until it is over for the retention",
    async (t) => {
      const destroyed = await t.create({ n: 1 });
      const expired = await t.create({ n: 1 }, { lifetime: SHORT });
      await t.store.destroy(destroyed.key, "destroyed");
      await t.advance(SHORT);
      assert.equal(await t.store.sweep(HOUR), 0);
      await t.assertFinal(destroyed.key, "destroyed");
      await t.assertFinal(expired.key, "expired");
      assert.equal(await t.peer.sweep(0), 2);
      assert.deepEqual(await t.store.read(destroyed.key), { state: "missing" });
      assert.deepEqual(await t.store.read(expired.key), { state: "missing" });
      assert.equal(await t.store.sweep(0), 0);
    },
    "sweeps",
  );

  add(
    "a sweep frees to the millisecond what ended so long ago, by lifetime, deadline or end",
    async (t) => {
      const lifetime = await t.create({}, { lifetime: 1_000 });
      const deadline = await t.create({}, { lifetime: HOUR, deadline: 1_000 });
      const later = await t.create({}, { lifetime: 1_001 });
      const destroyed = await t.create({}, { lifetime: HOUR });
      await t.advance(1_000);
      await t.store.destroy(destroyed.key, "revoked");
      await t.advance(499);
      assert.equal(await t.store.sweep(500), 0);
      await t.assertEnded(lifetime.key, "expired");
      await t.assertEnded(destroyed.key, "revoked");
      await t.advance(1);
      assert.equal(await t.store.sweep(500), 3);
      for (const { key } of [lifetime, deadline, destroyed]) {
        assert.deepEqual(await t.store.read(key), { state: "missing" });
      }
      await t.assertEnded(later.key, "expired");
      await t.advance(1);
      assert.equal(await t.store.sweep(500), 1);
    },
    "exactSweeps",
  );

  add(
    "a sweep leaves live sessions alone, also those that were pushed or whose expiry came nearer",
    async (t) => {
      const pushed = await t.create({ n: 1 }, { lifetime: SHORT, principal: "ada" });
      await t.store.touch(pushed.key, { lifetime: HOUR });
      const written = await t.create({ n: 1 }, { lifetime: SHORT });
      await t.write(written.key, { n: 2 }, { lifetime: HOUR });
      const nearer = await t.create({ n: 1 }, { lifetime: 100 * HOUR });
      await t.store.touch(nearer.key, { lifetime: SHORT });
      await t.advance(SHORT);
      assert.equal(await t.store.sweep(0), 1);
      assert.deepEqual(await t.store.read(nearer.key), { state: "missing" });
      assert.deepEqual((await t.record(pushed.key)).data, { n: 1 });
      assert.deepEqual((await t.record(written.key)).data, { n: 2 });
      assert.deepEqual(
        (await t.listed("ada")).map(({ key }) => key),
        [pushed.key],
      );
      assert.equal(await t.store.count(), 2);
    },
    "sweeps",
  );

  add(
    "one sweep frees all that is due, however many",
    async (t) => {
      await many(1_500, async (index) => {
        const { key } = await t.create({ index }, { principal: "ada" });
        if (index % 15 !== 0) await t.store.destroy(key, "destroyed");
      });
      assert.equal(await t.store.sweep(0), 1_400);
      assert.equal(await t.store.sweep(0), 0);
      assert.equal(await t.store.count(), 100);
      assert.equal((await t.listed("ada")).length, 100);
    },
    "sweeps",
  );

  add(
    "a key that was swept is as new",
    async (t) => {
      const { key, created } = await t.create({ old: 1 }, { meta: { a: 1 }, principal: "ada", deadline: HOUR });
      await t.store.destroy(key, "destroyed");
      assert.equal(await t.store.sweep(0), 1);
      assert.deepEqual(await t.commit(key, { n: 1 }), { ok: false, why: "missing" });
      const again = await t.write(key, { n: 1 }, { mode: "create" });
      assert.equal(again.version, 1);
      assert.notEqual(again.incarnation, created.incarnation);
      const { data, meta, principal, deadline, version } = await t.record(key);
      assert.deepEqual([data, meta, principal, deadline, version], [{ n: 1 }, null, null, null, 1]);
      assert.deepEqual(await t.listed("ada"), []);
    },
    "sweeps",
  );

  return plans;
}
