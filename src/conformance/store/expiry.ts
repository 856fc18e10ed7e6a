// What is over is over at once: no case here sweeps.

import assert from "node:assert/strict";
import { HOUR, SHORT, storeGroup } from "./store-test.ts";

export function expiry() {
  const { plans, add } = storeGroup("expired is unreadable at once");

  add(
    "an expired session cannot be read, committed to in any mode, or touched, through either store object",
    async (t) => {
      const { key } = await t.create({ n: 1 }, { lifetime: SHORT });
      await t.advance(SHORT);
      for (const store of [t.store, t.peer]) {
        await t.assertEnded(key, "expired", store);
        await t.assertFinal(key, "expired", store);
        assert.equal(await store.touch(key, { lifetime: HOUR }), null);
        await t.assertEnded(key, "expired", store);
      }
    },
  );

  add("an expired session is not listed, counted, or among the versions", async (t) => {
    const { key } = await t.create({ n: 1 }, { lifetime: SHORT, principal: "ada" });
    const other = await t.create({ n: 2 }, { principal: "ada" });
    await t.advance(SHORT);
    assert.deepEqual(
      (await t.listed()).map((listed) => listed.key),
      [other.key],
    );
    assert.deepEqual(
      (await t.listed("ada")).map((listed) => listed.key),
      [other.key],
    );
    assert.equal(await t.store.count(), 1);
    assert.deepEqual([...(await t.store.versions([key, other.key])).live.keys()], [other.key]);
  });

  add("an expired session cannot be destroyed: its reason stays", async (t) => {
    const { key } = await t.create({ n: 1 }, { lifetime: SHORT });
    await t.advance(SHORT);
    assert.equal(await t.store.destroy(key, "destroyed"), null);
    await t.assertEnded(key, "expired");
  });

  add("a deadline ends a session like its lifetime does, however often it was pushed", async (t) => {
    const { key } = await t.create({ n: 1 }, { lifetime: HOUR, deadline: SHORT });
    await t.write(key, { n: 2 }, { lifetime: 2 * HOUR });
    await t.store.touch(key, { lifetime: 3 * HOUR });
    await t.advance(SHORT);
    await t.assertFinal(key, "expired");
  });

  add("a lifetime that a touch or commit shortened counts from then on", async (t) => {
    const touched = await t.create({ n: 1 });
    const written = await t.create({ n: 1 });
    await t.store.touch(touched.key, { lifetime: SHORT });
    await t.write(written.key, {}, { lifetime: SHORT });
    await t.advance(SHORT);
    await t.assertEnded(touched.key, "expired");
    await t.assertEnded(written.key, "expired");
  });

  add(
    "a session is live to the last millisecond and over in the next",
    async (t) => {
      const { key } = await t.create({ n: 1 }, { lifetime: 1_001, principal: "ada" });
      await t.advance(1_000);
      assert.equal((await t.record(key)).version, 1);
      assert.equal(await t.store.count(), 1);
      assert.equal((await t.listed("ada")).length, 1);
      assert.equal((await t.store.versions([key])).live.size, 1);
      await t.advance(1);
      await t.assertEnded(key, "expired");
      assert.equal(await t.store.count(), 0);
      assert.equal((await t.listed("ada")).length, 0);
      assert.equal((await t.store.versions([key])).live.size, 0);
      await t.assertFinal(key, "expired");
    },
    "exactClock",
  );

  add(
    "a commit or touch in the last millisecond comes in time, in the next too late",
    async (t) => {
      const commit = await t.create({ n: 1 }, { lifetime: 1_001 });
      const touch = await t.create({ n: 1 }, { lifetime: 1_001 });
      const late = await t.create({ n: 1 }, { lifetime: 1_001 });
      await t.advance(1_000);
      await t.write(commit.key, { n: 2 });
      assert.ok(await t.store.touch(touch.key, {}));
      await t.advance(1);
      assert.equal(await t.store.touch(late.key, {}), null);
      assert.equal((await t.commit(late.key, { n: 2 })).ok, false);
      await t.advance(999);
      await t.record(commit.key);
      await t.record(touch.key);
      await t.advance(1);
      await t.assertEnded(commit.key, "expired");
      await t.assertEnded(touch.key, "expired");
    },
    "exactClock",
  );

  add(
    "a read tells the store's time at the read",
    async (t) => {
      const { key, created } = await t.create({});
      await t.advance(1_234);
      const found = await t.store.read(key);
      assert.equal(found.state === "live" && found.now, created.now + 1_234);
      assert.equal((await t.store.versions([])).now, created.now + 1_234);
      assert.equal((await t.store.touch(key, {}))?.now, created.now + 1_234);
      assert.equal((await t.write(key, {})).now, created.now + 1_234);
    },
    "exactClock",
  );

  return plans;
}
