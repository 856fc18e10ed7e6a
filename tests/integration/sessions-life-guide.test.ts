// The code of docs/sessions-life.md does what the guide says. (readme.test.ts compiles it.)

import { createServer } from "node:http";
import { join } from "node:path";
import type { Express } from "express";
import type { Hono } from "hono";
import type { LiveSessions } from "live-session";
import { expect, onTestFinished, test } from "vitest";
import { blocksOf, folderWith } from "../support/documents.ts";
import { listen } from "../support/http-adapters.ts";

type Data = Record<string, unknown>;

async function block<Exports extends { sessions: LiveSessions<Data> }>(name: string): Promise<Exports> {
  const found = blocksOf("docs/sessions-life.md").find(({ mark }) => mark === `check: ${name}`);
  const folder = folderWith({ "block.ts": found?.code ?? expect.unreachable(`no block ${name}`) });
  const exported: Exports = await import(join(folder, "block.ts"));
  onTestFinished(() => exported.sessions.close());
  return exported;
}

test("Express: login, devices, and the ways to log out", async () => {
  const { app } = await block<{ app: Express; sessions: LiveSessions<Data> }>("life-express");
  const url = await listen(createServer(app));
  const send = async (method: string, path: string, cookie = "") => {
    const response = await fetch(url + path, { method, headers: { cookie, "user-agent": "a browser" } });
    const set = response.headers.getSetCookie()[0]?.split(";")[0];
    const text = await response.text();
    return {
      status: response.status,
      cookie: set ?? cookie,
      body: text.startsWith("O") || text === "Unauthorized" ? null : JSON.parse(text),
    };
  };
  expect((await send("GET", "/devices")).status).toBe(401);
  const login = async (user: string) => (await send("POST", `/login/${user}`)).cookie;
  const [phone, laptop, tablet, other] = [
    await login("ada"),
    await login("ada"),
    await login("ada"),
    await login("bert"),
  ];
  const devices = async (cookie: string) => (await send("GET", "/devices", cookie)).body as Data[];
  const mine = await devices(phone);
  expect(mine).toHaveLength(3);
  expect(mine.filter(({ current }) => current)).toHaveLength(1);
  expect(mine[0]).toMatchObject({ principal: "ada", about: { browser: "a browser" } });
  const [theirs] = await devices(other);
  expect((await send("POST", `/devices/${theirs?.key}/end`, phone)).body).toEqual({ ended: false });
  const [ofLaptop] = (await devices(laptop)).filter(({ current }) => current);
  expect((await send("POST", `/devices/${ofLaptop?.key}/end`, phone)).body).toEqual({ ended: true });
  expect((await send("GET", "/devices", laptop)).status).toBe(401);
  expect((await send("POST", "/logout/others", phone)).body).toEqual({ ended: 1 });
  expect((await send("GET", "/devices", tablet)).status).toBe(401);
  expect((await send("POST", "/logout/everywhere", phone)).body).toEqual({ ended: 1 });
  expect((await send("GET", "/devices", phone)).status).toBe(401);
  await send("POST", "/logout", other);
  expect((await send("GET", "/devices", other)).status).toBe(401);
});

test("Hono: login binds the session, and remember-me keeps the cookie for 30 days", async () => {
  const { app, sessions } = await block<{ app: Hono; sessions: LiveSessions<Data> }>("life-hono");
  const plain = await app.request("/login/ada", { method: "POST" });
  expect(plain.headers.get("set-cookie")).not.toContain("Max-Age");
  const kept = await app.request("/login/ada?remember", { method: "POST" });
  const set = kept.headers.get("set-cookie") ?? "";
  expect(set).toContain("Max-Age=2592000");
  const account = await app.request("/account", { headers: { cookie: set.split(";")[0] ?? "" } });
  expect(await account.json()).toEqual({ user: "ada" });
  expect(await sessions.of("ada").list()).toHaveLength(2);
});
