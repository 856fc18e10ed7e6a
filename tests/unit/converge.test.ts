// Promise 3: subscribers converge. Subscribe first, then read; versions strictly increase; gaps lead to a read.

import fc from "fast-check";
import { createLiveSessions, type LiveSession, memoryStore } from "live-session";
import { ManualClock } from "live-session/conformance";
import { expect, test } from "vitest";
import { ChaosBus } from "../support/chaos-bus.ts";
import { settle } from "../support/sessions.ts";

type Data = Record<string, number>;

/** Two nodes on one store, with a bus between them that does what it is told. */
function twoNodes(checkInterval: "30s" | "1h" = "30s") {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const chaos = new ChaosBus();
  const node = (bus = chaos.endpoint()) => createLiveSessions<Data>({ store, bus, clock, checkInterval, onError() {} });
  return { clock, store, chaos, here: node(), there: node() };
}

function versionsOf(live: LiveSession<Data>): number[] {
  const versions = [live.version];
  live.subscribe((message) => message.type === "live_session_updated" && versions.push(message.version));
  return versions;
}

function expectIncreasing(versions: readonly number[]): void {
  versions.reduce((before, version) => {
    expect(version).toBeGreaterThan(before);
    return version;
  });
}

type Step =
  | { readonly do: "put" | "delete"; readonly node: 0 | 1; readonly key: string; readonly value: number }
  | { readonly do: "deliver" | "double" | "drop"; readonly which: number }
  | { readonly do: "down" | "up" | "settle" };

const step = (): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom("put" as const, "delete" as const),
        node: fc.constantFrom(0 as const, 1 as const),
        key: fc.constantFrom("a", "b", "c"),
        value: fc.nat(9),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom("deliver" as const, "double" as const, "drop" as const),
        which: fc.nat(50),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("down" as const, "up" as const, "settle" as const) }) },
  );

test("after events were dropped, doubled, reordered and delayed, every subscriber has the store's state", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step(), { maxLength: 60 }), async (steps) => {
      const { clock, chaos, here, there } = twoNodes();
      const { id, key } = await here.create({});
      const lives = [await here.attach(id), await there.attach(id)] as const;
      const seen = lives.map(versionsOf);
      const writes: Promise<unknown>[] = [];
      for (const each of steps) {
        switch (each.do) {
          case "put":
            writes.push(lives[each.node].put(each.key, each.value));
            break;
          case "delete":
            writes.push(lives[each.node].delete(each.key));
            break;
          case "settle":
            await settle();
            break;
          case "down":
          case "up":
            chaos.status(each.do);
            break;
          default: {
            const which = each.which % Math.max(chaos.held.length, 1);
            if (each.do === "drop") chaos.drop(which);
            else chaos.deliver(which, each.do === "double");
          }
        }
      }
      await Promise.all(writes);
      chaos.status("up");
      await settle();
      clock.advance(30_000); // the check that finds what was lost without a trace
      await settle();
      chaos.deliverAll(); // late ones change nothing any more
      await settle();
      const stored = await here.records.read(key);
      if (stored.state !== "live") throw new Error("The session is gone.");
      lives.forEach((live, node) => {
        expect(live.data).toEqual(stored.record.data);
        expect(live.version).toBe(stored.record.version);
        expect(live.status).toBe("live");
        expectIncreasing(seen[node] as number[]);
        live.detach();
      });
      await Promise.all([here.close(), there.close()]);
    }),
    { numRuns: 200 },
  );
}, 60_000);

test("a gap in versions is made good by a read, at once", async () => {
  const { chaos, here, there } = twoNodes("1h");
  const { id } = await here.create({});
  const live = await there.attach(id);
  const writer = await here.attach(id);
  await writer.put("a", 1);
  chaos.drop(chaos.held.length - 1);
  await writer.put("b", 2);
  chaos.deliver(chaos.held.length - 1);
  await settle();
  expect(live.data).toEqual({ a: 1, b: 2 });
});

test("events that come in the wrong order, late or twice leave the newest state", async () => {
  const { chaos, here, there } = twoNodes("1h");
  const { id } = await here.create({});
  const live = await there.attach(id);
  const seen = versionsOf(live);
  const writer = await here.attach(id);
  chaos.held.length = 0;
  await writer.put("a", 1);
  await writer.put("a", 2);
  chaos.deliver(1, true);
  await settle();
  chaos.deliver(0, true);
  chaos.deliver(0);
  chaos.deliver(0);
  await settle();
  expect(live.data).toEqual({ a: 2 });
  expect(seen).toEqual([1, 3]);
});

