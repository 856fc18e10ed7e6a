// Encryption at rest: the contracts still hold under it, nothing of a value is in the store or on the bus, and what was
// changed, moved, or sealed with another key is an error, never an empty session.

import { randomBytes } from "node:crypto";
import {
  type Commit,
  createLiveSessions,
  generateSessionId,
  type JsonObject,
  type ListedRecord,
  LiveSessionError,
  localBus,
  memoryStore,
  type SessionBus,
  type SessionEvent,
  type SessionKey,
  type SessionRecord,
  type SessionStore,
  sessionKey,
} from "live-session";
import { busConformance, ManualClock, storeConformance } from "live-session/conformance";
import { type EncryptedOptions, encrypted } from "live-session/encrypted";
import { describe, expect, test, vi } from "vitest";
import { encryptedBusHarness, encryptedStoreHarness } from "../support/encrypted.ts";

describe("a memory store under encryption", () => {
  const cases = storeConformance({
    exactClock: true,
    fails: false,
    sweeps: true,
    open() {
      const clock = new ManualClock();
      // Two wrappers over one store are two nodes.
      const inner = memoryStore({ clock });
      const other: SessionStore = { ...inner };
      return encryptedStoreHarness({ store: inner, peer: other, advance: (ms) => clock.advance(ms), close() {} });
    },
  });
  for (const { name, run } of cases) test(name, run);
});

describe("a local bus under encryption", () => {
  const cases = busConformance({
    interrupts: false,
    fails: false,
    patience: 300,
    open() {
      const bus = localBus();
      return encryptedBusHarness({ bus, peer: bus, close() {} }, memoryStore());
    },
  });
  for (const { name, run } of cases) test(name, run);
});

const HOUR = 3_600_000;
const SECRET = "the-secret-of-the-cart";
const key = (name: string) => sessionKey(name);
const secret = (id: string, bytes = randomBytes(32)) => ({ id, key: bytes });
const undecryptable = expect.objectContaining({ name: "LiveSessionError", code: "undecryptable" });

function commit(put: JsonObject, more: Partial<Commit> = {}): Commit {
  return { mode: "upsert", put, delete: [], incarnation: "one", lifetime: HOUR, ...more };
}

type Raw = { readonly store: SessionStore; readonly bus: SessionBus };

/** The drivers of a node over a raw store and bus that others share. */
function drivers(raw: Raw, options: Partial<EncryptedOptions> = {}) {
  return encrypted(raw, { keys: [secret("a", A)], ...options });
}

function node(raw: Raw, options: Partial<EncryptedOptions> = {}) {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  return { ...drivers(raw, { onError, ...options }), errors };
}

const A = randomBytes(32);
const B = randomBytes(32);
const engine = () => ({ store: memoryStore(), bus: localBus() });

async function liveRecord(store: SessionStore, at: SessionKey): Promise<SessionRecord> {
  const found = await store.read(at);
  if (found.state !== "live") throw new Error(`${at} is ${found.state}`);
  return found.record;
}

/** What somebody does who can write to the store, and has no key. */
async function forge(store: SessionStore, at: SessionKey, put: JsonObject, more: Partial<Commit> = {}) {
  expect(await store.commit(at, commit(put, { mode: "update", ...more }))).toMatchObject({ ok: true });
}

