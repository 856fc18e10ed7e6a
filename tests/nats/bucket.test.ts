// What is in the bucket: no data of ended sessions, no index that leads nowhere, no cost for what is not due.

import { type JsonObject, type SessionStore, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { natsBus, natsStore } from "live-session/nats";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connectTo, freshBucket } from "../support/nats.ts";
import { type NatsServer, startNats } from "../support/servers/nats.ts";

const HOUR = 3_600_000;

let server: NatsServer;

beforeAll(async () => {
  server = await startNats();
});

afterAll(() => server?.remove());

async function open() {
  const own = await connectTo(server);
  onTestFinished(() => own.connection.close());
  const bucket = freshBucket();
  const clock = new ManualClock();
  const manager = await own.jetstream.jetstreamManager();
  const store = natsStore({ ...own, bucket, clock });
  const stream = `KV_${bucket}`;
  return {
    ...own,
    bucket,
    clock,
    manager,
    store,
    stream,
    /** The names in the bucket. */
    async names(filter = ">") {
      const { state } = await manager.streams.info(stream, { subjects_filter: `$KV.${bucket}.${filter}` });
      return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(`$KV.${bucket}.`.length));
    },
  };
}

let keys = 0;

async function create(store: SessionStore, put: JsonObject = {}, lifetime = HOUR, principal: string | null = null) {
  const key = sessionKey(`bucket ${++keys}`);
  await store.commit(key, { mode: "create", put, delete: [], incarnation: "one", lifetime, principal });
  return key;
}

test("an end is final for every node, also for one whose clock is behind", async () => {
  const { connection, jetstream, bucket, clock, store } = await open();
  const late = new ManualClock(clock.now() - 30_000);
  const behind = natsStore({ connection, jetstream, bucket, clock: late });
  const key = await create(store, { n: 1 }, 1_000);
  await clock.advance(1_000);
  expect(await store.read(key)).toMatchObject({ state: "ended", reason: "expired" });
  // By its own clock the session has half a minute to go.
  const commit = { put: { n: 2 }, delete: [], incarnation: "one", lifetime: HOUR };
  expect(await behind.commit(key, { mode: "upsert", ...commit })).toMatchObject({ ok: false, why: "ended" });
  expect(await behind.touch(key, { lifetime: HOUR })).toBeNull();
  expect(await store.read(key)).toMatchObject({ state: "ended", reason: "expired" });
});

test("nothing of an ended session's data, meta or principal stays in the stream", async () => {
  const { store, manager, stream, bucket, names } = await open();
  const key = await create(store, { secret: "xyzzy" }, HOUR, "ada");
  await store.destroy(key, "destroyed");
  const message = await manager.streams.getMessage(stream, { last_by_subj: `$KV.${bucket}.${key}` });
  expect(message?.string()).not.toMatch(/xyzzy|ada/);
  const { state } = await manager.streams.info(stream);
  await expect.poll(() => names("p.>")).toEqual([]);
  expect(state.messages).toBeLessThanOrEqual(4);
});

test("after everything ended and was swept nothing is left but the note of how far it was swept", async () => {
  const { store, clock, names } = await open();
  const all = [];
  for (let n = 0; n < 20; n++) all.push(await create(store, { n }, HOUR + n * 60_000, n % 2 ? "ada" : null));
  for (const key of all.slice(0, 5)) await store.destroy(key, "revoked");
  for (const key of all.slice(5, 10)) await store.touch(key, { lifetime: 2 * HOUR });
  for (const key of all.slice(10, 15)) await store.touch(key, { lifetime: 1_000 });
  let freed = await store.sweep(0);
  expect(freed).toBe(5);
  for (let hours = 0; hours < 4; hours++) {
    await clock.advance(HOUR);
    freed += await store.sweep(0);
  }
  expect(freed).toBe(20);
  await expect.poll(() => names()).toEqual(["i.swept"]);
});

test("a sweep reads what is due by the index, and no other session", async () => {
  const { store, clock, connection, jetstream, bucket } = await open();
  const read: string[] = [];
  const manager = await jetstream.jetstreamManager();
  const spied = natsStore({
    connection,
    bucket,
    clock,
    jetstream: {
      publish: (...parameters) => jetstream.publish(...parameters),
      consumers: jetstream.consumers,
      jetstreamManager: async () => ({
        streams: {
          info: (...parameters) => manager.streams.info(...parameters),
          add: (...parameters) => manager.streams.add(...parameters),
          deleteMessage: (...parameters) => manager.streams.deleteMessage(...parameters),
          purge: (...parameters) => manager.streams.purge(...parameters),
          getMessage(stream, query) {
            read.push(query.last_by_subj);
            return manager.streams.getMessage(stream, query);
          },
        },
      }),
    },
  });
  for (let n = 0; n < 50; n++) await create(store, { n });
  const pushed = await create(store, {}, 60_000);
  await store.touch(pushed, { lifetime: HOUR });
  const due = await Promise.all([1, 2, 3].map((n) => create(store, { n }, 60_000)));
  await clock.advance(60_000);
  const sessionsRead = () => read.splice(0).filter((subject) => !subject.endsWith(".swept"));
  expect(await spied.sweep(0)).toBe(3);
  expect(sessionsRead().sort()).toEqual([...due, pushed].map((key) => `$KV.${bucket}.${key}`).sort());
  // The one that was pushed was looked at once, and has its place now.
  expect(await spied.sweep(0)).toBe(0);
  expect(sessionsRead()).toEqual([]);
});

