// Destroyed, revoked, regenerated: an end is final, and is remembered.

import assert from "node:assert/strict";
import { endReasons } from "../../core/store.ts";
import { HOUR, SHORT, storeGroup } from "./store-test.ts";

export function ends() {
  const { plans, add } = storeGroup("an end is final");

  add("destroy gives the record as it last was", async (t) => {
    const { key } = await t.create({ n: 1 }, { meta: { a: 1 }, principal: "ada", deadline: 2 * HOUR });
    await t.write(key, { m: [2] });
    const before = await t.record(key);
    assert.deepEqual(await t.peer.destroy(key, "destroyed"), before);
  });

  add("an ended session is never revived, by a commit in any mode, with or without conditions", async (t) => {
    for (const reason of endReasons) {
      const { key, created } = await t.create({ n: 1 });
      await t.store.destroy(key, reason);
      await t.assertFinal(key, reason);
      await t.assertFinal(key, reason, t.peer);
      const condition = { ifVersion: 1, ifIncarnation: created.incarnation, maxBytes: 2, lifetime: HOUR };
      const late = await t.commit(key, { n: 2 }, { mode: "upsert", ...condition });
      assert.deepEqual(late, { ok: false, why: "ended", reason });
    }
  });

  add("an ended session cannot be touched, listed, counted or found among the versions", async (t) => {
    const { key, created } = await t.create({ n: 1 }, { principal: "ada" });
    await t.store.destroy(key, "revoked");
    assert.equal(await t.store.touch(key, { lifetime: HOUR, meta: {} }), null);
    assert.equal(await t.peer.touch(key, { ifIncarnation: created.incarnation }), null);
    assert.deepEqual(await t.listed(), []);
    assert.deepEqual(await t.listed("ada"), []);
    assert.equal(await t.store.count(), 0);
    assert.equal((await t.store.versions([key])).live.size, 0);
    await t.assertEnded(key, "revoked");
  });

  add("the first reason stays, and a second end has nothing to give back", async (t) => {
    const { key } = await t.create({ n: 1 });
    assert.ok(await t.store.destroy(key, "regenerated"));
    assert.equal(await t.store.destroy(key, "destroyed"), null);
    assert.equal(await t.peer.destroy(key, "revoked"), null);
    await t.assertEnded(key, "regenerated");
    await t.assertEnded(key, "regenerated", t.peer);
  });

  add("a read tells how long ago the session ended, by whatever it did", async (t) => {
    const { key: destroyed } = await t.create({ n: 1 });
    const { key: expired } = await t.create({ n: 1 }, { lifetime: SHORT });
    await t.store.destroy(destroyed, "destroyed");
    await t.advance(3 * SHORT);
    for (const [key, least] of [
      [destroyed, 3 * SHORT],
      [expired, 2 * SHORT],
    ] as const) {
      const found = await t.peer.read(key);
      if (found.state !== "ended") assert.fail(`It is ${found.state}.`);
      // The engine's own clock may be a little behind the one that waited.
      assert.ok(found.ago >= least - 50 && found.ago < HOUR, `It ended ${found.ago} ms ago, not ${least}.`);
    }
  });

  add("an unknown key cannot be destroyed, and is not remembered", async (t) => {
    const key = t.key();
    assert.equal(await t.store.destroy(key, "revoked"), null);
    assert.deepEqual(await t.store.read(key), { state: "missing" });
    await t.write(key, { n: 1 }, { mode: "create" });
    assert.deepEqual((await t.record(key)).data, { n: 1 });
  });

  add("the end of one session leaves the others alone", async (t) => {
    const one = await t.create({ n: 1 }, { principal: "ada" });
    const other = await t.create({ n: 2 }, { principal: "ada" });
    const before = await t.record(other.key);
    await t.store.destroy(one.key, "destroyed");
    assert.deepEqual(await t.record(other.key), before);
    assert.deepEqual(
      (await t.listed("ada")).map(({ key }) => key),
      [other.key],
    );
  });

  return plans;
}
