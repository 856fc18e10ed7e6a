// OWASP's checklists as far as a library can meet them, a test for each line: chapter 7 and line 2.4.1 of ASVS 5.0 by their numbers, and the
// Session Management Cheat Sheet by its headings. What is left to the app stands in docs/security.md.

import { createServer } from "node:http";
import express from "express";
import { createLiveSessions, type LiveApp, memoryStore, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { bindSession } from "live-session/express";
import { type FetchSessionsOptions, fetchSessions } from "live-session/fetch";
import { liveStreams } from "live-session/sse";
import { liveSockets } from "live-session/ws";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { readLimits } from "../../src/core/limit-options.ts";
import { bag, call, startApp, testHub } from "../support/express.ts";
import { listen, signed } from "../support/http-adapters.ts";
import { read } from "../support/repository.ts";

type Data = Record<string, unknown>;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** An Express app as the guide has it: login under a new id, logout, one page for those who are logged in. */
async function shop(options: Parameters<typeof testHub>[0] = {}) {
  const hub = testHub(options);
  const app = await startApp(hub.sessions, {
    routes(app) {
      app.get("/visit", (request, response) => {
        bag(request).visited = true;
        response.json({});
      });
      app.get("/login", async (request, response) => {
        await call((done) => request.session.regenerate(done));
        bag(request).user = request.query.user;
        bindSession(request.session, String(request.query.user), { about: { browser: "test" } });
        await call((done) => request.session.save(done));
        response.json({});
      });
      app.get("/account", (request, response) => {
        const { user = null } = bag(request);
        response.json({ user });
      });
      app.get("/logout", async (request, response) => {
        await call((done) => request.session.destroy(done));
        response.clearCookie("connect.sid").json({});
      });
    },
  });
  const user = async (tab: ReturnType<typeof app.browser>) => (await tab.get("/account")).body.user;
  const login = async (name: string) => {
    const tab = app.browser();
    await tab.get(`/login?user=${name}`);
    return tab;
  };
  return { ...hub, ...app, user, login };
}

/** The Set-Cookie of live-session/fetch. */
async function cookieOf(options: Partial<FetchSessionsOptions> = {}, url = "https://shop.example/"): Promise<string> {
  const sessions = createLiveSessions<Data>();
  onTestFinished(() => sessions.close());
  const web = fetchSessions(sessions, { secret: "s", ...options });
  const answer = web.handle((_request, session) => {
    session.put("n", 1);
    return new Response();
  });
  return (await answer(new Request(url))).headers.get("set-cookie") ?? "";
}

/** A WebSocket with this cookie, and the code that it is closed with. */
async function socketOn(sessions: ReturnType<typeof testHub>["sessions"], id: string) {
  const server = createServer(express());
  liveSockets(sessions.app({}), { secret: "s" }).attach(server, { path: "/live" });
  const url = await listen(server);
  const socket = new WebSocket(`${url.replace("http", "ws")}/live`, {
    headers: { cookie: `connect.sid=${signed(id, "s")}`, origin: url },
  });
  onTestFinished(() => socket.terminate());
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  socket.once("open", () => socket.send(JSON.stringify({ t: "hello", v: 1, client: "tab" })));
  await new Promise((resolve) => socket.once("message", resolve));
  return { closed };
}

/** An app's event streams, which take actions by POST. */
async function streamsOn<View, Actions extends Record<string, unknown>>(app: LiveApp<Data, View, Actions>) {
  const streams = liveStreams(app, { secret: "s" });
  onTestFinished(() => streams.close());
  return { url: await listen(createServer(streams.handle)) };
}

describe("ASVS 5.0", () => {
  test("2.4.1 excessive calls of one session are refused, told and counted", async () => {
    const { sessions, login } = await shop({ limits: { perSession: { actions: { rate: 1, per: "1d", burst: 2 } } } });
    const { id } = await login("ada");
    const run = sessions.action(async (live) => void (await live.update("calls", (calls = 0) => Number(calls) + 1)));
    const { url } = await streamsOn(sessions.app({ actions: { run } }));
    const headers = { cookie: `connect.sid=${signed(id, "s")}` };
    const statuses = [];
    for (let turn = 0; turn < 4; turn++) {
      const { status } = await fetch(`${url}?action=run`, { method: "POST", headers });
      statuses.push(status);
    }
    expect(statuses).toEqual([204, 204, 429, 429]);
    expect(await sessions.read(id)).toMatchObject({ calls: 2 });
    expect(sessions.refused.perSession.actions).toBe(2);
  });

  test("2.4.1 excessive creation of sessions and connections from one address is refused", async () => {
    const one = { rate: 1, per: "1d", burst: 1 } as const;
    const { sessions, browser, errors } = await shop({ limits: { perAddress: { sessions: one, connections: one } } });
    const first = browser();
    await first.get("/login?user=ada");
    for (let turn = 0; turn < 3; turn++) await browser().get("/visit");
    await expect.poll(() => errors.length).toBe(3);
    for (const { code } of errors) expect(code).toBe("rate_limited");
    expect(await sessions.records.count()).toBe(1);
    const { url } = await streamsOn(sessions.app({}));
    const headers = { cookie: `connect.sid=${signed(first.id, "s")}` };
    const open = async () => {
      const { status, body } = await fetch(url, { headers });
      await body?.cancel();
      return status;
    };
    expect([await open(), await open()]).toEqual([200, 429]);
  });

  test("2.4.1 the limits of sessions are on by default, and documented with their defaults", () => {
    const { perSession, perConnection } = readLimits();
    for (const limit of [...Object.values(perSession), ...Object.values(perConnection)]) expect(limit).not.toBeNull();
    const page = read("docs/limits.md").replace(/[,_]/g, "");
    for (const [name, limit] of Object.entries({ ...perSession, ...perConnection })) {
      const row = page.split("\n").find((line) => line.includes(`.${name}\``)) ?? "";
      expect(row).toContain(typeof limit === "number" ? ` ${limit} ` : `rate: ${limit?.rate} burst: ${limit?.burst} `);
    }
  });

  test("7.1.1 the timeouts are options of their own, and documented with their defaults", () => {
    for (const option of ["lifetime", "deadline"]) {
      expect(read("docs/live-sessions.md")).toContain(`\`${option}\``);
      expect(read("docs/security.md")).toContain(`\`${option}\``);
    }
  });

  test("7.1.2 how many sessions one may have is an option, and so is what becomes of one more", async () => {
    const { login, user } = await shop({ principalLimit: { max: 2, whenFull: "end-oldest" } });
    const tabs = [await login("ada"), await login("ada"), await login("ada")];
    expect((await Promise.all(tabs.map(user))).filter((name) => name === "ada")).toHaveLength(2);
    const refusing = await shop({ principalLimit: { max: 1, whenFull: "refuse" } });
    await refusing.login("ada");
    await refusing.login("ada");
    expect(refusing.errors).toMatchObject([{ code: "too_many_sessions" }]);
  });

  test("7.2.1 what a cookie says is checked on the server: a changed or unsigned one is nobody's", async () => {
    const { login, user, browser } = await shop();
    const { id } = await login("ada");
    for (const value of [signed(id, "another secret"), id, `s:${id}`, `${signed(id, "s")}x`]) {
      const forged = browser();
      forged.cookies.set("connect.sid", value);
      expect(await user(forged)).toBeNull();
    }
    const honest = browser();
    honest.cookies.set("connect.sid", signed(id, "s"));
    expect(await user(honest)).toBe("ada");
  });

  test("7.2.2, 7.2.3 each id is made for one session, from the system's random source, with 192 bits", async () => {
    const { sessions } = testHub();
    const ids = await Promise.all(Array.from({ length: 500 }, async () => (await sessions.create()).id));
    expect(new Set(ids).size).toBe(500);
    for (const id of ids) expect(Buffer.from(id, "base64url")).toHaveLength(24);
    // Each bit is set about half the time.
    for (let bit = 0; bit < 192; bit++) {
      const set = ids.filter((id) => ((Buffer.from(id, "base64url")[bit >> 3] as number) >> (bit & 7)) & 1).length;
      expect(Math.abs(set - 250)).toBeLessThan(90);
    }
    expect(await cookieOf()).toMatch(/=s%3A[\w-]{32}\./);
  });

  test("7.2.4 a login goes on under a new id, and the old one is over", async () => {
    const { browser, sessions, user } = await shop();
    const [tab, planted] = [browser(), browser()];
    await tab.get("/visit");
    const before = tab.id;
    planted.cookies.set("connect.sid", tab.cookies.get("connect.sid") as string);
    await tab.get("/login?user=ada");
    expect(tab.id).not.toBe(before);
    expect(await sessions.read(before)).toBeNull();
    expect(await user(planted)).toBeUndefined(); // told to try again
    expect(await user(tab)).toBe("ada");
  });

  test("7.3.1 an idle session is over after its lifetime, by the server's clock", async () => {
    const { login, user, clock } = await shop({ lifetime: HOUR });
    const tab = await login("ada");
    clock.advance(HOUR - MINUTE);
    expect(await user(tab)).toBe("ada");
    clock.advance(HOUR - MINUTE); // activity pushed it
    expect(await user(tab)).toBe("ada");
    clock.advance(HOUR);
    expect(await user(tab)).toBeNull();
  });

  test("7.3.2 a session is over at its deadline, however active", async () => {
    const { login, user, clock } = await shop({ lifetime: HOUR, deadline: 2 * HOUR });
    const tab = await login("ada");
    for (let minutes = 0; minutes < 119; minutes++) {
      clock.advance(MINUTE);
      expect(await user(tab)).toBe("ada");
    }
    clock.advance(MINUTE);
    expect(await user(tab)).toBeNull();
  });

  test("7.4.1 after a logout the cookie is worth nothing, sockets are closed, and nothing brings the session back", async () => {
    const { login, user, sessions } = await shop();
    const tab = await login("ada");
    const old = tab.fork();
    const { closed } = await socketOn(sessions, tab.id);
    await tab.get("/logout");
    expect(tab.cookies.has("connect.sid")).toBe(false);
    expect(await closed).toBe(1008);
    expect(await user(old)).toBeNull();
    await old.get("/visit");
    expect(await user(old)).toBeNull();
  });

  test("7.4.2 all sessions of an account end at once, with their sockets", async () => {
    const { login, user, sessions } = await shop();
    const [phone, laptop, other] = [await login("ada"), await login("ada"), await login("bert")];
    const { closed } = await socketOn(sessions, laptop.id);
    expect(await sessions.of("ada").endAll()).toBe(2);
    expect(await closed).toBe(1008);
    expect([await user(phone), await user(laptop), await user(other)]).toEqual([null, null, "bert"]);
  });

  test("7.4.3 after a change of password all other sessions can be ended", async () => {
    const { login, user, sessions } = await shop();
    const [phone, laptop] = [await login("ada"), await login("ada")];
    await sessions.of("ada").endOthers(phone.id);
    expect([await user(phone), await user(laptop)]).toEqual(["ada", null]);
  });

  test("7.4.5 an administrator can end one's sessions, or everyone's", async () => {
    const { login, user, sessions } = await shop();
    const tabs = [await login("ada"), await login("bert")];
    await sessions.of("bert").endAll();
    expect(await Promise.all(tabs.map(user))).toEqual(["ada", null]);
    expect(await sessions.endEveryone()).toBe(1);
    expect(await Promise.all(tabs.map(user))).toEqual([null, null]);
  });

  test("7.5.1, 7.5.3 a session can be stepped up for a short time, under a new id", async () => {
    const clock = new ManualClock();
    const sessions = createLiveSessions<Data>({ clock, store: memoryStore({ clock }), lifetime: HOUR });
    onTestFinished(() => sessions.close());
    const { id } = await sessions.create({ user: "ada" });
    const stepped = await sessions.regenerate(id, { deadline: "10m" });
    expect(await sessions.read(id)).toBeNull();
    clock.advance(10 * MINUTE - 1);
    expect(await sessions.read(stepped)).toEqual({ user: "ada" });
    clock.advance(1);
    expect(await sessions.read(stepped)).toBeNull();
  });

  test("7.5.2 one can see one's sessions and end any of them, but nobody else's", async () => {
    const { login, user, sessions } = await shop();
    const [phone, other] = [await login("ada"), await login("bert")];
    const listed = await sessions.of("ada").list();
    expect(listed).toMatchObject([{ key: sessionKey(phone.id), about: { browser: "test" } }]);
    expect(JSON.stringify(listed)).not.toContain(phone.id);
    expect(await sessions.of("ada").end(sessionKey(other.id))).toBe(false);
    expect(await sessions.of("ada").end(sessionKey(phone.id))).toBe(true);
    expect([await user(phone), await user(other)]).toEqual([null, "bert"]);
  });
});

describe("Session Management Cheat Sheet", () => {
  test("Session ID name: it can be chosen, and says nothing by default", async () => {
    expect(await cookieOf()).toMatch(/^__Host-sid=/);
    expect(await cookieOf({ name: "id" })).toMatch(/^__Host-id=/);
  });

  test("Session ID content, Logging: stores and errors hold the hash of an id, never the id", async () => {
    const written: unknown[] = [];
    const inner = memoryStore();
    const store = {
      ...inner,
      commit(...given: Parameters<typeof inner.commit>) {
        written.push(given);
        return inner.commit(...given);
      },
    };
    const sessions = createLiveSessions<Data>({ store });
    onTestFinished(() => sessions.close());
    const { id, key } = await sessions.create({ n: 1 });
    await sessions.end(id);
    const error = await sessions.attach(id).catch((error: Error) => error);
    const texts = JSON.stringify([written, (error as Error).message, (error as Error).stack]);
    expect(texts).toContain(key);
    expect(texts).not.toContain(id);
  });

  test("Used vs. accepted mechanisms: an id in the address or a header of its own is not looked at", async () => {
    const { login, browser } = await shop();
    const { id } = await login("ada");
    const value = signed(id, "s");
    const { body } = await browser().get(`/account?connect.sid=${value}`, { "x-session-id": id, authorization: id });
    expect(body.user).toBeNull();
  });

  test("Secure, HttpOnly, SameSite, Domain and Path: set by default, and as narrow as can be", async () => {
    const cookie = await cookieOf();
    for (const attribute of ["Path=/", "HttpOnly", "Secure", "SameSite=Lax"]) expect(cookie).toContain(attribute);
    expect(cookie).not.toMatch(/Domain=/i);
    expect(await cookieOf({ sameSite: "strict" })).toContain("SameSite=Strict");
    await expect(cookieOf({ sameSite: "none", secure: false })).rejects.toMatchObject({ code: "bad_option" });
  });

  test("Expire and Max-Age: the cookie is the browser session's unless the app says otherwise", async () => {
    expect(await cookieOf()).not.toMatch(/Max-Age|Expires/);
    expect(await cookieOf({ maxAge: "30d" })).toContain("Max-Age=2592000");
  });

  test("Strict session management: an id that was never given out is not adopted, even signed", async () => {
    const { browser, sessions } = await shop();
    const tab = browser();
    tab.cookies.set("connect.sid", signed("an-id-of-the-attacker", "s"));
    await tab.get("/visit");
    expect(tab.id).not.toBe("an-id-of-the-attacker");
    expect(await sessions.read("an-id-of-the-attacker")).toBeNull();
  });

  test("Session ID as any other input: whatever stands in the cookie is no error and reaches no query", async () => {
    const { browser, errors } = await shop();
    for (const value of [
      "'; DROP TABLE live_sessions; --",
      "%E0%A4%A",
      "__proto__",
      "x".repeat(5_000),
      "s:.",
      "<script>",
    ]) {
      const tab = browser();
      tab.cookies.set("connect.sid", value.replaceAll(";", "%3B"));
      expect(await tab.get("/account")).toMatchObject({ status: 200, body: { user: null } });
    }
    expect(errors).toEqual([]);
  });

  test("Renewal Timeout: a stolen id is over after a time that the app sets, however active, and the session goes on", async () => {
    const clock = new ManualClock();
    const sessions = createLiveSessions<Data>({
      clock,
      store: memoryStore({ clock }),
      lifetime: HOUR,
      rotationGrace: 0,
    });
    onTestFinished(() => sessions.close());
    const web = fetchSessions(sessions, { secret: "s", renewEvery: "15m" });
    const page = web.handle(async (_request, session) => Response.json((await session.get("user")) ?? null));
    const { id } = await sessions.create({ user: "ada" });
    const stolen = `sid=${signed(id, "s")}`;
    let cookie = stolen;
    const visit = async (own: string) => {
      const response = await page(new Request("http://shop.example/", { headers: { cookie: own } }));
      return { user: await response.json(), set: response.headers.get("set-cookie")?.split(";")[0] };
    };
    for (let minutes = 0; minutes < 60; minutes++) {
      clock.advance(MINUTE);
      const { user, set } = await visit(cookie);
      expect(user).toBe("ada");
      cookie = set ?? cookie;
      expect((await visit(stolen)).user).toBe(minutes < 14 ? "ada" : null);
    }
    expect(cookie).not.toBe(stolen);
  });

  test("Automatic client logout: those connected are told before a session expires, and when it did", async () => {
    const clock = new ManualClock();
    const sessions = createLiveSessions<Data>({
      clock,
      store: memoryStore({ clock }),
      lifetime: HOUR,
      expiryNotice: "60s",
    });
    onTestFinished(() => sessions.close());
    const { id } = await sessions.create();
    const live = await sessions.attach(id, { activity: false });
    const told: string[] = [];
    live.subscribe(({ type }) => told.push(type));
    clock.advance(HOUR - MINUTE);
    await expect.poll(() => told).toEqual(["live_session_expiring"]);
    clock.advance(MINUTE);
    await expect.poll(() => told).toEqual(["live_session_expiring", "live_session_ended"]);
  });
});
