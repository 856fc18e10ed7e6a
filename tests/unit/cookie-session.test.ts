// live-session/cookie: sessions sealed in the cookie, on Request and Response.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { createLiveSessions, putSession, updateSession } from "live-session";
import { ManualClock } from "live-session/conformance";
import { type CookieSession, type CookieSessionsOptions, cookieSessions } from "live-session/cookie";
import { cookieSession, expressStore, moveCookieSessions } from "live-session/express";
import { fastifyLiveSession } from "live-session/fastify";
import { fetchSessions } from "live-session/fetch";
import { koaStore } from "live-session/koa";
import { liveViews, maybeSubscribe } from "live-session/liveview";
import { liveSession } from "live-session/socket.io";
import { liveStreams } from "live-session/sse";
import { attachSocket, liveSockets } from "live-session/ws";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { rejection } from "../support/sessions.ts";

interface Shop {
  cart: string[];
  n: number;
  flash: string;
  user: string;
}

const secret = "a secret that seals, of 32 characters or more";
const other = "another secret that seals, of 32 characters";
const HOUR = 3_600_000;

function start(options: Partial<CookieSessionsOptions> = {}, url = "http://shop.example/") {
  const clock = new ManualClock();
  const web = cookieSessions<Shop>({ secret, clock, ...options });
  let cookie = "";
  const request = (given = cookie) => new Request(url, given ? { headers: { cookie: given } } : {});
  /** One request of a browser that keeps its cookie. */
  async function visit(run: (session: CookieSession<Shop>) => unknown): Promise<Response> {
    const response = await web.handle(async (_request, session) => Response.json((await run(session)) ?? null))(
      request(),
    );
    const set = response.headers.getSetCookie()[0];
    if (set) cookie = /Max-Age=0/.test(set) ? "" : (set.split(";")[0] ?? "");
    return response;
  }
  const read = async (given = cookie) => web.open(request(given)).load();
  return { web, clock, visit, read, request, cookie: () => cookie, set: (value: string) => (cookie = value) };
}

const setCookie = (response: Response) => response.headers.get("set-cookie");

describe("the session of a request", () => {
  test("reads see the request's own writes, in order; the next request finds them", async () => {
    const { visit, read } = start();
    await visit(async (session) => {
      session.put("cart", ["kite"]);
      session.update("cart", (cart = []) => [...cart, "bow"]);
      session.put("n", 1);
      session.delete("n");
      expect(await session.load()).toEqual({ cart: ["kite", "bow"] });
      expect(await session.get("cart")).toEqual(["kite", "bow"]);
    });
    expect(await read()).toEqual({ cart: ["kite", "bow"] });
    await visit((session) => {
      session.clear();
      session.put("n", 2);
    });
    expect(await read()).toEqual({ n: 2 });
    await visit((session) => session.put("n", undefined as never));
    expect(await read()).toEqual({});
  });

  test("a flash is taken once", async () => {
    const { visit } = start();
    await visit((session) => session.put("flash", "Saved."));
    expect(await (await visit((session) => session.take("flash"))).json()).toBe("Saved.");
    expect(await (await visit((session) => session.take("flash"))).json()).toBeNull();
  });

  test("is opened when it is first read: a request that does not look at it costs nothing and sends nothing", async () => {
    const { visit, clock } = start({ lifetime: "1h" });
    await visit((session) => session.put("n", 1));
    clock.advance(HOUR / 2);
    expect(setCookie(await visit(() => {}))).toBeNull();
    expect(setCookie(await visit((session) => session.load()))).not.toBeNull();
  });

  test("what was put is taken at once, and frozen", async () => {
    const { visit } = start();
    await visit(async (session) => {
      const cart = ["kite"];
      session.put("cart", cart);
      cart.push("bow");
      const read = (await session.get("cart")) as string[];
      expect(() => read.push("bow")).toThrow(TypeError);
      expect(await session.load()).toEqual({ cart: ["kite"] });
    });
  });

  test("bad input is refused as everywhere, and changes nothing", async () => {
    const { visit, read } = start();
    await visit((session) => session.put("n", 1));
    await visit(async (session) => {
      for (const key of ["__proto__", "constructor", "cookie", ""]) {
        expect(() => session.put(key as never, 1 as never)).toThrow(expect.objectContaining({ code: "bad_key" }));
      }
      for (const value of [new Date(), Number.NaN, () => {}, JSON.parse('{"__proto__":1}')]) {
        expect(() => session.put("n", value)).toThrow(expect.objectContaining({ code: "not_json" }));
      }
    });
    expect(await read()).toEqual({ n: 1 });
    const refused = visit((session) => session.update("n", (async () => 2) as never));
    expect(await rejection(refused)).toMatchObject({ code: "not_json" });
    expect(await read()).toEqual({ n: 1 });
  });

  test("a handler that throws writes nothing; a thrown Response is an answer; after the commit it is closed", async () => {
    const { web, request, visit, read } = start();
    await visit((session) => session.put("n", 1));
    const fail = web.handle((_request, session) => {
      session.put("n", 2);
      throw new Error("no");
    });
    expect(await rejection(fail(request()))).toMatchObject({ message: "no" });
    const redirect = web.handle((_request, session) => {
      session.put("n", 3);
      throw Response.redirect("http://shop.example/", 303);
    });
    expect(setCookie(await redirect(request()))).toMatch(/^sid=ls1\./);
    expect(await read()).toEqual({ n: 1 });
    const late = web.open(request());
    await late.commit();
    for (const write of ["put", "delete", "clear", "regenerate"] as const) {
      expect(() => (late as unknown as Record<string, (...given: unknown[]) => void>)[write]?.("n", 1)).toThrow(
        expect.objectContaining({ code: "closed" }),
      );
    }
    expect(await late.commit()).toBeNull();
  });

  test("a login keeps the data and the deadline, a logout takes the cookie away; what comes after is a new session", async () => {
    const { visit, clock, read, cookie } = start({ lifetime: "1h", deadline: "1h" });
    await visit((session) => session.put("cart", ["kite"]));
    clock.advance(HOUR - 1);
    const before = cookie();
    await visit((session) => {
      session.regenerate();
      session.put("user", "ada");
    });
    expect(cookie()).not.toBe(before);
    expect(await read()).toEqual({ cart: ["kite"], user: "ada" });
    const line = setCookie(await visit((session) => session.destroy()));
    expect(line).toBe("sid=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax");
    await visit(async (session) => {
      await session.destroy();
      session.put("flash", "Signed out.");
    });
    clock.advance(1);
    expect(await read()).toEqual({ flash: "Signed out." });
  });
});

