// The recipes in docs/recipes do what they say. (documents.test.ts compiles them.)

import { join } from "node:path";
import type { Hono } from "hono";
import type { LiveSessions } from "live-session";
import { expect, onTestFinished, test, vi } from "vitest";
import { blocksOf, folderWith } from "../support/documents.ts";

type Data = Record<string, unknown>;

async function recipe<Exports>(page: string, name: string): Promise<Exports & { sessions: LiveSessions<Data> }> {
  const found = blocksOf(`docs/recipes/${page}.md`).find(({ mark }) => mark === `check: ${name}`);
  const folder = folderWith({ "block.ts": found?.code ?? expect.unreachable(`no block ${name}`) });
  const exported = await import(join(folder, "block.ts"));
  onTestFinished(() => exported.sessions.close());
  return exported;
}

/** A browser: it keeps its cookies. */
function visitor(app: Hono) {
  let cookie = "";
  return {
    get cookie() {
      return cookie;
    },
    async send(method: string, path: string, body?: Record<string, string>) {
      const form = body && new URLSearchParams(body);
      const response = await app.request(path, { method, headers: { cookie }, ...(form && { body: form }) });
      cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
      return response;
    },
  };
}

test("a cart: of forms and live calls at the same time none is lost", async () => {
  const { app, sessions } = await recipe<{ app: Hono }>("cart", "cart");
  const tab = visitor(app);
  expect((await tab.send("POST", "/cart/kite")).status).toBe(303);
  expect((await tab.send("POST", "/cart/stone")).status).toBe(404);
  const id = decodeURIComponent(tab.cookie.split("=")[1] ?? "").replace(/^s:([^.]+)\..*$/, "$1");
  const live = await sessions.attach(id);
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      await tab.send("POST", "/cart/kite");
      await live.update("cart", (cart) => ({ ...(cart as Data), bow: (((cart as Data)?.bow as number) ?? 0) + 1 }));
    }),
  );
  expect(await (await tab.send("GET", "/cart")).json()).toEqual({ kite: 21, bow: 20 });
});

test("step-up: what is dangerous needs the password again, under a new id, for five minutes", async () => {
  const { app } = await recipe<{ app: Hono }>("step-up", "step-up");
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const tab = visitor(app);
  const erase = async () => (await tab.send("POST", "/account/delete")).status;
  expect((await tab.send("POST", "/confirm", { password: "correct horse" })).status).toBe(403); // nobody is logged in
  await tab.send("POST", "/login/ada");
  const before = tab.cookie;
  expect(await erase()).toBe(403);
  expect((await tab.send("POST", "/confirm", { password: "wrong" })).status).toBe(403);
  expect(tab.cookie).toBe(before);
  expect((await tab.send("POST", "/confirm", { password: "correct horse" })).status).toBe(200);
  expect(tab.cookie).not.toBe(before);
  expect(await erase()).toBe(200);
  const stolen = await app.request("/account/delete", { method: "POST", headers: { cookie: before } });
  expect(stolen.status).not.toBe(200);
  vi.setSystemTime(Date.now() + 5 * 60_000);
  expect(await erase()).toBe(403);
});

test("kick: every session of the user is over, others go on, and there is no way back in", async () => {
  const { kick, login, sessions } = await recipe<{
    kick(user: string): Promise<number>;
    login(user: string): Promise<string | null>;
  }>("kick-a-user", "kick");
  const [phone, laptop, other] = [await login("ada"), await login("ada"), await login("bert")];
  const live = await sessions.attach(phone as string);
  const told: unknown[] = [];
  live.subscribe((message) => void told.push(message));
  expect(await kick("ada")).toBe(2);
  expect(told.at(-1)).toEqual({ type: "live_session_ended", reason: "revoked" });
  expect(await sessions.read(laptop as string)).toBeNull();
  expect(await sessions.read(other as string)).toEqual({ user: "bert" });
  expect(await login("ada")).toBeNull();
});