describe("nothing of a value is to be found", () => {
  test("in the store: neither of data nor of facts, which come back whole", async () => {
    const raw = engine();
    const { store } = node(raw);
    const data = { cart: [SECRET, { deep: SECRET }], n: 1234567, "": "", gone: null };
    await store.commit(key("s"), commit(data, { meta: { cookie: SECRET }, principal: "ada" }));
    await store.touch(key("s"), { meta: { touched: SECRET } });
    const stored = await liveRecord(raw.store, key("s"));
    expect(JSON.stringify(stored)).not.toMatch(new RegExp(`${SECRET}|1234567|cookie|touched`));
    for (const value of Object.values(stored.data)) expect(value).toMatch(/^e1\.a\.[\w-]+$/);
    expect(Object.keys(stored.data)).toEqual(Object.keys(data));
    expect(stored.principal).toBe("ada");
    expect(await liveRecord(store, key("s"))).toMatchObject({ data, meta: { touched: SECRET }, principal: "ada" });
  });

  test("in facts that the contract may get besides meta: they are sealed by their name", async () => {
    const raw = engine();
    const { store } = node(raw);
    const kept = new Map<SessionKey, unknown>();
    const inner: SessionStore = {
      ...raw.store,
      commit: (at, write) => {
        kept.set(at, (write as { about?: unknown }).about);
        return raw.store.commit(at, write);
      },
      async read(at) {
        const found = await raw.store.read(at);
        return found.state === "live" ? { ...found, record: { ...found.record, about: kept.get(at) } } : found;
      },
    };
    const wrapped = encrypted({ store: inner }, { keys: [A] }).store;
    await wrapped.commit(key("s"), commit({}, { about: { agent: SECRET } } as Partial<Commit>));
    expect(JSON.stringify(kept.get(key("s")))).not.toContain(SECRET);
    expect(await liveRecord(wrapped, key("s"))).toMatchObject({ about: { agent: SECRET } });
    expect(await store.read(key("other"))).toEqual({ state: "missing" });
  });

  test("on the bus", async () => {
    const raw = engine();
    const { bus } = node(raw);
    const seen: SessionEvent[] = [];
    const heard: SessionEvent[] = [];
    await raw.bus.subscribe(key("s"), (event) => seen.push(event));
    await bus.subscribe(key("s"), (event) => heard.push(event));
    const event = { type: "changed", incarnation: "one", version: 2, expiresAt: 2, now: 1 } as const;
    const changes = { put: { cart: SECRET }, delete: ["n"] };
    await bus.publish(key("s"), { ...event, changes });
    expect(JSON.stringify(seen)).not.toContain(SECRET);
    expect(seen).toMatchObject([{ changes: { put: { cart: expect.stringMatching(/^e1\./) }, delete: ["n"] } }]);
    expect(heard).toEqual([{ ...event, changes }]);
  });

  test("equal values are not equal in the store", async () => {
    const raw = engine();
    const { store } = node(raw);
    await store.commit(key("s"), commit({ one: SECRET, other: SECRET }));
    const { data } = await liveRecord(raw.store, key("s"));
    expect(data.one).not.toBe(data.other);
    const before = data.one;
    await store.commit(key("s"), commit({ one: SECRET }));
    expect((await liveRecord(raw.store, key("s"))).data.one).not.toBe(before);
  });
});

describe("rotation", () => {
  test("the old key still reads, the new one writes, and each value moves over as it is written", async () => {
    const raw = engine();
    await node(raw).store.commit(key("s"), commit({ cart: 1, theme: 2 }, { meta: { m: 1 } }));
    const rotated = node(raw, { keys: [secret("b", B), secret("a", A)] });
    expect(await liveRecord(rotated.store, key("s"))).toMatchObject({ data: { cart: 1, theme: 2 }, meta: { m: 1 } });
    await rotated.store.commit(key("s"), commit({ cart: 3 }));
    const { data, meta } = await liveRecord(raw.store, key("s"));
    expect(data).toEqual({ cart: expect.stringMatching(/^e1\.b\./), theme: expect.stringMatching(/^e1\.a\./) });
    expect(JSON.stringify(meta)).toContain("e1.a.");
    await rotated.store.commit(key("s"), commit({ theme: 4 }, { meta: { m: 2 } }));
    const withoutOld = node(raw, { keys: [secret("b", B)] });
    expect(await liveRecord(withoutOld.store, key("s"))).toMatchObject({ data: { cart: 3, theme: 4 }, meta: { m: 2 } });
  });

  test("a key without an id has the same one on every node, in whatever form it is given", async () => {
    const raw = engine();
    const forms = [A, A.toString("base64"), A.toString("base64url"), new Uint8Array(A)];
    for (const [index, form] of forms.entries()) {
      await node(raw, { keys: [form] }).store.commit(key("s"), commit({ [`by${index}`]: index }));
    }
    for (const form of forms) {
      const { data } = await liveRecord(node(raw, { keys: [B, form] }).store, key("s"));
      expect(data).toEqual({ by0: 0, by1: 1, by2: 2, by3: 3 });
    }
  });

  test("a key that is gone is named by the error", async () => {
    const raw = engine();
    await node(raw).store.commit(key("s"), commit({ cart: 1 }));
    const other = node(raw, { keys: [secret("b", B)] });
    await expect(other.store.read(key("s"))).rejects.toMatchObject({
      code: "undecryptable",
      message: expect.stringMatching(/"cart" of session .*no key with the id "a"/),
    });
  });
});