describe("the seal", () => {
  test("is bound to the cookie's name, with its prefix", async () => {
    const { visit, cookie, read, web } = start();
    await visit((session) => session.put("n", 1));
    const value = cookie().slice("sid=".length);
    expect(await read(`sid=${value}`)).toEqual({ n: 1 });
    const named = start({ name: "own" });
    expect(await named.read(`own=${value}`)).toEqual({});
    const secure = start({ secure: true });
    expect(await secure.read(`__Host-sid=${value}`)).toEqual({});
    expect([web.cookieName, secure.web.cookieName]).toEqual(["sid", "__Host-sid"]);
  });

  test("secrets rotate: an older one still opens, and the cookie is sealed anew, no longer living for it", async () => {
    const old = start({ lifetime: "1h", rolling: false });
    await old.visit((session) => session.put("n", 1));
    const rotated = start({ secret: [other, secret], lifetime: "1h", rolling: false });
    rotated.set(old.cookie());
    rotated.clock.advance(HOUR / 2);
    expect(setCookie(await rotated.visit((session) => session.load()))).not.toBeNull();
    expect(setCookie(await rotated.visit((session) => session.load()))).toBeNull();
    const last = start({ secret: other, lifetime: "1h", rolling: false });
    expect(await last.read(rotated.cookie())).toEqual({ n: 1 });
    expect(await last.read(old.cookie())).toEqual({});
    last.clock.advance(HOUR);
    expect(await last.read(rotated.cookie())).toEqual({});
  });

  test("of the same data never seals the same, and says nothing of a secret in its key's id", async () => {
    const cookies = new Set<string>();
    for (let index = 0; index < 20; index++) {
      const { visit, cookie } = start();
      await visit((session) => session.put("n", 1));
      cookies.add(cookie());
    }
    expect(cookies.size).toBe(20);
    const ids = new Set([...cookies].map((cookie) => cookie.split(".")[1]));
    expect(ids.size).toBe(1);
    const digest = createHash("sha256").update(secret).digest("base64url");
    expect(digest.startsWith([...ids][0] as string)).toBe(false);
  });

  test("no change of a cookie, anywhere in it, opens or throws", async () => {
    const { visit, cookie, read } = start();
    await visit((session) => session.put("cart", ["kite"]));
    const whole = cookie();
    const at = fc.integer({ min: "sid=".length, max: whole.length - 1 });
    await fc.assert(
      fc.asyncProperty(at, fc.constantFrom(..."AZaz09-_.%=s"), async (index, character) => {
        fc.pre(whole[index] !== character);
        expect(await read(whole.slice(0, index) + character + whole.slice(index + 1))).toEqual({});
      }),
      { numRuns: 500 },
    );
    for (let length = 0; length < whole.length; length++) expect(await read(whole.slice(0, length))).toEqual({});
    // Nor another text of the same bytes, however many bits of its last character stand for nothing.
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const n of [1, 10, 100]) {
      await visit((session) => session.put("n", n));
      const sealed = cookie();
      const ends = [...alphabet].map((each) => sealed.slice(0, -1) + each).filter((each) => each !== sealed);
      for (const changed of [...ends, `${sealed}A`, `${sealed}=`]) expect(await read(changed)).toEqual({});
    }
  });

  test("nothing that a stranger makes up opens or throws", async () => {
    const { read, visit, cookie } = start();
    await visit((session) => session.put("n", 1));
    const keyId = cookie().split(".")[1];
    const ends = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes).toString("base64url")),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("ls1.", "ls2.", "s:", `ls1.${keyId}.`, "ls1.AAAAAAAA."),
        ends,
        async (begin, end) => {
          expect(await read(`sid=${begin}${encodeURIComponent(end)}`)).toEqual({});
        },
      ),
      { numRuns: 500 },
    );
  });

  test("a cookie of more than 4096 bytes is not looked at", async () => {
    const { read, visit, cookie } = start();
    await visit((session) => session.put("n", 1));
    expect(await read(`sid=ls1.${cookie().split(".")[1]}.${"A".repeat(1_000_000)}`)).toEqual({});
    expect(await read(`${cookie()}; a=${"b".repeat(5_000)}`)).toEqual({ n: 1 });
  });

  test("as much as fits is taken, one byte more is refused", async () => {
    const { visit, cookie } = start();
    const put = (length: number) => visit((session) => session.put("flash", "x".repeat(length)));
    let most = 2_000;
    for (let step = 1_024; step >= 1; step /= 2) {
      try {
        await put(most + step);
        most += step;
      } catch (error) {
        expect(error).toMatchObject({ code: "too_large" });
      }
    }
    const line = setCookie(await put(most)) ?? `${cookie()}; Path=/; HttpOnly; SameSite=Lax`;
    expect(line.length).toBeGreaterThan(4_092);
    expect(line.length).toBeLessThanOrEqual(4_096);
    expect(await rejection(put(most + 1))).toMatchObject({ code: "too_large" });
  });
});

