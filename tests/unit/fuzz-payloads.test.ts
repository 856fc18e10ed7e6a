// What code puts into sessions: anything at all. It is kept as JSON has it, or refused with a documented code.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { SessionData } from "express-session";
import fc from "fast-check";
import {
  createLiveSessions,
  generateSessionId,
  type JsonObject,
  memoryStore,
  putSession,
  sessionKey,
} from "live-session";
import { encrypted } from "live-session/encrypted";
import { expressStore } from "live-session/express";
import { afterAll } from "vitest";
import { checkKey, copyJson, equalJson, jsonBytes } from "../../src/core/json.ts";
import { allows, anyText, assertKnown, fuzz, hostile, hostileJson } from "../support/fuzz.ts";

/** Values of every kind that there is, JSON or not. */
const anything = fc.oneof(
  hostileJson,
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.constantFrom(cycle(), nested(63), nested(64), nested(65), nested(5_000), new Error("x"), Symbol("x"), () => {}),
);

function cycle(): unknown {
  const loop: Record<string, unknown> = {};
  loop.own = { list: [loop] };
  return loop;
}

function nested(levels: number): unknown {
  let value: unknown = "bottom";
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { inner: value };
  return value;
}

const throughText = (value: unknown) => JSON.parse(JSON.stringify(value));

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

fuzz("JSON values", anything, (value) =>
  allows(["not_json"], () => {
    const copy = copyJson(value, "value");
    assert.ok(isDeeplyFrozen(copy));
    assert.ok(isDeepStrictEqual(throughText(copy), throughText(value)));
    assert.ok(equalJson(copy, copyJson(value, "value")));
    assert.equal(jsonBytes(copy), Buffer.byteLength(JSON.stringify(copy)));
  }),
);

const key = fc.oneof(anyText, fc.constantFrom("cookie", "id", "then", "a".repeat(256), "a".repeat(257)), anything);

fuzz("data keys", key, (name) =>
  allows(["bad_key"], () => {
    checkKey(name);
    assert.ok(typeof name === "string" && name.length > 0 && name.length <= 256 && !(name in {}));
  }),
);

const sessions = createLiveSessions<Record<string, unknown>>({
  maxBytes: 4_096,
  onError: (error) => reported.push(error),
});
const reported: unknown[] = [];
afterAll(() => sessions.close());

const object = fc.oneof(
  fc
    .array(fc.tuple(fc.oneof(fc.string({ maxLength: 8 }), anyText), anything), { maxLength: 4 })
    .map(Object.fromEntries),
  hostileJson.filter((value) => typeof value === "object" && value !== null && !Array.isArray(value)),
) as fc.Arbitrary<Record<string, unknown>>;

fuzz("writes of live sessions", fc.tuple(object, key, anything), async ([data, name, value]) => {
  const refusals = ["bad_key", "not_json", "too_large"];
  let id = (await sessions.create({ kept: 1 })).id;
  await allows(refusals, async () => {
    id = (await sessions.create(data)).id;
  });
  const live = await sessions.attach(id);
  const before = live.data;
  try {
    const after = await live.put(name as string, value);
    const known = throughText({ [name as string]: value });
    assert.ok(isDeepStrictEqual(throughText(after), throughText({ ...before, ...known })));
  } catch (error) {
    assertKnown(refusals, error);
    assert.deepEqual(live.data, before);
  }
  await allows(refusals, () => putSession(live.data, name as string, value));
  await allows(refusals, () => live.update(name as string, () => value));
  await allows(refusals, () => live.transaction((draft) => void Object.assign(draft, data)));
  await live.end();
  await allows(["session_ended", ...refusals], () => live.put("late", 1));
  assert.deepEqual(reported, []);
});

const store = expressStore(sessions);
const cookie = fc.oneof(
  fc.constant({ originalMaxAge: 60_000, httpOnly: true, path: "/" }),
  fc.record({ originalMaxAge: anything, expires: anything, maxAge: anything }, { requiredKeys: [] }),
  anything,
);

fuzz("sessions of express-session", fc.tuple(object, cookie), async ([data, of]) => {
  const id = generateSessionId();
  const session = { ...data, cookie: of } as unknown as SessionData;
  const error = await new Promise((resolve) => store.set(id, session, resolve));
  if (error) return assertKnown(["bad_key", "not_json", "too_large"], error);
  const read = await new Promise<object | null>((resolve, reject) =>
    store.get(id, (failure, found) => (failure ? reject(failure) : resolve(found ?? null))),
  );
  if (read === null) return; // its cookie was over already
  const { cookie: _, ...kept } = read as JsonObject;
  const { cookie: __, ...given } = data;
  assert.ok(isDeepStrictEqual(throughText(kept), throughText(given)));
  await sessions.end(id);
  assert.deepEqual(reported, []);
});

const raw = memoryStore();
const { store: sealing } = encrypted({ store: raw }, { keys: [{ id: "a", key: randomBytes(32) }] });
const sealedAt = sessionKey("sealed");
const commit = (put: JsonObject) =>
  ({ mode: "upsert", put, delete: [], incarnation: "i", lifetime: 3_600_000 }) as const;
await sealing.commit(sealedAt, commit({ cart: ["kite"] }));
const found = await raw.read(sealedAt);
const sealed = found.state === "live" ? (found.record.data.cart as string) : "";

fuzz("sealed values", fc.oneof(hostile(fc.constant(sealed)), hostileJson), async (value) => {
  raw.commit(sealedAt, commit({ cart: value }));
  await allows(["undecryptable"], async () => {
    const read = await sealing.read(sealedAt);
    assert.ok(read.state === "live" && isDeepStrictEqual(read.record.data, { cart: ["kite"] }));
    assert.equal(value, sealed); // it has one form
  });
});