describe("what somebody did to the store is seen", () => {
  async function two() {
    const raw = engine();
    const { store, errors } = node(raw);
    await store.commit(key("s"), commit({ cart: SECRET, theme: "dark" }, { meta: { m: 1 }, principal: "ada" }));
    await store.commit(key("t"), commit({ cart: "other" }, { meta: { m: 2 }, principal: "ada" }));
    return { raw, store, errors, stored: await liveRecord(raw.store, key("s")) };
  }

  test("each character of a sealed value that is changed", async () => {
    const { raw, store, stored } = await two();
    const sealed = stored.data.theme as string;
    const start = "e1.a.".length;
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
      await forge(raw.store, key("s"), { theme: changed });
      await expect(store.read(key("s")), `character ${at} of ${at < start ? "the head" : "the value"}`).rejects.toEqual(
        undecryptable,
      );
    }
    await forge(raw.store, key("s"), { theme: sealed });
    expect((await liveRecord(store, key("s"))).data.theme).toBe("dark");
  });

  test.each([
    ["a shortened value", (sealed: string) => sealed.slice(0, -8)],
    ["a value without its tag", (sealed: string) => sealed.slice(0, 20)],
    ["a lengthened value", (sealed: string) => `${sealed}AAAA`],
    ["a value of nothing", () => "e1.a.AAAA"],
    ["a value in the clear", () => "dark"],
    ["null", () => null],
    ["an object", () => ({ dark: true })],
  ])("%s", async (_what, change) => {
    const { raw, store, stored } = await two();
    await forge(raw.store, key("s"), { theme: change(stored.data.theme as string) });
    await expect(store.read(key("s"))).rejects.toEqual(undecryptable);
  });

  test.each(["ab", "abc", "abcd"])("another text of the same bytes: of %j there is one sealed form", async (theme) => {
    const { raw, store } = await two();
    await store.commit(key("s"), commit({ theme }));
    const sealed = (await liveRecord(raw.store, key("s"))).data.theme as string;
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = [...alphabet].map((each) => sealed.slice(0, -1) + each).filter((each) => each !== sealed);
    for (const changed of [...last, `${sealed}A`, `${sealed}=`, `${sealed}==`, `${sealed}\n`]) {
      await forge(raw.store, key("s"), { theme: changed });
      await expect(store.read(key("s")), changed).rejects.toEqual(undecryptable);
    }
  });

  test("a value under another name", async () => {
    const { raw, store, stored } = await two();
    await forge(raw.store, key("s"), { theme: stored.data.cart, cart: stored.data.theme });
    await expect(store.read(key("s"))).rejects.toEqual(undecryptable);
  });

  test("a value under a name that differs in a lone surrogate alone", async () => {
    const { raw, store } = await two();
    await store.commit(key("s"), commit({ "\ud800": 1 }));
    const { data } = await liveRecord(raw.store, key("s"));
    await forge(raw.store, key("s"), { "\ud801": data["\ud800"] });
    await expect(store.read(key("s"))).rejects.toEqual(undecryptable);
  });

  test("a value of another session", async () => {
    const { raw, store, stored } = await two();
    await forge(raw.store, key("t"), { cart: stored.data.cart });
    await expect(store.read(key("t"))).rejects.toEqual(undecryptable);
  });

  test("a fact as data, data as a fact, and facts of another session", async () => {
    const { raw, store, stored } = await two();
    const fact = stored.meta?.["~sealed"];
    await forge(raw.store, key("s"), { meta: fact });
    await expect(store.read(key("s"))).rejects.toEqual(undecryptable);
    await forge(raw.store, key("s"), {}, { delete: ["meta"], meta: { "~sealed": stored.data.cart } });
    await expect(store.read(key("s"))).rejects.toEqual(undecryptable);
    await forge(raw.store, key("s"), {}, { meta: { admin: true } });
    await expect(store.read(key("s"))).rejects.toEqual(undecryptable);
    await forge(raw.store, key("t"), {}, { meta: stored.meta });
    await expect(store.read(key("t"))).rejects.toEqual(undecryptable);
  });

  test("a value of the same name and key, of another key's making", async () => {
    const raw = engine();
    await node(raw, { keys: [secret("a", B)] }).store.commit(key("s"), commit({ cart: 1 }));
    await expect(node(raw).store.read(key("s"))).rejects.toEqual(undecryptable);
  });

  test("in an event: its listeners get it without changes, and onError is told", async () => {
    const { raw, stored } = await two();
    const { bus, errors } = node(raw);
    const heard: SessionEvent[] = [];
    await bus.subscribe(key("s"), (event) => heard.push(event));
    const event = { type: "changed", incarnation: "one", version: 2, expiresAt: 2, now: 1 } as const;
    await raw.bus.publish(key("s"), { ...event, changes: { put: { cart: stored.data.theme }, delete: [] } });
    expect(heard).toEqual([event]);
    expect(errors).toEqual([undecryptable]);
  });

  test("a list gives it with the others, says so, and has what opens", async () => {
    const { raw, store } = await two();
    await forge(raw.store, key("s"), { cart: "forged" }, { meta: { forged: true } });
    const listed = new Map<SessionKey, ListedRecord>();
    for await (const each of store.list({ principal: "ada" })) listed.set(each.key, each);
    expect([...listed.keys()].sort()).toEqual([key("s"), key("t")].sort());
    expect(listed.get(key("s"))).toMatchObject({
      record: { data: { theme: "dark" }, meta: null },
      failure: undecryptable,
    });
    expect(listed.get(key("s"))?.record.data).not.toHaveProperty("cart");
    expect(listed.get(key("t"))).not.toHaveProperty("failure");
  });

  test("but a session that cannot be read can be ended, and gives what opens", async () => {
    const { raw, store, errors } = await two();
    await forge(raw.store, key("s"), { cart: "forged" }, { meta: { forged: true } });
    const last = await store.destroy(key("s"), "revoked");
    expect(last).toMatchObject({ data: { theme: "dark" }, meta: null, principal: "ada" });
    expect(last?.data).not.toHaveProperty("cart");
    expect(errors).toEqual([undecryptable, undecryptable]);
    expect(await store.read(key("s"))).toMatchObject({ state: "ended", reason: "revoked" });
  });
});

