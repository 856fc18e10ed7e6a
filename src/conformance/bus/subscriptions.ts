// Who hears: from when, until when, and whatever other listeners do.

import assert from "node:assert/strict";
import { busGroup, changed, versionsIn } from "./bus-test.ts";

export function subscriptions() {
  const { plans, add } = busGroup("a subscription hears from its start to its end");

  add("what is published once subscribe is done is heard", async (t) => {
    for (let round = 0; round < 30; round++) {
      const key = t.key();
      const ear = t.ear();
      await t.bus.subscribe(key, ear.listen);
      await t.peer.publish(key, changed(1));
      await ear.until(1);
    }
  });

  add("subscribing to many keys at once, each hears its own", async (t) => {
    const topics = Array.from({ length: 100 }, () => ({ key: t.key(), ear: t.ear() }));
    await Promise.all(topics.map(({ key, ear }) => t.bus.subscribe(key, ear.listen)));
    await Promise.all(topics.map(({ key }, index) => t.peer.publish(key, changed(index))));
    await Promise.all(topics.map(({ ear }) => ear.until(1)));
    assert.deepEqual(
      topics.map(({ ear }) => versionsIn(ear)),
      topics.map((_, index) => [index]),
    );
  });

  add("a second subscription made while the first is under way hears, too, once it is done", async (t) => {
    for (let round = 0; round < 20; round++) {
      const key = t.key();
      const [first, second] = [t.ear(), t.ear()];
      const pending = t.bus.subscribe(key, first.listen);
      await t.bus.subscribe(key, second.listen);
      await t.peer.publish(key, changed(1));
      await second.until(1);
      await pending;
    }
  });

  add("every listener on a key is told, on each endpoint", async (t) => {
    const key = t.key();
    const ears = [t.ear(), t.ear(), t.ear(), t.ear()];
    for (const [index, ear] of ears.entries()) await (index % 2 ? t.bus : t.peer).subscribe(key, ear.listen);
    await t.bus.publish(key, changed(1));
    await Promise.all(ears.map((ear) => ear.until(1)));
    await t.flush(key);
    assert.deepEqual(ears.map(versionsIn), [[1], [1], [1], [1]]);
  });

  add("a function subscribed twice is told twice, and each subscription ends by itself", async (t) => {
    const key = t.key();
    const ear = t.ear();
    const endOne = await t.bus.subscribe(key, ear.listen);
    await t.bus.subscribe(key, ear.listen);
    await t.peer.publish(key, changed(1));
    await ear.until(2);
    endOne();
    endOne();
    await t.peer.publish(key, changed(2));
    await ear.until(3);
    await t.flush(key);
    assert.deepEqual(versionsIn(ear), [1, 1, 2]);
  });

  add("no event comes after unsubscribing, and the others still hear; doing it again does no harm", async (t) => {
    const key = t.key();
    const [leaving, staying] = [t.ear(), t.ear()];
    const leave = await t.bus.subscribe(key, leaving.listen);
    await t.bus.subscribe(key, staying.listen);
    await t.peer.publish(key, changed(1));
    await Promise.all([leaving.until(1), staying.until(1)]);
    leave();
    leave();
    await t.peer.publish(key, changed(2));
    await staying.until(2);
    await t.flush(key);
    assert.deepEqual([versionsIn(leaving), versionsIn(staying)], [[1], [1, 2]]);
  });

  add("a listener that another one unsubscribes during an event hears nothing from then on", async (t) => {
    const key = t.key();
    let ends: (() => void)[] = [];
    let over = false;
    let late = 0;
    const listener = () => {
      if (over) late++;
      over = true;
      for (const end of ends) end();
    };
    ends = [await t.bus.subscribe(key, listener), await t.bus.subscribe(key, listener)];
    await t.peer.publish(key, changed(1));
    await t.flush(key);
    assert.deepEqual([over, late], [true, 0]);
  });

  add("after the last listener left, a new one hears at once", async (t) => {
    const key = t.key();
    for (let round = 1; round <= 20; round++) {
      const ear = t.ear();
      const end = await t.bus.subscribe(key, ear.listen);
      await t.peer.publish(key, changed(round));
      await ear.until(1);
      assert.deepEqual(versionsIn(ear), [round]);
      end();
    }
  });

  add("a listener that throws does not keep others, or later events, from being heard", async (t) => {
    const key = t.key();
    const [before, after] = [t.ear(), t.ear()];
    let thrown = 0;
    await t.bus.subscribe(key, before.listen);
    await t.bus.subscribe(key, () => {
      thrown++;
      throw new Error("This listener always throws, on purpose.");
    });
    await t.bus.subscribe(key, after.listen);
    for (const version of [1, 2]) {
      // A bus within one process may tell the publisher.
      await Promise.resolve()
        .then(() => t.peer.publish(key, changed(version)))
        .catch(() => {});
    }
    await Promise.all([before.until(2), after.until(2)]);
    assert.deepEqual([versionsIn(before), versionsIn(after), thrown], [[1, 2], [1, 2], 2]);
  });

  return plans;
}
