import { createLiveSessions, LiveSessionError, localBus, memoryStore, putSession, updateSession } from "live-session";
import { expect, test } from "vitest";
import { rejection, settle, testSessions } from "../support/sessions.ts";

interface Shop {
  cart: string[];
  count: number;
  theme: "light" | "dark";
  user: { name: string };
}

test("a write is in the snapshot of everyone attached when it resolves, and in every subscriber's message", async () => {
  const { sessions } = testSessions<Shop>();
  const { id } = await sessions.create({ theme: "light" });
  const [one, other] = [await sessions.attach(id), await sessions.attach(id)];
  const seen: unknown[] = [];
  other.subscribe((message) => seen.push(message));
  const after = await one.put("cart", ["kite"]);
  expect(after).toEqual({ theme: "light", cart: ["kite"] });
  expect(other.data).toEqual(after);
  expect(other.get("cart")).toEqual(["kite"]);
  await one.delete("theme");
  await one.clear();
  expect(seen).toEqual([
    { type: "live_session_updated", session: { theme: "light", cart: ["kite"] }, version: 2 },
    { type: "live_session_updated", session: { cart: ["kite"] }, version: 3 },
    { type: "live_session_updated", session: {}, version: 4 },
  ]);
});

test("snapshots are frozen all the way down and never change; what was handed in is copied", async () => {
  const { sessions } = testSessions<Shop>();
  const live = await sessions.attach((await sessions.create()).id);
  const cart = ["kite"];
  await live.put("cart", cart);
  cart.push("string");
  const before = live.data;
  expect(before).toEqual({ cart: ["kite"] });
  expect(() => (before.cart as string[]).push("x")).toThrow(TypeError);
  expect(() => Object.assign(before, { theme: "dark" })).toThrow(TypeError);
  await live.put("cart", []);
  expect(before).toEqual({ cart: ["kite"] });
});

test("200 concurrent updates of one key on several handles give exactly 200", async () => {
  const { sessions } = testSessions<Shop>();
  const { id, session } = await sessions.create();
  const lives = await Promise.all(Array.from({ length: 10 }, () => sessions.attach(id)));
  await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      index % 4 === 0
        ? updateSession(session, "count", (count = 0) => count + 1)
        : lives[index % 10]?.update("count", (count = 0) => count + 1),
    ),
  );
  expect(lives[0]?.get("count")).toBe(200);
});

test("updates of two hubs on one store, and puts in between, lose nothing", async () => {
  const store = memoryStore();
  const bus = localBus();
  const [one, two] = [
    createLiveSessions<Record<string, number>>({ store, bus }),
    createLiveSessions<Record<string, number>>({ store, bus }),
  ];
  const { id } = await one.create();
  const [left, right] = [await one.attach(id), await two.attach(id)];
  const writes: Promise<unknown>[] = [];
  for (let index = 0; index < 100; index++) {
    writes.push(left.update("count", (count = 0) => count + 1));
    writes.push(right.update("count", (count = 0) => count + 1));
    writes.push(right.put(`key${index}`, index));
  }
  await Promise.all(writes);
  await settle();
  expect(left.get("count")).toBe(200);
  expect(Object.keys(left.data)).toHaveLength(101);
  expect(right.data).toEqual(left.data);
});

test("a transaction writes the keys it changed and no others, or nothing at all", async () => {
  const { sessions } = testSessions<Shop>();
  const live = await sessions.attach((await sessions.create({ cart: ["kite"], theme: "light" })).id);
  await Promise.all([
    live.transaction((draft) => {
      draft.cart?.push("string");
      draft.count = draft.cart?.length ?? 0;
    }),
    live.put("theme", "dark"),
  ]);
  expect(live.data).toEqual({ cart: ["kite", "string"], count: 2, theme: "dark" });
  const { version } = live;
  await live.transaction((draft) => {
    draft.cart = ["kite", "string"];
  });
  expect(live.version).toBe(version);
  await live.transaction((draft) => {
    delete draft.theme;
    draft.user = undefined as never;
  });
  expect(live.data).toEqual({ cart: ["kite", "string"], count: 2 });
  const error = await rejection(
    live.transaction((draft) => {
      draft.count = 99;
      throw new Error("changed my mind");
    }),
  );
  expect(error.message).toBe("changed my mind");
  expect(live.get("count")).toBe(2);
});