describe("allowPlain", () => {
  test("reads sessions from before, seals what is written, and still refuses what is sealed wrongly", async () => {
    const raw = engine();
    await raw.store.commit(key("s"), commit({ cart: [1], theme: "e1", about: "e1.a" }, { meta: { cookie: 1 } }));
    await expect(node(raw).store.read(key("s"))).rejects.toEqual(undecryptable);
    const { store } = node(raw, { allowPlain: true });
    expect(await liveRecord(store, key("s"))).toMatchObject({
      data: { cart: [1], theme: "e1", about: "e1.a" },
      meta: { cookie: 1 },
    });
    await store.commit(key("s"), commit({ cart: [2] }, { meta: { cookie: 2 } }));
    const stored = await liveRecord(raw.store, key("s"));
    expect(stored).toMatchObject({ data: { cart: expect.stringMatching(/^e1\.a\./), theme: "e1" } });
    expect(JSON.stringify(stored.meta)).toContain("e1.a.");
    expect(await liveRecord(store, key("s"))).toMatchObject({ data: { cart: [2], theme: "e1" }, meta: { cookie: 2 } });
    await forge(raw.store, key("s"), { theme: stored.data.cart });
    await expect(store.read(key("s"))).rejects.toEqual(undecryptable);
  });
});

describe("maxBytes counts plain data", () => {
  const size = (data: JsonObject) => Buffer.byteLength(JSON.stringify(data));

  test("up to the limit a session fits in spite of what sealing adds, beyond it none does, whatever is put", async () => {
    const raw = engine();
    const { store } = node(raw);
    const data: Record<string, unknown> = { list: "x".repeat(500) };
    const maxBytes = 1_000;
    await store.commit(key("s"), commit(data, { maxBytes }));
    for (let n = 0; n < 200; n++) {
      const put = { [`key${n}`]: "é😀\n".repeat(n % 5) };
      const fits = size({ ...data, ...put }) <= maxBytes;
      const result = await store.commit(key("s"), commit(put, { mode: "update", maxBytes }));
      expect(result).toMatchObject(
        fits ? { ok: true } : { ok: false, why: "too_large", bytes: size({ ...data, ...put }) },
      );
      if (fits) Object.assign(data, put);
    }
    expect((await liveRecord(store, key("s"))).data).toEqual(data);
    expect(size(data)).toBeGreaterThan(900);
  });

  test("near the limit writers of different keys do not undo each other, nor pass it together", async () => {
    const raw = engine();
    const { store } = node(raw);
    const filler = "x".repeat(800);
    const maxBytes = 1_000;
    await store.commit(key("s"), commit({ filler }, { maxBytes }));
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        store.commit(key("s"), commit({ [`key${n}`]: n }, { mode: "update", maxBytes })),
      ),
    );
    const { data, version } = await liveRecord(store, key("s"));
    const done = results.filter(({ ok }) => ok).length;
    expect(version).toBe(1 + done);
    expect(Object.keys(data)).toHaveLength(1 + done);
    expect(size(data)).toBeLessThanOrEqual(maxBytes);
    expect(size({ ...data, key30: 30 })).toBeGreaterThan(maxBytes);
    expect(results.filter((result) => !result.ok && result.why !== "too_large")).toEqual([]);
  });

  test("a session that another writer keeps changing, or made meanwhile, is counted again", async () => {
    const raw = engine();
    const { store } = node(raw);
    const maxBytes = 200;
    const value = "x".repeat(150);
    // Another node creates the session between the look at it and the commit.
    const commits = vi.spyOn(raw.store, "commit");
    const read = raw.store.read.bind(raw.store);
    vi.spyOn(raw.store, "read").mockImplementationOnce((at) => {
      const found = read(at);
      raw.store.commit(at, commit({}));
      return found;
    });
    const fitting = commit({ value }, { maxBytes, incarnation: "two" });
    expect(await store.commit(key("s"), fitting)).toMatchObject({ ok: true, incarnation: "one", version: 2 });
    expect(commits.mock.calls.length).toBeGreaterThan(3);
  });
});