test("an event without its changes leads to a read", async () => {
  const { chaos, here, there } = twoNodes("1h");
  const { id } = await here.create({});
  const live = await there.attach(id);
  chaos.held.length = 0;
  await (await here.attach(id)).put("a", 1);
  const event = chaos.held[0]?.event as { changes?: unknown };
  delete event.changes;
  chaos.deliver(0);
  await settle();
  expect(live.data).toEqual({ a: 1 });
});

test("an event that was lost without a trace is noticed by the periodic check", async () => {
  const { clock, chaos, here, there } = twoNodes();
  const { id } = await here.create({});
  const live = await there.attach(id);
  await (await here.attach(id)).put("a", 1);
  chaos.held.length = 0;
  clock.advance(30_000);
  await settle();
  expect(live.data).toEqual({ a: 1 });
});

test("an end whose event was lost is noticed by the periodic check", async () => {
  const { clock, chaos, here, there } = twoNodes();
  const { id } = await here.create({});
  const live = await there.attach(id);
  await here.end(id, "revoked");
  chaos.held.length = 0;
  expect(live.status).toBe("live");
  clock.advance(30_000);
  await settle();
  expect(live.endReason).toBe("revoked");
});

test("while the bus is away connections are stale; when it is back they catch up and are live", async () => {
  const { chaos, here, there } = twoNodes("1h");
  const { id } = await here.create({});
  const live = await there.attach(id);
  const statuses: string[] = [];
  live.subscribe((message) => message.type === "live_session_status" && statuses.push(message.status));
  chaos.status("down");
  expect(live.status).toBe("stale");
  await (await here.attach(id)).put("a", 1);
  chaos.held.length = 0;
  chaos.status("up");
  await settle();
  expect(live.data).toEqual({ a: 1 });
  expect(statuses).toEqual(["stale", "live"]);
});

test("while the store is away connections are stale, and catch up by themselves", async () => {
  const { clock, store, chaos, here, there } = twoNodes();
  const { id } = await here.create({});
  const live = await there.attach(id);
  const writer = await here.attach(id);
  await writer.put("a", 1);
  chaos.held.length = 0;
  const { versions } = store;
  store.versions = () => {
    throw new Error("away");
  };
  clock.advance(30_000);
  await settle();
  expect(live.status).toBe("stale");
  expect(live.data).toEqual({});
  store.versions = versions;
  clock.advance(1_000);
  await settle();
  expect(live.status).toBe("live");
  expect(live.data).toEqual({ a: 1 });
});

test("writes raced against attach are all seen, wherever they fall between subscribing and reading", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 6 }), async (scheduler, count) => {
      const { store, chaos, here, there } = twoNodes("1h");
      const { id, key } = await here.create({});
      const { read } = store;
      chaos.beforeSubscribe = () => scheduler.schedule(Promise.resolve(), "subscribe");
      // A slow read: what it found may be old when it arrives.
      store.read = async (key) => {
        await scheduler.schedule(Promise.resolve(), "ask");
        const found = await read(key);
        await scheduler.schedule(Promise.resolve(), "answer");
        return found;
      };
      const attached = there.attach(id);
      const writes = (async () => {
        for (let index = 1; index <= count; index++) {
          await scheduler.schedule(Promise.resolve(), "write");
          await here.records.commit(key, { mode: "update", put: { [`key${index}`]: index }, delete: [] });
          chaos.deliverAll();
        }
      })();
      await scheduler.waitFor(Promise.all([attached, writes]));
      await scheduler.waitIdle();
      await settle();
      const live = await attached;
      expect(Object.keys(live.data)).toHaveLength(count);
    }),
    { numRuns: 200 },
  );
}, 60_000);

test("synced waits for the read that a write behind a gap leads to", async () => {
  const clock = new ManualClock();
  const memory = memoryStore({ clock });
  // As a store that does not give the data after a commit.
  const store = {
    ...memory,
    async commit(...given: Parameters<typeof memory.commit>) {
      const result = await memory.commit(...given);
      return result.ok ? { ...result, data: undefined } : result;
    },
  };
  const chaos = new ChaosBus();
  const node = () => createLiveSessions<Data>({ store, bus: chaos.endpoint(), clock, onError() {} });
  const [here, there] = [node(), node()];
  const { id } = await here.create({});
  const live = await here.attach(id);
  const other = await there.attach(id);
  await other.put("a", 1); // and the event of it is not delivered
  const { read } = store;
  let answer = () => {};
  store.read = async (key) => {
    await new Promise<void>((resolve) => (answer = resolve));
    return read(key);
  };
  const { records } = here;
  await records.commit(live.key, { mode: "update", put: { b: 2 }, delete: [] });
  let done = false;
  const synced = live.synced().then(() => (done = true));
  await settle();
  expect({ done, version: live.version }).toEqual({ done: false, version: 1 });
  answer();
  await synced;
  expect(live.data).toEqual({ a: 1, b: 2 });
  await here.close();
  await there.close();
});