test("pushing a session writes one message, not its index", async () => {
  const { store, clock, manager, stream } = await open();
  const key = await create(store, { n: 1 }, HOUR, "ada");
  const before = (await manager.streams.info(stream)).state.last_seq;
  await clock.advance(60_000);
  await store.touch(key, {});
  await clock.advance(60_000);
  await store.commit(key, { mode: "update", put: { n: 2 }, delete: [], incarnation: "unused" });
  expect((await manager.streams.info(stream)).state.last_seq).toBe(before + 2);
});

test("an index entry of a write under way survives a sweep and a list that pass by; a stale one does not", async () => {
  const { store, clock, bucket, jetstream, names } = await open();
  await create(store, {}, HOUR, "ada");
  const key = await create(store);
  // A write makes its entries before the record: this one will end the session now, or give it to ada.
  const now = clock.now();
  const [hers] = await names("p.>");
  const made = [`x.${Math.floor(now / 300_000)}.${now}.${key}`, `p.${hers?.split(".")[1]}.${key}`];
  for (const name of made) await jetstream.publish(`$KV.${bucket}.${name}`, "");
  expect(await lookAround()).toEqual(made.map(() => true));
  // It lost against another write: from then on they lead nowhere.
  await store.touch(key, {});
  expect(await lookAround()).toEqual(made.map(() => false));

  async function lookAround(): Promise<boolean[]> {
    expect(await store.sweep(0)).toBe(0);
    let listed = 0;
    for await (const _ of store.list({ principal: "ada" })) listed++;
    expect(listed).toBe(1);
    const left = await names();
    return made.map((name) => left.includes(name));
  }
});

test("index entries of a session that was never made are dropped once it cannot be under way any more", async () => {
  const { store, clock, bucket, jetstream, names } = await open();
  await create(store, {}, 24 * HOUR, "ada");
  const key = sessionKey("died while it was being made");
  const now = clock.now();
  const [hers] = await names("p.>");
  const made = [`x.${Math.floor(now / 300_000)}.${now}.${key}`, `p.${hers?.split(".")[1]}.${key}`];
  for (const name of made) await jetstream.publish(`$KV.${bucket}.${name}`, String(now));
  const lookAround = async () => {
    await store.sweep(0);
    for await (const _ of store.list({ principal: "ada" }));
    return (await names()).filter((name) => made.includes(name)).length;
  };
  await clock.advance(HOUR / 6 - 1);
  expect(await lookAround()).toBe(2);
  await clock.advance(1);
  expect(await lookAround()).toBe(0);
});

test("the bucket answers from its leader, and a write that finds it full fails rather than push sessions out", async () => {
  const { store, manager, stream } = await open();
  await create(store);
  const { config } = await manager.streams.info(stream);
  expect(config).toMatchObject({ allow_direct: false, discard: "new", max_age: 0, max_msgs_per_subject: 1 });
});

test("a session may have a million bytes; one over max_payload is refused in words, and the one before stays", async () => {
  const { store } = await open();
  const key = await create(store, { big: "x".repeat(1_000_000) });
  expect(await store.read(key)).toMatchObject({ state: "live", record: { data: { big: "x".repeat(1_000_000) } } });
  const commit = { mode: "update", delete: [], incarnation: "unused" } as const;
  await expect(store.commit(key, { ...commit, put: { more: "x".repeat(100_000) } })).rejects.toThrow("max_payload");
  expect(await store.read(key)).toMatchObject({ state: "live", record: { version: 1 } });
});

test("a bucket that would forget sessions by itself is refused", async () => {
  const { store, manager, stream, bucket } = await open();
  await manager.streams.add({
    name: stream,
    subjects: [`$KV.${bucket}.>`],
    max_age: 60_000_000_000,
    deny_delete: true,
  });
  await expect(create(store)).rejects.toMatchObject({ code: "bad_option" });
  await expect(create(store)).rejects.toThrow(/max_age.*deny_delete/);
});

test("wrong options are told at once", async () => {
  const { connection, jetstream } = await open();
  expect(() => natsStore({ connection, jetstream, bucket: "a.b" })).toThrow("bucket");
  expect(() => natsStore({ connection, jetstream: connection as never })).toThrow("jetstream");
  expect(() => natsStore({ connection: jetstream as never, jetstream })).toThrow("connection");
  expect(() => natsBus({ connection: jetstream as never })).toThrow("connection");
  expect(() => natsBus({ connection, subject: "a.*" })).toThrow("subject");
});
