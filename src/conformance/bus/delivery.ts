// Every event, once, in order, as it was sent, to those who listen.

import assert from "node:assert/strict";
import type { SessionEvent } from "../../core/bus.ts";
import { deepFreeze } from "../../core/json.ts";
import { endReasons } from "../../core/store.ts";
import { oddObject, oddStrings } from "../exact.ts";
import { busGroup, changed, versionsIn } from "./bus-test.ts";

export function delivery() {
  const { plans, add } = busGroup("events arrive as they were sent");

  add("an event reaches listeners on the other endpoint and on the publisher's own, each once", async (t) => {
    for (const [from, to] of [
      [t.bus, t.peer],
      [t.peer, t.bus],
      [t.bus, t.bus],
    ] as const) {
      const key = t.key();
      const ear = t.ear();
      await to.subscribe(key, ear.listen);
      await from.publish(key, changed(1));
      await ear.until(1);
      await t.flush(key);
      assert.deepEqual(versionsIn(ear), [1]);
    }
  });

  add("events that one endpoint publishes one after another arrive in that order, each once", async (t) => {
    const key = t.key();
    const ear = t.ear();
    await t.peer.subscribe(key, ear.listen);
    const versions = Array.from({ length: 200 }, (_, index) => index + 1);
    for (const version of versions) await t.bus.publish(key, changed(version));
    await ear.until(versions.length);
    await t.flush(key);
    assert.deepEqual(versionsIn(ear), versions);
  });

  add("events that are published all at once all arrive, each once", async (t) => {
    const key = t.key();
    const ear = t.ear();
    await t.peer.subscribe(key, ear.listen);
    const versions = Array.from({ length: 200 }, (_, index) => index + 1);
    await Promise.all(versions.map((version) => (version % 2 ? t.bus : t.peer).publish(key, changed(version))));
    await ear.until(versions.length);
    await t.flush(key);
    assert.deepEqual(
      versionsIn(ear).sort((a, b) => a - b),
      versions,
    );
  });

  add("an event reaches listeners on its own key alone", async (t) => {
    const [key, other] = [t.key(), t.key()];
    const [ear, otherEar] = [t.ear(), t.ear()];
    await t.peer.subscribe(key, ear.listen);
    await t.peer.subscribe(other, otherEar.listen);
    await t.bus.publish(other, changed(1));
    await t.bus.publish(key, changed(2));
    await t.bus.publish(other, changed(3));
    await t.flush(key);
    await t.flush(other);
    assert.deepEqual(versionsIn(ear), [2]);
    assert.deepEqual(versionsIn(otherEar), [1, 3]);
  });

  add("events of all three types arrive exactly as they were sent, and without what was left out", async (t) => {
    const moment = { expiresAt: 1_700_000_000_123, now: 1_699_999_999_999 };
    const events: SessionEvent[] = [
      { type: "changed", incarnation: "a_-Z", version: 7, changes: { put: { a: [1] }, delete: ["b", "c"] }, ...moment },
      { type: "changed", incarnation: "a_-Z", version: 8, changes: { put: {}, delete: [] }, ...moment },
      { type: "changed", incarnation: "a_-Z", version: 9, ...moment },
      { type: "touched", incarnation: "a_-Z", ...moment },
      ...endReasons.map((reason) => ({ type: "ended", incarnation: "a_-Z", reason }) as const),
    ];
    const key = t.key();
    const ear = t.ear();
    await t.peer.subscribe(key, ear.listen);
    for (const event of events) await t.bus.publish(key, deepFreeze(event));
    await ear.until(events.length);
    assert.deepEqual(ear.heard, events);
  });

  add("keys and values in changes arrive exactly, whatever they hold", async (t) => {
    const events = Object.entries(oddObject()).map(([name, value], index) => {
      const put = Object.fromEntries([[name, value]]);
      const changes = { put, delete: [oddStrings[index % oddStrings.length] as string] };
      return deepFreeze<SessionEvent>({ ...bare(index), changes });
    });
    const key = t.key();
    const ear = t.ear();
    await t.peer.subscribe(key, ear.listen);
    for (const event of events) await t.bus.publish(key, event);
    await ear.until(events.length);
    // A large event may come without its changes; a small one may not.
    const expected = events.map((event, index) => {
      const fits = JSON.stringify(event).length < 1_000;
      return fits || "changes" in (ear.heard[index] ?? {}) ? event : bare(index);
    });
    assert.deepEqual(ear.heard, expected);
  });

  add("an event of a megabyte arrives: at worst without its changes", async (t) => {
    const key = t.key();
    const ear = t.ear();
    await t.peer.subscribe(key, ear.listen);
    const changes = { put: { big: "é".repeat(500_000) }, delete: ["n"] };
    const event = { ...bare(1), changes } as const;
    await t.bus.publish(key, event);
    await ear.until(1);
    assert.deepEqual(ear.heard, ["changes" in (ear.heard[0] ?? {}) ? event : bare(1)]);
  });

  return plans;

  function bare(version: number) {
    return { type: "changed", incarnation: "one", version, expiresAt: 2_000, now: 1_000 } as const;
  }
}
