// Cookies of all kinds, wherever one is read: none that we did not sign names a session, and none harms.

import assert from "node:assert/strict";
import fc from "fast-check";
import { createLiveSessions } from "live-session";
import { fetchSessions } from "live-session/fetch";
import { signedCookie } from "live-session/koa";
import { afterAll } from "vitest";
import { readCookie, sign, unsign, withoutCookie } from "../../src/core/cookies.ts";
import { anyText, fuzz, headerText, hostile } from "../support/fuzz.ts";

const secrets = ["the newest secret", "an older secret"];
const name = "connect.sid";

const id = fc.oneof(fc.constant("k3x2hGqGyKz1kWkDvHn0bFzQ3yV4cLmN"), fc.string({ minLength: 1, maxLength: 40 }));
const signed = fc.tuple(id, fc.constantFrom(...secrets, "nobody's secret")).map(([of, by]) => sign(of, by));
const pair = fc
  .tuple(fc.constantFrom(name, "other", "__Host-sid", ""), fc.oneof(signed.map(encodeURIComponent), anyText))
  .map(([key, value]) => `${key}=${value}`);
const header = fc.array(pair, { maxLength: 5 }).map((pairs) => pairs.join("; "));

/** Whether one of our secrets signed just this. */
const isOurs = (value: string, of: string) => secrets.some((secret) => sign(of, secret) === value);

fuzz("cookie headers", hostile(header), (text) => {
  const value = readCookie(text, name);
  assert.ok(value === null || value.length <= 4096);
  const rest = withoutCookie(text, name);
  assert.equal(readCookie(rest, name), null);
  if (text.length <= 64 * 1024) assert.equal(readCookie(rest, "other"), readCookie(text, "other"));
  if (value === null) return;
  const of = unsign(value, secrets);
  assert.ok(of === null || isOurs(value, of));
});

fuzz("signed values", hostile(signed), (value) => {
  const of = unsign(value, secrets);
  assert.ok(of === null || isOurs(value, of));
});

const koa = signedCookie({ secret: secrets });

fuzz("koa's cookie", hostile(header), (cookie) => {
  const context = { req: { headers: { cookie } }, cookies: { set() {} }, sessionOptions: { key: name } };
  const of = koa.get(context);
  const value = readCookie(cookie, name) ?? "";
  assert.ok(of === "" || isOurs(value, of));
});

const sessions = createLiveSessions<{ n: number }>();
afterAll(() => sessions.close());
const web = fetchSessions(sessions, { secret: secrets, name });
const known = await sessions.create({ n: 7 });
const ours = fc.constantFrom(...secrets).map((secret) => `${name}=${encodeURIComponent(sign(known.id, secret))}`);

fuzz("requests with cookies", hostile(fc.oneof(ours, header)), async (text) => {
  const cookie = headerText(text);
  const handle = web.handle(async (_request, session) => Response.json((await session.get("n")) ?? null));
  const response = await handle(new Request("http://shop.example/", { headers: { cookie } }));
  const n = await response.json();
  const value = readCookie(cookie, name);
  const isKnown = value !== null && secrets.some((secret) => sign(known.id, secret) === value);
  assert.equal(n, isKnown ? 7 : null);
  assert.equal(await sessions.records.count(), 1); // whatever id it named, none was adopted
});
