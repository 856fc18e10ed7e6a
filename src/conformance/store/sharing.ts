// No one can change what is stored by changing an object that was handed in or out.

import assert from "node:assert/strict";
import type { SessionRecord } from "../../core/store.ts";
import { storeGroup } from "./store-test.ts";

export function sharing() {
  const { plans, add } = storeGroup("objects handed out are the caller's, or frozen");
  const data = () => ({ cart: [{ id: "kite" }], n: 1 });
  const meta = () => ({ cookie: { path: "/" } });

  add("changing a record that was read, data and meta included, changes nothing in the store", async (t) => {
    const { key } = await t.create(data(), { meta: meta() });
    const before = structuredClone(await t.record(key));
    vandalise(await t.record(key));
    vandalise(await t.record(key, t.peer));
    assert.deepEqual(await t.record(key), before);
    assert.deepEqual(await t.record(key, t.peer), before);
  });

  add("changing a listed record changes nothing in the store", async (t) => {
    const { key } = await t.create(data(), { meta: meta() });
    const before = structuredClone(await t.record(key));
    for (const { record } of await t.listed()) vandalise(record);
    assert.deepEqual(await t.record(key), before);
  });

  add("changing the data that a commit gave back changes nothing in the store", async (t) => {
    const { key, created } = await t.create(data());
    vandaliseObject(created.data);
    assert.deepEqual((await t.record(key)).data, data());
    vandaliseObject((await t.write(key, { m: [1] })).data);
    assert.deepEqual((await t.record(key)).data, { ...data(), m: [1] });
  });

  add("changing the versions that were asked for changes nothing in the store", async (t) => {
    const { key } = await t.create(data());
    const { live } = await t.store.versions([key]);
    const before = structuredClone(live.get(key));
    vandaliseObject(live.get(key));
    (live as Map<typeof key, unknown>).delete(key);
    assert.deepEqual((await t.store.versions([key])).live.get(key), before);
  });

  add("a record that was read stays as it was when the session changes, is touched and ends", async (t) => {
    const { key } = await t.create(data(), { meta: meta(), principal: "ada" });
    const read = await t.record(key);
    const copy = structuredClone(read);
    await t.write(key, { cart: [], more: 1 }, { delete: ["n"], meta: null, principal: null, lifetime: 5 });
    await t.store.touch(key, { lifetime: 9, meta: { other: 1 } });
    await t.store.destroy(key, "destroyed");
    assert.deepEqual(read, copy);
  });

  add("the record that destroy gives back stays as it was", async (t) => {
    const { key } = await t.create(data(), { meta: meta(), principal: "ada" });
    const before = structuredClone(await t.record(key));
    assert.deepEqual(await t.store.destroy(key, "revoked"), before);
  });

  return plans;
}

/** Changes everything that lets itself be changed; what is frozen throws. */
function vandalise(record: SessionRecord): void {
  vandaliseObject(record.data.cart);
  vandaliseObject((record.data.cart as unknown[])[0]);
  vandaliseObject(record.data);
  vandaliseObject(record.meta?.cookie);
  vandaliseObject(record.meta);
  vandaliseObject(record);
}

function vandaliseObject(object: unknown): void {
  if (typeof object !== "object" || object === null) return;
  for (const name of [...Object.keys(object), "added"]) {
    try {
      (object as Record<string, unknown>)[name] = "vandalised";
    } catch {
      // Frozen: nothing to fear.
    }
  }
}
