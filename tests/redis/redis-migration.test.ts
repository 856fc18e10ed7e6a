// docs/recipes/from-connect-redis.md, with sessions that connect-redis really made.

import { createServer } from "node:http";
import { join } from "node:path";
import { RedisStore } from "connect-redis";
import type { Express } from "express";
import express from "express";
import session, { type Store } from "express-session";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { checkedBlocks, folderWith } from "../support/documents.ts";
import { Browser, bag } from "../support/express.ts";
import { recipe } from "../support/recipes.ts";
import { adminPassword, type RedisServer, startRedis } from "../support/servers/redis.ts";
import { listen } from "../support/ws.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.close());

const secret = "the same before and after";

/** An app that signs in, tells who it is, and signs out. */
async function serve(app: Express): Promise<string> {
  app.get("/login", (request, response) => {
    bag(request).user = "ada";
    response.end();
  });
  app.get("/", (request, response) => void response.json({ user: bag(request).user ?? null }));
  app.get("/logout", (request, response) => request.session.destroy(() => response.end()));
  return `http://127.0.0.1:${await listen(createServer(app))}`;
}

/** The same browser at another app. */
function movedTo(url: string, before: Browser): Browser {
  const browser = new Browser(url);
  for (const [name, value] of before.cookies) browser.cookies.set(name, value);
  return browser;
}

test("from connect-redis: the cookie is taken, nothing collides, and records can be moved one by one", async () => {
  const url = `redis://:${adminPassword}@127.0.0.1:${server.port}`;
  const client = await createClient({ url }).connect();
  onTestFinished(() => client.destroy());
  const oldStore = new RedisStore({ client, ttl: 86400 });
  const options = { secret, resave: false, saveUninitialized: false };
  const before = await serve(express().use(session({ ...options, store: oldStore as unknown as Store })));
  const [one, two] = [new Browser(before), new Browser(before)];
  await one.get("/login");
  await two.get("/login");
  expect(await client.keys("sess:*")).toHaveLength(2);

  vi.stubEnv("REDIS_URL", url);
  vi.stubEnv("SESSION_SECRET", secret);
  onTestFinished(() => void vi.unstubAllEnvs());
  const own = await recipe<{ app: Express; client: ReturnType<typeof createClient> }>(
    "from-connect-redis",
    "connect-redis",
    "export { client, sessions };",
  );
  onTestFinished(() => own.client.destroy());
  const after = movedTo(await serve(own.app), one);
  expect((await after.get("/")).body).toEqual({ user: null }); // records do not come along by themselves
  await after.get("/login");
  expect((await after.get("/")).body).toEqual({ user: "ada" });
  expect(await client.keys("sess:*")).toHaveLength(2);

  const code = checkedBlocks().find(({ mark }) => mark === "check: migrating")?.code ?? "";
  const { migratingStore } = await import(join(folderWith({ "migrating.ts": code }), "migrating.ts"));
  const store = migratingStore(own.sessions, oldStore);
  const moving = movedTo(await serve(express().use(session({ ...options, store }))), two);
  expect((await moving.get("/")).body).toEqual({ user: "ada" });
  expect(await client.keys("sess:*")).toHaveLength(1);
  expect(moving.cookies).toEqual(two.cookies);
  const late = moving.fork();
  await moving.get("/logout");
  expect((await late.get("/")).body).toEqual({ user: null });
});