test("a function that waits is refused, since it may run more than once", async () => {
  const { sessions } = testSessions<Shop>();
  const live = await sessions.attach((await sessions.create()).id);
  const error = await rejection(live.update("count", (async () => 1) as never));
  expect(error).toMatchObject({ code: "not_json", message: expect.stringContaining("async") });
  expect((await rejection(live.transaction((async () => {}) as never))).message).toContain("async");
});

test("a write from within a listener is told to everyone after the one that caused it", async () => {
  const { sessions } = testSessions<Shop>();
  const { id } = await sessions.create();
  const [first, second] = [await sessions.attach(id), await sessions.attach(id)];
  const seen: number[] = [];
  first.subscribe((message) => {
    if (message.type === "live_session_updated" && message.version === 2) void first.put("count", 2);
  });
  second.subscribe((message) => message.type === "live_session_updated" && seen.push(message.version));
  await first.put("count", 1);
  await settle();
  expect(seen).toEqual([2, 3]);
});

test("a listener that throws is reported and stops nobody else", async () => {
  const { sessions, errors } = testSessions<Shop>();
  const live = await sessions.attach((await sessions.create()).id);
  const seen: string[] = [];
  live.subscribe(() => {
    throw new Error("broken listener");
  });
  live.subscribe((message) => seen.push(message.type));
  await live.put("count", 1);
  expect(seen).toEqual(["live_session_updated"]);
  expect(errors).toMatchObject([{ error: { message: "broken listener" }, context: { stage: "listener" } }]);
});

test("an end reaches everyone with its reason, is the last message, and is final", async () => {
  const { sessions } = testSessions<Shop>();
  const { id, session } = await sessions.create({ count: 1 });
  const [one, other] = [await sessions.attach(id), await sessions.attach(id)];
  const seen: unknown[] = [];
  other.subscribe((message) => seen.push(message));
  expect(await one.end("revoked")).toBe(true);
  expect(seen).toEqual([{ type: "live_session_ended", reason: "revoked" }]);
  expect(other.status).toBe("ended");
  expect(other.endReason).toBe("revoked");
  expect(() => other.data).toThrow(expect.objectContaining({ code: "session_ended", reason: "revoked" }));
  const ended = { code: "session_ended", reason: "revoked" };
  expect(await rejection(one.put("count", 2))).toMatchObject(ended);
  expect(await rejection(one.update("count", () => 2))).toMatchObject(ended);
  expect(await rejection(putSession(session, "count", 2))).toMatchObject(ended);
  expect(await rejection(updateSession(session, "count", () => 2))).toMatchObject(ended);
  expect(await rejection(sessions.attach(id))).toMatchObject(ended);
  expect(await rejection(one.regenerate())).toMatchObject(ended);
  expect(await sessions.read(id)).toBeNull();
  expect(await one.end()).toBe(false);
  expect(await sessions.end(id)).toBe(false);
  expect(seen).toHaveLength(1);
});

test("regenerate moves the data to a new id; the old one is over, and no write to it comes through", async () => {
  const { sessions } = testSessions<Shop>();
  const { id } = await sessions.create({ cart: ["kite"] });
  const live = await sessions.attach(id);
  const reasons: unknown[] = [];
  live.subscribe((message) => message.type === "live_session_ended" && reasons.push(message.reason));
  const write = live.put("theme", "dark");
  const next = await live.regenerate();
  expect(reasons).toEqual(["regenerated"]);
  await write;
  expect(await sessions.read(next)).toEqual({ cart: ["kite"], theme: "dark" });
  expect(await sessions.read(id)).toBeNull();
  expect(next).not.toBe(id);
});

