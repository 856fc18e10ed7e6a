// The recipes in docs/recipes do what they say. (documents.test.ts compiles them.)

import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { Hono } from "hono";
import type { LiveApp, LiveSessions } from "live-session";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Data, recipe } from "../support/recipes.ts";
import { cookie, listen, secret, serve } from "../support/ws.ts";

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

test("notifications: every session of the user has it, of this user alone, until it is dismissed", async () => {
  const { app, notify, sessions } = await recipe<{
    app: LiveApp<Data, { notices: { id: string; text: string }[] }, Record<string, unknown>>;
    notify(user: string, text: string): Promise<void>;
  }>("notifications", "notifications");
  const login = async (user: string) => {
    const { id } = await sessions.create({});
    await sessions.bind(id, user);
    return id;
  };
  const [phone, laptop, other, gone] = [
    await login("ada"),
    await login("ada"),
    await login("bert"),
    await login("ada"),
  ];
  await sessions.end(gone);
  const { connect } = await serve(app);
  const tab = connect(phone);
  await tab.hello();
  await notify("ada", "Your kite is ready.");
  const shown = await tab.until(({ t }) => t === "view");
  const [notice] = (shown.view as { notices: { id: string; text: string }[] }).notices;
  expect(notice?.text).toBe("Your kite is ready.");
  expect(await sessions.read(laptop)).toMatchObject({ notices: [{ text: "Your kite is ready." }] });
  expect(await sessions.read(other)).toEqual({});
  await tab.call(1, "dismiss", notice?.id);
  expect(await sessions.read(phone)).toEqual({ notices: [] });
  expect(await sessions.read(laptop)).toMatchObject({ notices: [{ text: "Your kite is ready." }] });
  for (let n = 1; n <= 21; n++) await notify("bert", `${n}`);
  const { notices } = (await sessions.read(other)) as { notices: { text: string }[] };
  expect(notices.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 2}`));
});

test("who has this open: names come and go with tabs, and with the logins behind them", async () => {
  type Watch = (s: typeof sessions, room: string, w: WebSocket, r: IncomingMessage, secret: string) => Promise<void>;
  const { presence, watch, sessions } = await recipe<{ presence: LiveSessions<Data>; watch: Watch }>(
    "who-has-this-open",
    "presence",
    `export const sessions = createLiveSessions<{ user: string }>();`,
  );
  onTestFinished(() => presence.close());
  const { id: room } = await presence.create({});
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  onTestFinished(() => sockets.close());
  const refused: unknown[] = [];
  sockets.on("connection", (socket, request) => {
    watch(sessions, room, socket, request, secret).catch((error: { code: string }) => refused.push(error.code));
  });
  const port = await listen(server);
  const open = (id: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { cookie: cookie(id) } });
    onTestFinished(() => socket.terminate());
    const shown: string[] = [];
    socket.on("message", (data) => shown.push(String(data)));
    return { socket, shows: (names: string[]) => vi.waitFor(() => expect(shown.at(-1)).toBe(JSON.stringify(names))) };
  };
  const [ada, bert, nobody] = [
    await sessions.create({ user: "ada" }),
    await sessions.create({ user: "bert" }),
    await sessions.create({}),
  ];
  const first = open(ada.id);
  await first.shows(["ada"]);
  const second = open(ada.id); // the same person twice is one name
  await second.shows(["ada"]);
  const third = open(bert.id);
  await first.shows(["ada", "bert"]);
  second.socket.close();
  await once(second.socket, "close");
  await vi.waitFor(async () => expect(Object.keys(((await presence.read(room)) as Data).here as Data)).toHaveLength(2));
  await third.shows(["ada", "bert"]);
  const [[code]] = await Promise.all([once(third.socket, "close"), sessions.end(bert.id)]);
  expect(code).toBe(1008);
  await first.shows(["ada"]);
  expect((await once(open(nobody.id).socket, "close"))[0]).toBe(1008);
  expect((await once(open("unknown").socket, "close"))[0]).toBe(1008);
  expect(refused).toEqual(["unknown_session"]);
});
