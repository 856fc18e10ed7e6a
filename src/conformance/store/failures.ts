// A store that cannot tell says so; one that is closed leaves the user's client alone.

import assert from "node:assert/strict";
import { HOUR, storeGroup } from "./store-test.ts";

export function failures() {
  const { plans, add } = storeGroup("failure is visible");

  add(
    "when the engine fails every method throws or rejects, rather than find nothing",
    async (t) => {
      const { key } = await t.create({ n: 1 }, { principal: "ada" });
      assert.ok(t.harness.fail, "the harness says that it can fail, and has no fail()");
      await t.harness.fail();
      const { store } = t;
      const calls: Record<string, () => unknown> = {
        read: () => store.read(key),
        update: () => t.commit(key, { n: 2 }),
        create: () => t.commit(t.key(), { n: 2 }, { mode: "create" }),
        touch: () => store.touch(key, { lifetime: HOUR }),
        destroy: () => store.destroy(key, "destroyed"),
        versions: () => store.versions([key]),
        list: () => t.listed(),
        "list of a principal": () => t.listed("ada"),
        count: () => store.count(),
      };
      for (const [name, call] of Object.entries(calls)) await assert.rejects(async () => call(), Error, name);
    },
    "fails",
  );

  add(
    "when the engine fails a sweep throws or rejects",
    async (t) => {
      await t.create({ n: 1 });
      assert.ok(t.harness.fail, "the harness says that it can fail, and has no fail()");
      await t.harness.fail();
      await assert.rejects(async () => t.store.sweep(0), Error);
    },
    "failingSweeps",
  );

  add("close may be called again, and leaves the user's client and the sessions alone", async (t) => {
    const { key } = await t.create({ n: 1 });
    await t.store.close();
    await t.store.close();
    await t.harness.useClient?.();
    if (t.peer !== t.store) assert.deepEqual((await t.record(key, t.peer)).data, { n: 1 });
  });

  return plans;
}