test("unknown ids are never adopted", async () => {
  const { sessions } = testSessions<Shop>();
  expect(await rejection(sessions.attach("made-up"))).toMatchObject({ code: "unknown_session" });
  expect(await sessions.read("made-up")).toBeNull();
  expect(await rejection(sessions.regenerate("made-up"))).toMatchObject({ code: "unknown_session" });
  expect(await sessions.records.count()).toBe(0);
});

test("putSession works on the map that a session was read with, and on the one it returns", async () => {
  const { sessions } = testSessions<Shop>();
  const { id } = await sessions.create();
  const read = await sessions.read(id);
  if (!read) throw new Error("not there");
  const after = await putSession(read, "theme", "dark");
  expect(after).toEqual({ theme: "dark" });
  expect(read).toEqual({});
  expect(await updateSession(after, "count", (count = 0) => count + 1)).toEqual({ theme: "dark", count: 1 });
  expect(await rejection(putSession({ ...read } as typeof read, "count", 1))).toMatchObject({ code: "not_a_session" });
});

test("a detached handle hears nothing more and writes nothing", async () => {
  const { sessions } = testSessions<Shop>();
  const { id } = await sessions.create();
  const [live, other] = [await sessions.attach(id), await sessions.attach(id)];
  const seen: unknown[] = [];
  live.subscribe((message) => seen.push(message));
  live.detach();
  live.detach();
  await other.put("count", 1);
  expect(seen).toEqual([]);
  expect(() => live.data).toThrow(expect.objectContaining({ code: "closed" }));
  expect(await rejection(live.put("count", 2))).toMatchObject({ code: "closed" });
  other.detach();
  expect((await sessions.attach(id)).data).toEqual({ count: 1 });
});

test("a closed hub says so", async () => {
  const { sessions } = testSessions<Shop>();
  const { id } = await sessions.create();
  const live = await sessions.attach(id);
  await sessions.close();
  await sessions.close();
  expect(() => live.data).toThrow(expect.objectContaining({ code: "closed" }));
  expect(await rejection(sessions.attach(id))).toMatchObject({ code: "closed" });
});

test("a store that fails is an error to the caller, never an empty session", async () => {
  const store = memoryStore();
  const { sessions } = testSessions<Shop>({ store });
  const { id, session } = await sessions.create({ count: 1 });
  const live = await sessions.attach(id);
  const away = () => {
    throw new Error("connection refused");
  };
  Object.assign(store, { read: away, commit: away, destroy: away });
  const failed = { code: "store_failed", message: expect.stringContaining("connection refused") };
  expect(await rejection(sessions.read(id))).toMatchObject(failed);
  expect(await rejection(live.put("count", 2))).toMatchObject(failed);
  expect(await rejection(putSession(session, "count", 2))).toMatchObject(failed);
  expect(await rejection(live.end())).toMatchObject(failed);
  live.detach();
  const error = await rejection(sessions.attach(id));
  expect(error).toBeInstanceOf(LiveSessionError);
  expect(error).toMatchObject(failed);
});

test("a subscription that is ended by another while a message is told hears it no more", async () => {
  const { sessions } = testSessions<{ n: number }>();
  const live = await sessions.attach((await sessions.create({ n: 1 })).id);
  const heard: string[] = [];
  live.subscribe(() => {
    heard.push("first");
    endSecond();
    live.subscribe(() => heard.push("late"));
  });
  const endSecond = live.subscribe(() => heard.push("second"));
  await live.put("n", 2);
  expect(heard).toEqual(["first"]);
  await sessions.close();
});

test("a regenerate that cannot make the new session leaves the old one as it was", async () => {
  const store = memoryStore();
  const { sessions } = testSessions<Shop>({ store });
  const { id } = await sessions.create({ cart: ["kite"] });
  const { commit } = store;
  store.commit = () => {
    throw new Error("disk full");
  };
  expect(await rejection(sessions.regenerate(id))).toMatchObject({ code: "store_failed" });
  store.commit = commit;
  expect(await sessions.read(id)).toEqual({ cart: ["kite"] });
  expect(await sessions.records.count()).toBe(1);
});

