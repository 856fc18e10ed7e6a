// The connection to the engine: told when it is lost and back, failing loudly, closed without harm.

import assert from "node:assert/strict";
import { busGroup, changed, versionsIn } from "./bus-test.ts";

export function connection() {
  const { plans, add } = busGroup("the connection's state is no secret");

  add("a status listener may come and go, more than once", async (t) => {
    const end = t.bus.onStatus(() => {});
    end();
    end();
  });

  add(
    "when the connection was lost, listeners hear `down`, then `up`, and events are heard again from then on",
    async (t) => {
      const key = t.key();
      const ear = t.ear();
      const heard: string[] = [];
      const unheard: string[] = [];
      t.bus.onStatus((status) => unheard.push(status))();
      const up = new Promise<void>((resolve) => {
        t.bus.onStatus((status) => {
          heard.push(status);
          if (status === "up") resolve();
        });
      });
      await t.bus.subscribe(key, ear.listen);
      const left = t.ear();
      (await t.bus.subscribe(key, left.listen))();
      assert.ok(t.harness.interrupt, "the harness says that it interrupts, and has no interrupt()");
      await t.harness.interrupt();
      await t.inTime(up, "the bus never said that it is up again");
      await t.peer.publish(key, changed(1));
      await ear.until(1);
      assert.deepEqual(heard, ["down", "up"]);
      assert.deepEqual(versionsIn(ear), [1]);
      assert.deepEqual(left.heard, []);
      assert.deepEqual(unheard, []);
      const later = t.ear();
      const other = t.key();
      await t.bus.subscribe(other, later.listen);
      await t.bus.publish(other, changed(2));
      await later.until(1);
    },
    "interrupts",
  );

  add(
    "when the engine fails, publish and subscribe throw or reject",
    async (t) => {
      assert.ok(t.harness.fail, "the harness says that it can fail, and has no fail()");
      await t.harness.fail();
      const publish = (async () => t.bus.publish(t.key(), changed(1)))();
      await t.inTime(assert.rejects(publish, Error, "publish"), "publish neither failed nor came back");
      const subscribe = (async () => t.bus.subscribe(t.key(), () => {}))();
      await t.inTime(assert.rejects(subscribe, Error, "subscribe"), "subscribe neither failed nor came back");
    },
    "fails",
  );

  add(
    "close ends all subscriptions, may be called again, and leaves the user's client and the peer alone",
    async (t) => {
      const key = t.key();
      const [ear, peerEar] = [t.ear(), t.ear()];
      const end = await t.bus.subscribe(key, ear.listen);
      if (t.peer !== t.bus) await t.peer.subscribe(key, peerEar.listen);
      await t.bus.close();
      await t.bus.close();
      await t.harness.useClient?.();
      await t.peer.publish(key, changed(1));
      if (t.peer !== t.bus) await peerEar.until(1);
      assert.deepEqual(ear.heard, []);
      end();
    },
  );

  return plans;
}