describe("publishesTo", () => {
  test("is the wrapped bus where it was the inner one, and else what it was", () => {
    const bus = localBus();
    const other = localBus();
    const wrap = (publishesTo: SessionBus | undefined) =>
      encrypted({ store: { ...memoryStore(), publishesTo }, bus }, { keys: [A] });
    const own = wrap(bus);
    expect(own.store.publishesTo).toBe(own.bus);
    expect(own.bus).not.toBe(bus);
    expect(wrap(other).store.publishesTo).toBe(other);
    expect(wrap(undefined).store.publishesTo).toBeUndefined();
    expect(encrypted({ store: memoryStore() }, { keys: [A] })).not.toHaveProperty("bus");
  });
});

describe("with live sessions", () => {
  test("two nodes share a session, read, write, update, regenerate and end it", async () => {
    const raw = engine();
    const [one, two] = [0, 1].map(() => createLiveSessions<{ cart: string[]; n: number }>(drivers(raw)));
    const { id } = await one!.create({ cart: [SECRET] });
    const [live, peer] = [await one!.attach(id), await two!.attach(id)];
    await live.put("n", 1);
    await Promise.all([live.update("n", (n = 0) => n + 1), peer.update("n", (n = 0) => n + 1)]);
    await vi.waitFor(() => expect([live.data.n, peer.data.n]).toEqual([3, 3]));
    const next = await one!.regenerate(id);
    expect(await two!.read(next)).toEqual({ cart: [SECRET], n: 3 });
    await vi.waitFor(() => expect(peer.status).toBe("ended"));
    for await (const { record } of raw.store.list()) expect(JSON.stringify(record)).not.toContain(SECRET);
    await Promise.all([one!.close(), two!.close()]);
  });

  test("a wrong key is an error to every way in, and a live connection turns stale, never empty", async () => {
    const raw = engine();
    const sessions = createLiveSessions<{ cart: string }>(drivers(raw));
    const { id } = await sessions.create({ cart: SECRET });
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const strangers = createLiveSessions<{ cart: string }>({ ...drivers(raw, { keys: [B], onError }), onError });
    await expect(strangers.read(id)).rejects.toEqual(undecryptable);
    await expect(strangers.attach(id)).rejects.toEqual(undecryptable);
    await expect(strangers.regenerate(id)).rejects.toEqual(undecryptable);
    expect(await sessions.read(id)).toEqual({ cart: SECRET });

    const live = await sessions.attach(id);
    const { id: other } = await strangers.create({ cart: "theirs" });
    const theirs = await strangers.attach(other);
    await sessions.records.commit(sessionKey(other), { mode: "update", put: { cart: "ours" }, delete: [] });
    await vi.waitFor(() => expect(theirs.status).toBe("stale"));
    expect(theirs.data).toEqual({ cart: "theirs" });
    expect(errors).toContainEqual(undecryptable);
    await live.end();
    await Promise.all([sessions.close(), strangers.close()]);
  });

  test("whose key was lost can be listed, and ended with all others: one's, one's others, and everyone's", async () => {
    const raw = engine();
    const before = createLiveSessions<{ cart: string }>(drivers(raw, { keys: [B] }));
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const sessions = createLiveSessions<{ cart: string }>({ ...drivers(raw, { onError }), onError });
    const about = { browser: "phone" };
    const make = async (hub: typeof sessions, principal: string) => {
      const { id, key } = await hub.create({ cart: SECRET });
      await hub.bind(id, principal, { about });
      return key;
    };
    const lost = [await make(before, "ada"), await make(before, "ada"), await make(before, "ada")] as const;
    const found = [await make(sessions, "ada"), await make(sessions, "bert"), await make(before, "bert")] as const;
    const listed = await sessions.of("ada").list();
    expect(listed.map((each) => each.key).sort()).toEqual([...lost, found[0]].sort());
    expect(listed.find((each) => each.key === found[0])).toMatchObject({ about });
    expect(listed.find((each) => each.key === lost[0])).toMatchObject({ about: {} });

    expect(await sessions.of("bert").end(lost[0])).toBe(false);
    expect(await sessions.of("ada").end(lost[0])).toBe(true);
    expect(await sessions.of("ada").endOthers(found[0])).toBe(2);
    expect(await sessions.records.count()).toBe(3);
    for (const each of lost) expect((await raw.store.read(each)).state).toBe("ended");
    await make(before, "ada");
    expect(await sessions.of("ada").endAll()).toBe(2);
    expect(await sessions.of("bert").list()).toHaveLength(2);
    expect(await sessions.endEveryone()).toBe(2);
    expect(await sessions.records.count()).toBe(0);
    expect(errors).not.toEqual([]); // what those that ended held
    await Promise.all([before.close(), sessions.close()]);
  });

  test("an id that nobody has is still unknown, and not an error of encryption", async () => {
    const sessions = createLiveSessions(drivers(engine()));
    expect(await sessions.read(generateSessionId())).toBeNull();
    await sessions.close();
  });
});

