// The conformance suites, unchanged, on a server of their own; the store also with its clock held still.

import { setTimeout } from "node:timers/promises";
import { busConformance, ManualClock, storeConformance } from "live-session/conformance";
import { nats, natsBus, natsStore } from "live-session/nats";
import { afterAll, beforeAll, describe, test } from "vitest";
import { connectTo, freshBucket } from "../support/nats.ts";
import { type NatsServer, startNats } from "../support/servers/nats.ts";

let server: NatsServer;

beforeAll(async () => {
  server = await startNats();
});

afterAll(() => server?.remove());

const storeCases = (exactClock: boolean) =>
  storeConformance({
    exactClock,
    fails: true,
    sweeps: true,
    async open() {
      const bucket = freshBucket();
      const [one, two] = [await connectTo(server), await connectTo(server)];
      const clock = exactClock ? new ManualClock() : undefined;
      const { store, bus } = nats({ ...one, bucket, clock });
      const peer = natsStore({ ...two, bucket, clock });
      return {
        store,
        peer,
        advance: async (ms) => {
          if (clock) await clock.advance(ms);
          else await setTimeout(ms + 1);
        },
        useClient: () => one.connection.flush(),
        fail: () => one.connection.close(),
        async close() {
          await bus.close();
          await store.close();
          await peer.close();
          await one.connection.close();
          const manager = await two.jetstream.jetstreamManager();
          await manager.streams.delete(`KV_${bucket}`).catch(() => {}); // a case may not have made it
          await two.connection.close();
        },
      };
    },
  });

describe("the store, its clock held still", () => {
  for (const { name, run } of storeCases(true)) test(name, run);
});

describe("the store, on the real clock", () => {
  for (const { name, run } of storeCases(false)) test(name, run);
});

describe("the bus", () => {
  const cases = busConformance({
    interrupts: true,
    fails: true,
    async open() {
      const subject = freshBucket();
      const [one, two] = [await connectTo(server), await connectTo(server)];
      const bus = natsBus({ connection: one.connection, subject });
      const peer = natsBus({ connection: two.connection, subject });
      return {
        bus,
        peer,
        useClient: () => one.connection.flush(),
        interrupt: () => one.connection.reconnect(),
        fail: () => one.connection.close(),
        async close() {
          await bus.close();
          await peer.close();
          await one.connection.close();
          await two.connection.close();
        },
      };
    },
  });
  for (const { name, run } of cases) test(name, run);
});
