// What a commit does, and when it is refused.

import assert from "node:assert/strict";
import { generateIncarnation } from "../../core/ids.ts";
import { HOUR, storeGroup } from "./store-test.ts";

export function commits() {
  const { plans, add } = storeGroup("a commit is applied as a whole or refused as a whole");

  add("a created session is read as it was written, from both store objects", async (t) => {
    const incarnation = generateIncarnation();
    const meta = { cookie: { path: "/" } };
    const more = { incarnation, meta, principal: "ada", lifetime: HOUR, deadline: 2 * HOUR };
    const { key, created } = await t.create({ cart: ["kite"], n: 1 }, more);
    assert.equal(created.version, 1);
    assert.equal(created.incarnation, incarnation);
    assert.equal(created.expiresAt, created.now + HOUR);
    for (const store of [t.store, t.peer]) {
      const { data, ...record } = await t.record(key, store);
      assert.deepEqual(data, { cart: ["kite"], n: 1 });
      assert.deepEqual(record, {
        meta,
        version: 1,
        incarnation,
        createdAt: created.now,
        expiresAt: created.now + HOUR,
        lifetime: HOUR,
        deadline: created.now + 2 * HOUR,
        principal: "ada",
      });
    }
  });

  add("what is not given at creation is null", async (t) => {
    const { key } = await t.create({});
    const { data, meta, principal, deadline } = await t.record(key);
    assert.deepEqual({ data, meta, principal, deadline }, { data: {}, meta: null, principal: null, deadline: null });
  });

  add("a deadline of null is none", async (t) => {
    const { key, created } = await t.create({}, { deadline: null });
    assert.equal((await t.record(key)).deadline, null);
    assert.equal(created.expiresAt, created.now + HOUR);
  });

  add("an unknown key is missing, to reads and to updates", async (t) => {
    const key = t.key();
    assert.deepEqual(await t.store.read(key), { state: "missing" });
    assert.deepEqual(await t.commit(key, { n: 1 }), { ok: false, why: "missing" });
    assert.deepEqual(await t.commit(key, { n: 1 }, { lifetime: HOUR }), { ok: false, why: "missing" });
    assert.deepEqual(await t.store.read(key), { state: "missing" });
  });

  add("create finds a live session and leaves it alone", async (t) => {
    const { key } = await t.create({ n: 1 });
    const before = await t.record(key);
    assert.deepEqual(await t.commit(key, { n: 2 }, { mode: "create" }), { ok: false, why: "exists" });
    assert.deepEqual(await t.commit(key, { n: 2 }, { mode: "create", ifVersion: 7 }), { ok: false, why: "exists" });
    assert.deepEqual(await t.record(key), before);
  });

  add("upsert creates, then changes what it created", async (t) => {
    const key = t.key();
    const first = await t.write(key, { a: 1 }, { mode: "upsert" });
    const second = await t.write(key, { b: 2 }, { mode: "upsert" });
    assert.deepEqual([first.version, second.version], [1, 2]);
    assert.equal(second.incarnation, first.incarnation);
    const { data, incarnation } = await t.record(key);
    assert.deepEqual({ data, incarnation }, { data: { a: 1, b: 2 }, incarnation: first.incarnation });
  });

  add("a commit writes its keys, deletes its keys, and leaves all others", async (t) => {
    const { key, created } = await t.create({ a: 1, b: { x: 1, y: 2 }, c: 3, d: 4 });
    const result = await t.write(key, { b: { x: 9 }, e: 5 }, { delete: ["c", "never there"] });
    assert.equal(result.version, 2);
    assert.equal(result.incarnation, created.incarnation);
    if (result.data) assert.deepEqual(result.data, { a: 1, b: { x: 9 }, d: 4, e: 5 });
    const { data, version, createdAt } = await t.record(key);
    assert.deepEqual(data, { a: 1, b: { x: 9 }, d: 4, e: 5 });
    assert.deepEqual({ version, createdAt }, { version: 2, createdAt: created.now });
  });

  add("every commit adds 1 to the version, one that changes nothing too", async (t) => {
    const { key } = await t.create({ n: 1 });
    assert.equal((await t.write(key, {})).version, 2);
    assert.equal((await t.write(key, { n: 1 })).version, 3);
    assert.equal((await t.write(key, {}, { delete: ["n"] })).version, 4);
    assert.equal((await t.record(key)).version, 4);
  });

  add("a session may be emptied, and goes on", async (t) => {
    const { key } = await t.create({ a: 1, b: 2 });
    await t.write(key, {}, { delete: ["a", "b"] });
    assert.deepEqual((await t.record(key)).data, {});
    await t.write(key, { c: 3 });
    assert.deepEqual((await t.record(key)).data, { c: 3 });
  });

  add("a read after a finished commit sees it, through the other store object too", async (t) => {
    const { key } = await t.create({ n: 0 });
    for (let n = 1; n <= 20; n++) {
      const [writer, reader] = n % 2 === 0 ? [t.store, t.peer] : [t.peer, t.store];
      await t.write(key, { n }, {}, writer);
      const { data, version } = await t.record(key, reader);
      assert.deepEqual({ data, version }, { data: { n }, version: n + 1 });
    }
  });

  add("ifVersion lets through that version alone", async (t) => {
    const { key } = await t.create({ n: 1 });
    assert.deepEqual(await t.commit(key, { n: 2 }, { ifVersion: 2 }), { ok: false, why: "conflict" });
    assert.deepEqual(await t.commit(key, { n: 2 }, { ifVersion: 0 }), { ok: false, why: "conflict" });
    assert.deepEqual((await t.record(key)).data, { n: 1 });
    assert.equal((await t.write(key, { n: 2 }, { ifVersion: 1 })).version, 2);
    const stale = await t.commit(key, { n: 3 }, { ifVersion: 1, mode: "upsert" });
    assert.deepEqual(stale, { ok: false, why: "conflict" });
    assert.deepEqual((await t.record(key)).data, { n: 2 });
  });

  add("ifIncarnation lets through that incarnation alone", async (t) => {
    const { key, created } = await t.create({ n: 1 });
    const other = await t.commit(key, { n: 2 }, { ifIncarnation: generateIncarnation() });
    assert.deepEqual(other, { ok: false, why: "conflict" });
    assert.deepEqual((await t.record(key)).data, { n: 1 });
    await t.write(key, { n: 2 }, { ifIncarnation: created.incarnation });
    assert.deepEqual((await t.record(key)).data, { n: 2 });
  });

  add("a commit with a condition never creates", async (t) => {
    const key = t.key();
    for (const mode of ["upsert", "create"] as const) {
      for (const condition of [{ ifVersion: 1 }, { ifVersion: 0 }, { ifIncarnation: "x" }]) {
        const result = await t.commit(key, { n: 1 }, { mode, ...condition });
        assert.deepEqual(result, { ok: false, why: "missing" }, `${mode} ${JSON.stringify(condition)}`);
      }
    }
    assert.deepEqual(await t.store.read(key), { state: "missing" });
  });

  add("meta and principal: undefined leaves them, a value replaces them, null clears them", async (t) => {
    const { key } = await t.create({}, { meta: { a: 1, b: { c: 2 } }, principal: "ada" });
    await t.write(key, { n: 1 }, { meta: undefined, principal: undefined });
    assert.deepEqual(await facts(), { meta: { a: 1, b: { c: 2 } }, principal: "ada" });
    await t.write(key, {}, { meta: { b: 3 } });
    assert.deepEqual(await facts(), { meta: { b: 3 }, principal: "ada" });
    await t.write(key, {}, { principal: "grace" });
    assert.deepEqual(await facts(), { meta: { b: 3 }, principal: "grace" });
    await t.write(key, {}, { meta: null });
    assert.deepEqual(await facts(), { meta: null, principal: "grace" });
    await t.write(key, {}, { principal: null });
    assert.deepEqual(await facts(), { meta: null, principal: null });

    async function facts() {
      const { meta, principal } = await t.record(key);
      return { meta, principal };
    }
  });

  add("a refused commit changes nothing at all", async (t) => {
    const { key } = await t.create({ n: 1 }, { meta: { a: 1 }, principal: "ada" });
    const before = await t.record(key);
    await t.advance(1);
    const change = { delete: ["n"], meta: { a: 2 }, principal: "grace", lifetime: 9 * HOUR };
    await t.commit(key, { m: 2 }, { ...change, ifVersion: 5 });
    await t.commit(key, { m: 2 }, { ...change, ifIncarnation: "other" });
    await t.commit(key, { m: 2 }, { ...change, mode: "create" });
    await t.commit(key, { m: "long" }, { ...change, maxBytes: 3 });
    assert.deepEqual(await t.record(key), before);
    assert.deepEqual(await t.listed("grace"), []);
  });

  return plans;
}