describe("bad options", () => {
  const short = randomBytes(31);
  test.each<[string, unknown, RegExp]>([
    ["no keys", {}, /keys/],
    ["an empty list", { keys: [] }, /keys/],
    ["a key that is no list", { keys: A }, /keys/],
    ["a short key", { keys: [short] }, /keys\[0\].*32 random bytes/],
    ["a passphrase", { keys: ["correct horse battery staple, and more of it"] }, /keys\[0\]/],
    ["a short string", { keys: [short.toString("base64url")] }, /keys\[0\]/],
    ["a key that is missing", { keys: [A, undefined] }, /keys\[1\]/],
    ["an id without a key", { keys: [{ id: "a" }] }, /keys\[0\]/],
    ["an id with a dot", { keys: [{ id: "a.b", key: A }] }, /keys\[0\].*id/],
    ["an empty id", { keys: [{ id: "", key: A }] }, /keys\[0\].*id/],
    ["one id twice", { keys: [secret("a"), secret("a")] }, /two have the id "a"/],
    ["one key twice", { keys: [A, A.toString("base64url")] }, /two have the id/],
    ["allowPlain that is no boolean", { keys: [A], allowPlain: "no" }, /allowPlain/],
    ["onError that is no function", { keys: [A], onError: true }, /onError/],
    ["an unknown option", { keys: [A], key: B }, /no option "key"/],
  ])("%s", (_what, options, message) => {
    const make = () => encrypted({ store: memoryStore() }, options as EncryptedOptions);
    expect(make).toThrow(LiveSessionError);
    expect(make).toThrow(expect.objectContaining({ code: "bad_option", message: expect.stringMatching(message) }));
  });

  test("no store, no bus", () => {
    const make = (drivers: unknown) => () => encrypted(drivers as { store: SessionStore }, { keys: [A] });
    expect(make({})).toThrow(expect.objectContaining({ code: "bad_option" }));
    expect(make({ store: memoryStore(), bus: {} })).toThrow(expect.objectContaining({ code: "bad_option" }));
  });

  test("no message shows anything of a key", () => {
    const passphrase = "correct horse battery staple, and more of it";
    const make = () => encrypted({ store: memoryStore() }, { keys: [{ id: "a", key: passphrase }] });
    expect(make).toThrow(expect.not.objectContaining({ message: expect.stringContaining("horse") }));
  });
});