describe("live calls", () => {
  const refused = {
    code: "cookie_session",
    message: expect.stringMatching(/sealed in its cookie.*live store.*docs\/adapters\/cookie\.md/s),
  };

  test("on the session or its map say that a cookie cannot be written so", async () => {
    const { visit } = start();
    await visit(async (session) => {
      session.put("n", 1);
      expect(await rejection(session.attach())).toMatchObject(refused);
      const map = await session.load();
      expect(await rejection(putSession(map, "n", 2))).toMatchObject(refused);
      expect(await rejection(updateSession(map, "n", () => 2))).toMatchObject(refused);
      expect(await rejection(putSession(session as never, "n" as never, 2 as never))).toMatchObject(refused);
      expect(() => maybeSubscribe({ core: {} } as never, map)).toThrow(expect.objectContaining(refused));
    });
  });

  test("with the sessions themselves say so too, wherever a hub is asked for", async () => {
    const given = { secret, routes: {}, layout: () => "" };
    for (const sealed of [cookieSessions<Shop>({ secret }), cookieSession({ secret })] as never[]) {
      const calls: (() => unknown)[] = [
        () => liveSockets(sealed, given),
        () => liveStreams(sealed, given),
        () => liveSession(sealed, given),
        () => liveViews(sealed, given as never),
        () => fetchSessions(sealed, given),
        () => expressStore(sealed),
        () => koaStore(sealed),
        () => moveCookieSessions(sealed, given as never),
      ];
      for (const call of calls) expect(call).toThrow(expect.objectContaining(refused));
      expect(await rejection(attachSocket(sealed, {} as never, {} as never, given))).toMatchObject(refused);
      expect(await rejection(fastifyLiveSession({} as never, { sessions: sealed, secret }) as never)).toMatchObject(
        refused,
      );
    }
    const web = cookieSessions<Shop>({ secret }) as unknown as Record<string, (...given: unknown[]) => unknown>;
    for (const method of ["app", "attach"]) expect(() => web[method]?.({})).toThrow(expect.objectContaining(refused));
  });
});