test("a regenerate whose end fails leaves one session, not two", async () => {
  const store = memoryStore();
  const { sessions } = testSessions<Shop>({ store });
  const { id, key } = await sessions.create({ cart: ["kite"] });
  const { destroy } = store;
  store.destroy = (each, reason) => {
    if (each === key) throw new Error("connection reset");
    return destroy(each, reason);
  };
  expect(await rejection(sessions.regenerate(id))).toMatchObject({ code: "store_failed" });
  store.destroy = destroy;
  expect(await sessions.read(id)).toEqual({ cart: ["kite"] });
  expect(await sessions.records.count()).toBe(1);
});

test("a session that ends while it is regenerated stays ended, and no other is left behind", async () => {
  const store = memoryStore();
  const { sessions } = testSessions<Shop>({ store });
  const { id, key } = await sessions.create({ cart: ["kite"] });
  const { commit } = store;
  store.commit = (each, write) => {
    void store.destroy(key, "revoked");
    return commit(each, write);
  };
  expect(await rejection(sessions.regenerate(id))).toMatchObject({ code: "session_ended" });
  expect(await sessions.records.count()).toBe(0);
});

test("what is written to a session while it is regenerated is in the new one", async () => {
  const store = memoryStore();
  const { sessions } = testSessions<Shop>({ store });
  const { id, key } = await sessions.create({ cart: ["kite"], theme: "light" });
  const { commit } = store;
  let first = true;
  store.commit = (each, write) => {
    if (first) {
      first = false;
      void commit(key, { mode: "update", put: { count: 7 }, delete: ["theme"], incarnation: "unused" });
    }
    return commit(each, write);
  };
  const next = await sessions.regenerate(id);
  expect(await sessions.read(next)).toEqual({ cart: ["kite"], count: 7 });
});

test("update, transaction and clear see what another node wrote, also where nothing seems to be to do", async () => {
  const store = memoryStore();
  const { sessions: here } = testSessions<Shop>({ store, bus: localBus() });
  const { sessions: there } = testSessions<Shop>({ store, bus: localBus() });
  const { id } = await here.create({});
  const [writer, stale] = [await here.attach(id), await there.attach(id)];
  await writer.put("count", 100);
  const spent = await stale.transaction((draft) => {
    if (draft.count !== undefined && draft.count > 0) draft.count = 0;
  });
  expect(spent).toEqual({ count: 0 });
  await writer.put("cart", ["kite"]);
  const { sessions: third } = testSessions<Shop>({ store, bus: localBus() });
  const other = await third.attach(id);
  await writer.clear();
  await writer.put("theme", "dark");
  await other.clear();
  expect(await here.read(id)).toEqual({});
});

test("close closes the store also where the bus cannot be closed", async () => {
  const store = memoryStore();
  let closed = false;
  store.close = () => {
    closed = true;
  };
  const close = () => {
    throw new Error("no bus");
  };
  const { sessions } = testSessions<Shop>({ store, bus: { ...localBus(), close } });
  expect(await rejection(sessions.close())).toMatchObject({ message: "no bus" });
  expect(closed).toBe(true);
});

test("a store's data after a commit is asked for only where someone is attached", async () => {
  const store = memoryStore();
  let asked = 0;
  const { sessions } = testSessions<{ n?: number }>({
    store: {
      ...store,
      async commit(key, commit) {
        const result = await store.commit(key, commit);
        if (!result.ok) return result;
        return {
          ...result,
          get data() {
            asked++;
            return result.data;
          },
        };
      },
    },
  });
  const { id, key } = await sessions.create({ n: 1 });
  await sessions.records.commit(key, { mode: "update", put: { n: 2 }, delete: [] });
  expect(asked).toBe(0);
  const live = await sessions.attach(id);
  await live.put("n", 3);
  expect(asked).toBeGreaterThan(0);
  expect(live.data).toEqual({ n: 3 });
});
