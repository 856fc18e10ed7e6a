// What pushes the expiry, and what cannot.

import assert from "node:assert/strict";
import { HOUR, storeGroup } from "./store-test.ts";

export function activity() {
  const { plans, add } = storeGroup("activity pushes the lifetime; nothing pushes the deadline");

  add("a commit pushes the expiry to now + lifetime, the record's own unless it gives another", async (t) => {
    const { key } = await t.create({}, { lifetime: HOUR });
    await t.advance(5);
    const same = await t.write(key, { n: 1 });
    assert.equal(same.expiresAt, same.now + HOUR);
    await t.advance(5);
    const other = await t.write(key, { n: 2 }, { lifetime: 2 * HOUR });
    assert.equal(other.expiresAt, other.now + 2 * HOUR);
    const kept = await t.write(key, { n: 3 });
    assert.equal(kept.expiresAt, kept.now + 2 * HOUR);
    const { expiresAt, lifetime } = await t.record(key);
    assert.deepEqual({ expiresAt, lifetime }, { expiresAt: kept.expiresAt, lifetime: 2 * HOUR });
    const shorter = await t.write(key, {}, { lifetime: 1_000_000 });
    assert.equal(shorter.expiresAt, shorter.now + 1_000_000);
  });

  add("a touch pushes the expiry to now + lifetime, the record's own unless it gives another", async (t) => {
    const { key } = await t.create({}, { lifetime: HOUR });
    await t.advance(5);
    const same = await t.store.touch(key, {});
    assert.ok(same);
    assert.equal(same.expiresAt, same.now + HOUR);
    const other = await t.peer.touch(key, { lifetime: 3 * HOUR });
    assert.ok(other);
    assert.equal(other.expiresAt, other.now + 3 * HOUR);
    const { expiresAt, lifetime } = await t.record(key);
    assert.deepEqual({ expiresAt, lifetime }, { expiresAt: other.expiresAt, lifetime: 3 * HOUR });
    const kept = await t.write(key, {});
    assert.equal(kept.expiresAt, kept.now + 3 * HOUR);
  });

  add("a touch changes neither data nor version nor anything else but expiry, lifetime and meta", async (t) => {
    const { key } = await t.create({ n: [1] }, { meta: { a: 1 }, principal: "ada", deadline: 9 * HOUR });
    const before = await t.record(key);
    await t.advance(5);
    const touched = await t.store.touch(key, {});
    assert.deepEqual(await t.record(key), { ...before, expiresAt: touched?.expiresAt });
    await t.store.touch(key, { meta: { b: 2 } });
    assert.deepEqual((await t.record(key)).meta, { b: 2 });
    await t.store.touch(key, { meta: undefined });
    assert.deepEqual((await t.record(key)).meta, { b: 2 });
    const last = await t.store.touch(key, { meta: null });
    assert.deepEqual(await t.record(key), { ...before, meta: null, expiresAt: last?.expiresAt });
  });

  add("a touch never creates", async (t) => {
    const key = t.key();
    assert.equal(await t.store.touch(key, { lifetime: HOUR, meta: {} }), null);
    assert.deepEqual(await t.store.read(key), { state: "missing" });
    assert.equal(await t.store.count(), 0);
  });

  add("a touch of another incarnation does nothing", async (t) => {
    const { key, created } = await t.create({}, { meta: { a: 1 } });
    const before = await t.record(key);
    await t.advance(5);
    assert.equal(await t.store.touch(key, { ifIncarnation: "other", lifetime: 1, meta: {} }), null);
    assert.deepEqual(await t.record(key), before);
    assert.ok(await t.store.touch(key, { ifIncarnation: created.incarnation }));
  });

  add("a read pushes nothing", async (t) => {
    const { key } = await t.create({});
    const before = await t.record(key);
    await t.advance(5);
    assert.deepEqual(await t.record(key), before);
    await t.store.versions([key]);
    await t.listed();
    assert.deepEqual(await t.record(key), before);
  });

  add("the deadline bounds the expiry and is never pushed, by commits or touches", async (t) => {
    const { key, created } = await t.create({}, { lifetime: HOUR, deadline: HOUR + 1_000 });
    const deadline = created.now + HOUR + 1_000;
    assert.equal(created.expiresAt, created.now + HOUR);
    const written = await t.write(key, {}, { lifetime: 2 * HOUR, deadline: 9 * HOUR });
    assert.equal(written.expiresAt, deadline);
    assert.equal((await t.store.touch(key, { lifetime: 5 * HOUR }))?.expiresAt, deadline);
    await t.write(key, {}, { mode: "upsert", lifetime: 5 * HOUR, deadline: null });
    const { expiresAt, lifetime, deadline: kept } = await t.record(key);
    assert.deepEqual({ expiresAt, lifetime, kept }, { expiresAt: deadline, lifetime: 5 * HOUR, kept: deadline });
  });

  add("a commit that says so gives another deadline, or takes it away", async (t) => {
    const { key } = await t.create({}, { lifetime: HOUR, deadline: 9 * HOUR });
    const sooner = await t.write(key, { n: 1 }, { newDeadline: HOUR / 2 });
    assert.equal(sooner.expiresAt, sooner.now + HOUR / 2);
    assert.equal((await t.record(key)).deadline, sooner.now + HOUR / 2);
    await t.write(key, { n: 2 });
    assert.equal((await t.record(key, t.peer)).deadline, sooner.now + HOUR / 2);
    const later = await t.write(key, {}, { newDeadline: 3 * HOUR, lifetime: 5 * HOUR });
    assert.equal(later.expiresAt, later.now + 3 * HOUR);
    const without = await t.write(key, {}, { newDeadline: null });
    assert.equal(without.expiresAt, without.now + 5 * HOUR);
    assert.equal((await t.record(key)).deadline, null);
  });

  add("a deadline before the lifetime is the expiry from the start", async (t) => {
    const { created, key } = await t.create({}, { lifetime: HOUR, deadline: 1_000 });
    assert.equal(created.expiresAt, created.now + 1_000);
    assert.equal((await t.record(key)).expiresAt, created.now + 1_000);
  });

  add("lifetimes of years are kept to the millisecond", async (t) => {
    const lifetime = 400 * 24 * HOUR + 7;
    const { created, key } = await t.create({}, { lifetime, deadline: 10 * lifetime });
    assert.equal(created.expiresAt, created.now + lifetime);
    const record = await t.record(key);
    assert.deepEqual([record.lifetime, record.deadline], [lifetime, created.now + 10 * lifetime]);
  });

  add("times are milliseconds since 1970, the same on both store objects", async (t) => {
    const { key, created } = await t.create({});
    const found = await t.peer.read(key);
    assert.ok(found.state === "live");
    assert.ok(created.now > 1_000_000_000_000 && created.now < 10_000_000_000_000, String(created.now));
    assert.ok(Number.isSafeInteger(created.now) && Number.isSafeInteger(found.now));
    assert.ok(found.now >= created.now, "the clock went back");
  });

  return plans;
}