test("a live view whose browser comes with a sealed cookie is reported, once for each connection", async () => {
  const errors: unknown[][] = [];
  const onError = (error: unknown, { stage }: { stage: string }) => void errors.push([stage, error]);
  const sessions = createLiveSessions<Shop>({ onError });
  const views = liveViews(sessions, { secret, routes: {}, layout: () => "" as never });
  onTestFinished(async () => {
    await views.close();
    await sessions.close();
  });
  const { visit, cookie } = start();
  await visit((session) => session.put("n", 1));
  const poll = (token: string | null) =>
    views.poll({ method: "GET", token, body: "", headers: { host: "shop.example", cookie: cookie() } });
  const { token } = await poll(null);
  await poll("none");
  expect(token).toEqual(expect.any(String));
  expect(errors).toEqual([["attach", expect.objectContaining({ code: "cookie_session" })]]);
});

describe("a bad option", () => {
  test.each<[string, object]>([
    ["no secret", { secret: undefined }],
    ["a short secret", { secret: "x".repeat(31) }],
    ["a short one among others", { secret: [secret, "short"] }],
    ["an unknown option", { stor: 1 }],
    ["an option of live stores", { lateWrites: "error" }],
    ["a prefix in the name", { name: "__Host-sid" }],
    ["none without secure", { sameSite: "none" }],
    ["a lifetime without a unit", { lifetime: "30" }],
    ["no deadline", { deadline: 0 }],
    ["a touchInterval in words", { touchInterval: "often" }],
    ["a clock that shows nothing", { clock: {} }],
  ])("%s", (_what, options) => {
    expect(() => start(options)).toThrow(expect.objectContaining({ code: "bad_option" }));
    expect(() => cookieSession({ secret, ...options })).toThrow(expect.objectContaining({ code: "bad_option" }));
  });

  test("shows nothing of a secret", () => {
    expect(() => start({ secret: "a short secret" })).toThrow(/^(?!.*a short secret)/);
  });

  test("of a move: another cookie, or sessions of another kind", () => {
    const sessions = createLiveSessions<Shop>();
    onTestFinished(() => sessions.close());
    const moveFrom = cookieSessions({ secret, name: "own" });
    const bad = expect.objectContaining({ code: "bad_option", message: expect.stringContaining("moveFrom: its name") });
    expect(() => fetchSessions(sessions, { secret, moveFrom })).toThrow(bad);
    fetchSessions(sessions, { secret, name: "own", moveFrom });
    fetchSessions(sessions, { secret, name: "own", moveFrom: cookieSession({ secret, name: "own" }) });
    const foreign = fetchSessions(sessions, { secret }) as never;
    const code = expect.objectContaining({ code: "bad_option" });
    expect(() => fetchSessions(sessions, { secret, moveFrom: foreign })).toThrow(code);
    expect(() => moveCookieSessions(sessions, { secret, from: foreign })).toThrow(code);
    expect(() => moveCookieSessions(sessions, { secret: "", from: moveFrom })).toThrow(code);
    expect(() => moveCookieSessions(sessions, { secret, from: moveFrom, nam: "x" } as never)).toThrow(code);
  });
});

test("is Secure and __Host- over HTTPS and in production, where it can be", async () => {
  const line = async (options: Partial<CookieSessionsOptions>, url?: string) => {
    const { visit } = start(options, url);
    return setCookie(await visit((session) => session.put("n", 1)));
  };
  expect(await line({}, "https://shop.example/")).toMatch(
    /^__Host-sid=ls1\..*; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  expect(await line({ secure: true, path: "/app", sameSite: "strict" })).toMatch(
    /^sid=.*; Path=\/app; .*Secure; SameSite=Strict$/,
  );
  vi.stubEnv("NODE_ENV", "production");
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await line({})).toMatch(/^__Host-sid=ls1\./);
});
