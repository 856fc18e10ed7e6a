// live-session/fetch: what it does beyond the promises that every adapter keeps (tests/support/http-suite.ts).

import { createHmac } from "node:crypto";
import { createLiveSessions, memoryStore, type SessionStore, sessionKey } from "live-session";
import { ManualClock } from "live-session/conformance";
import { type FetchSession, type FetchSessionsOptions, fetchSessions } from "live-session/fetch";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { rejection } from "../support/sessions.ts";

interface Shop {
  cart: string[];
  n: number;
  flash: string;
  user: string;
}

const secret = "s";
const HOUR = 3_600_000;

function start(options: Partial<FetchSessionsOptions> = {}, url = "http://shop.example/") {
  const clock = new ManualClock();
  const store: SessionStore = memoryStore({ clock });
  const reads: string[] = [];
  const { read } = store;
  store.read = (key) => {
    reads.push(key);
    return read(key);
  };
  const sessions = createLiveSessions<Shop>({ store, clock, lifetime: HOUR, onError() {} });
  onTestFinished(() => sessions.close());
  const web = fetchSessions(sessions, { secret, ...options });
  let cookie = "";
  const request = (headers: Record<string, string> = cookie ? { cookie } : {}) => new Request(url, { headers });
  /** One request of a browser that keeps its cookie. */
  async function visit(run: (session: FetchSession<Shop>) => unknown): Promise<Response> {
    const response = await web.handle(async (_request, session) => {
      const result = await run(session);
      return result instanceof Response ? result : Response.json(result ?? null);
    })(request());
    const set = response.headers.getSetCookie().find((line) => /^(__Host-)?sid=/.test(line));
    if (set) cookie = /Max-Age=0/.test(set) ? "" : (set.split(";")[0] ?? "");
    return response;
  }
  const id = () =>
    decodeURIComponent(cookie.split("=")[1] ?? "")
      .slice(2)
      .split(".")[0] ?? "";
  return {
    sessions,
    store,
    clock,
    web,
    reads,
    request,
    visit,
    id,
    cookies: { get: () => cookie, set: (value: string) => (cookie = value) },
  };
}

const setCookie = (response: Response) => response.headers.get("set-cookie");

describe("the cookie", () => {
  test("is signed as express-session signs, HttpOnly and SameSite=Lax", async () => {
    const { visit, id } = start();
    const line = setCookie(await visit((session) => session.put("n", 1))) ?? "";
    const signature = createHmac("sha256", secret).update(id()).digest("base64").replace(/=+$/, "");
    expect(line).toBe(`sid=${encodeURIComponent(`s:${id()}.${signature}`)}; Path=/; HttpOnly; SameSite=Lax`);
  });

  test("is Secure and __Host- over HTTPS, where it can be", async () => {
    const line = async (options: Partial<FetchSessionsOptions>, url?: string) => {
      const { visit } = start(options, url);
      return setCookie(await visit((session) => session.put("n", 1))) ?? "";
    };
    expect(await line({}, "https://shop.example/")).toMatch(/^__Host-sid=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(await line({ secure: true })).toMatch(/^__Host-sid=.*; Secure/);
    expect(await line({ secure: false }, "https://shop.example/")).toMatch(/^sid=(?!.*Secure)/);
    expect(await line({ secure: true, domain: "shop.example" })).toMatch(/^sid=.*; Domain=shop.example; .*Secure/);
    expect(await line({ secure: true, path: "/app" })).toMatch(/^sid=.*; Path=\/app; .*Secure/);
    expect(await line({ secure: true, sameSite: "none" })).toMatch(/SameSite=None$/);
  });

  test("is Secure in production, whatever the URL says behind a proxy", async () => {
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { visit, web } = start();
    expect(setCookie(await visit((session) => session.put("n", 1)))).toMatch(/^__Host-sid=.*; Secure/);
    expect(web.cookieName).toBe("__Host-sid");
  });

  test("without the prefix is none where the prefix is due: another host may have set it", async () => {
    const { web, sessions } = start({ secure: true });
    const { id } = await sessions.create({ n: 1 });
    const signature = createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
    const value = encodeURIComponent(`s:${id}.${signature}`);
    const read = (name: string) =>
      web.open(new Request("http://x", { headers: { cookie: `${name}=${value}` } })).get("n");
    expect(await read("sid")).toBeUndefined();
    expect(await read("__Host-sid")).toBe(1);
  });

  test("has a date with maxAge, which is the lifetime too, and comes again when the session was written", async () => {
    const { visit, sessions, id } = start({ maxAge: "30m" });
    expect(setCookie(await visit((session) => session.put("n", 1)))).toMatch(/; Max-Age=1800; Expires=/);
    const found = await sessions.records.read(sessionKey(id()));
    expect(found).toMatchObject({ record: { lifetime: HOUR / 2 } });
    expect(setCookie(await visit((session) => session.put("n", 2)))).toMatch(/Max-Age=1800/);
    expect(setCookie(await visit((session) => session.get("n")))).toBeNull();
  });

  test("a session made elsewhere takes the cookie's lifetime with the first write", async () => {
    const { visit, sessions, cookies, id } = start({ maxAge: "30m" });
    await visit((session) => session.put("n", 1));
    const { id: made } = await sessions.create({ n: 1 });
    const signature = createHmac("sha256", secret).update(made).digest("base64").replace(/=+$/, "");
    cookies.set(`sid=${encodeURIComponent(`s:${made}.${signature}`)}`);
    await visit((session) => session.put("n", 2));
    expect(id()).toBe(made);
    expect(await sessions.records.read(sessionKey(made))).toMatchObject({ record: { lifetime: HOUR / 2 } });
  });

  test("secrets rotate: an older one is still taken, and the cookie signed anew", async () => {
    const { visit, sessions, cookies, id } = start();
    await visit((session) => session.put("n", 1));
    const rotated = fetchSessions(sessions, { secret: ["new", secret] });
    const ask = (cookie: string) =>
      rotated.handle(async (_request, session) => Response.json((await session.get("n")) ?? null))(
        new Request("http://shop.example/", { headers: { cookie } }),
      );
    const first = await ask(cookies.get());
    expect(await first.json()).toBe(1);
    const renewed = setCookie(first)?.split(";")[0] ?? "";
    expect(decodeURIComponent(renewed)).toContain(id());
    const second = await ask(renewed);
    expect(await second.json()).toBe(1);
    expect(setCookie(second)).toBeNull();
  });

  test("is added beside others, and to responses whose headers cannot be changed", async () => {
    const { visit } = start();
    const others = new Response(null, { headers: { "set-cookie": "theme=dark" } });
    const beside = await visit((session) => {
      session.put("n", 1);
      return others;
    });
    expect(beside.headers.getSetCookie()).toEqual(["theme=dark", expect.stringMatching(/^sid=/)]);
    const redirect = await visit((session) => {
      session.regenerate();
      return Response.redirect("http://shop.example/in", 303);
    });
    expect(redirect.status).toBe(303);
    expect(redirect.headers.get("location")).toBe("http://shop.example/in");
    expect(setCookie(redirect)).toMatch(/^sid=/);
  });

  test("goes with the logout", async () => {
    const { visit, sessions } = start();
    await visit((session) => session.put("n", 1));
    expect(setCookie(await visit((session) => session.destroy()))).toMatch(
      /^sid=; Path=\/; Max-Age=0; Expires=Thu, 01 Jan/,
    );
    expect(await sessions.records.count()).toBe(0);
    expect(setCookie(await visit((session) => session.destroy()))).toBeNull();
  });
});

describe("reading and writing", () => {
  test("nothing is read from the store until somebody asks, and then once", async () => {
    const { visit, reads } = start();
    await visit((session) => session.put("n", 1));
    expect(reads).toEqual([]);
    await visit(() => {});
    expect(reads).toEqual([]);
    await visit((session) => Promise.all([session.get("n"), session.get("cart"), session.load()]));
    expect(reads).toHaveLength(1);
  });

  test("a request sees its own writes, before anyone else does", async () => {
    const { visit, sessions, id } = start();
    await visit((session) => session.put("cart", ["kite"]));
    await visit(async (session) => {
      session.put("n", 1);
      session.update("cart", (cart = []) => [...cart, "string"]);
      expect(await session.load()).toEqual({ n: 1, cart: ["kite", "string"] });
      session.update("cart", (cart = []) => {
        cart.push("reel"); // it is a copy
        return cart;
      });
      expect(await session.get("cart")).toEqual(["kite", "string", "reel"]);
      session.delete("cart");
      expect(await session.get("cart")).toBeUndefined();
      session.clear();
      session.put("user", "ada");
      expect(await session.load()).toEqual({ user: "ada" });
      expect(await sessions.read(id())).toEqual({ cart: ["kite"] });
    });
    expect(await sessions.read(id())).toEqual({ user: "ada" });
  });

  test("an update counts from what is there at the commit: N at once give N", async () => {
    const { visit, web, request, sessions, id } = start();
    await visit((session) => session.put("n", 0));
    const open = Array.from({ length: 50 }, () => web.open(request()));
    for (const session of open) session.update("n", (n = 0) => n + 1);
    for (const session of open) expect(await session.get("n")).toBe(1);
    await Promise.all(open.map((session) => session.commit()));
    expect((await sessions.read(id()))?.n).toBe(50);
  });

  test("what a value was before is no write", async () => {
    const { visit, sessions, id } = start();
    await visit((session) => session.put("cart", ["kite"]));
    await visit((session) => {
      session.put("cart", ["kite"]);
      session.delete("user");
    });
    expect(await sessions.records.read(sessionKey(id()))).toMatchObject({ record: { version: 1 } });
  });

  test("one of several requests takes a flash; the next finds none", async () => {
    const { visit, web, request, sessions, id } = start();
    await visit((session) => session.put("flash", "Saved."));
    const open = Array.from({ length: 5 }, () => web.open(request()));
    for (const session of open) await session.load();
    const taken = await Promise.all(open.map((session) => session.take("flash")));
    expect(taken.filter((value) => value === "Saved.")).toHaveLength(1);
    expect(taken.filter((value) => value === undefined)).toHaveLength(4);
    expect(await sessions.read(id())).toEqual({});
    // Its own, taken before the commit, never was.
    await visit(async (session) => {
      session.put("flash", "Own.");
      expect(await session.take("flash")).toBe("Own.");
      expect(await session.take("flash")).toBeUndefined();
    });
    expect(await sessions.read(id())).toEqual({});
  });

  test("values that are not JSON, reserved keys and async updates are errors at once or at the commit", async () => {
    const { web, request } = start();
    const session = web.open(request());
    expect(() => session.put("cart", [1n] as never)).toThrow(expect.objectContaining({ code: "not_json" }));
    expect(() => session.put("cookie" as never, 1 as never)).toThrow(expect.objectContaining({ code: "bad_key" }));
    session.update("n", (async () => 1) as never);
    expect(await rejection(session.commit())).toMatchObject({
      code: "not_json",
      message: expect.stringMatching(/must not be async/),
    });
  });

  test("after the commit, writes are errors rather than lost", async () => {
    const { web, request } = start();
    const session = web.open(request());
    await session.commit();
    expect(() => session.put("n", 1)).toThrow(expect.objectContaining({ code: "closed" }));
    expect(() => session.regenerate()).toThrow(expect.objectContaining({ code: "closed" }));
    expect(await rejection(session.take("n"))).toMatchObject({ code: "closed" });
    expect(await rejection(session.destroy())).toMatchObject({ code: "closed" });
    expect(await rejection(session.attach())).toMatchObject({ code: "closed" });
    expect(await session.commit()).toBeNull();
  });
});

describe("handlers", () => {
  test("when a handler throws, nothing is written; a response that is thrown is an answer", async () => {
    const { visit, sessions, id } = start();
    const failing = visit((session) => {
      session.put("n", 1);
      throw new Error("no");
    });
    expect(await rejection(failing)).toMatchObject({ message: "no" });
    expect(await sessions.records.count()).toBe(0);
    const thrown = await visit((session) => {
      session.put("n", 1);
      throw new Response(null, { status: 303 });
    });
    expect(thrown.status).toBe(303);
    expect(await sessions.read(id())).toEqual({ n: 1 });
  });

  test("the same request has the same session, and what else a framework hands over comes along", async () => {
    const { web, request } = start();
    const one = request();
    expect(web.open(one)).toBe(web.open(one));
    const handler = web.handle((_request, session, context: { params: string }) =>
      Response.json([context.params, session === web.open(one)]),
    );
    expect(await (await handler(one, { params: "p" })).json()).toEqual(["p", true]);
  });
});

describe("the life of a session", () => {
  test("a new id at login, with the data and the deadline; whoever held the old id is out", async () => {
    const { visit, sessions, id } = start();
    await visit((session) => session.put("cart", ["kite"]));
    const old = id();
    await visit((session) => {
      session.regenerate();
      session.put("user", "ada");
    });
    expect(id()).not.toBe(old);
    expect(await sessions.read(id())).toEqual({ cart: ["kite"], user: "ada" });
    expect(await sessions.records.read(sessionKey(old))).toEqual({ state: "ended", reason: "regenerated" });
  });

  test("a login that is overtaken by a logout starts a session of its own", async () => {
    const { visit, sessions, id } = start({ rolling: true });
    await visit((session) => session.put("cart", ["kite"]));
    const old = id();
    await visit(async (session) => {
      await session.load();
      await sessions.end(old);
      session.regenerate();
      session.put("user", "ada");
    });
    expect(await sessions.read(id())).toEqual({ user: "ada" });
    expect(await sessions.read(old)).toBeNull();
    // With nothing to write there is none.
    const response = await visit(async (session) => {
      await session.load();
      await sessions.end(id());
      session.regenerate();
    });
    expect(setCookie(response)).toBeNull();
    expect(await sessions.records.count()).toBe(0);
  });

  test("what is written after destroy makes another session", async () => {
    const { visit, sessions, id } = start();
    await visit((session) => session.put("user", "ada"));
    const old = id();
    await visit(async (session) => {
      session.put("n", 1);
      await session.destroy();
      expect(await session.load()).toEqual({});
      session.put("flash", "Signed out.");
    });
    expect(id()).not.toBe(old);
    expect(await sessions.read(id())).toEqual({ flash: "Signed out." });
  });

  test("lateWrites: a write that an end overtook is dropped, or an error; the cookie stays as it is", async () => {
    for (const lateWrites of ["ignore", "error"] as const) {
      const { visit, sessions, id } = start({ lateWrites, rolling: true });
      await visit((session) => session.put("n", 1));
      const late = visit(async (session) => {
        await session.load();
        await sessions.end(id(), "revoked");
        session.put("n", 2);
      });
      if (lateWrites === "error") {
        expect(await rejection(late)).toMatchObject({ code: "session_ended", reason: "revoked" });
      } else expect(setCookie(await late)).toBeNull();
      expect(await sessions.records.count()).toBe(0);
    }
  });

  test("attach writes what is pending, makes a session where there is none, and the cookie follows", async () => {
    const { visit, sessions, id } = start();
    const response = await visit(async (session) => {
      using live = await session.attach();
      await live.put("n", 1);
      session.put("user", "ada");
      using again = await session.attach();
      expect(again.data).toEqual({ n: 1, user: "ada" });
    });
    expect(setCookie(response)).toMatch(/^sid=/);
    expect(await sessions.read(id())).toEqual({ n: 1, user: "ada" });
  });

  test("after a read that failed, the next asks the store again", async () => {
    const { visit, web, request, store } = start();
    await visit((session) => session.put("n", 1));
    const session = web.open(request());
    const { read } = store;
    store.read = () => {
      throw new Error("away");
    };
    expect(await rejection(session.get("n"))).toMatchObject({ code: "store_failed" });
    store.read = read;
    expect(await session.get("n")).toBe(1);
  });
});

test.each<[string, object]>([
  ["no secret", { secret: undefined }],
  ["an empty secret", { secret: ["a", ""] }],
  ["an unknown option", { cookie: "sid" }],
  ["a name that no cookie has", { name: "my cookie" }],
  ["a prefix in the name", { name: "__Host-sid" }],
  ["none without secure", { sameSite: "none" }],
  ["a wrong sameSite", { sameSite: "loose" }],
  ["a relative path", { path: "app" }],
  ["a path with attributes", { path: "/; Domain=x" }],
  ["a domain with attributes", { domain: "x; Path=/" }],
  ["a lifetime without a unit", { maxAge: "30" }],
  ["rolling in words", { rolling: "yes" }],
  ["secure in words", { secure: "yes" }],
  ["another word for lateWrites", { lateWrites: "perhaps" }],
])("%s is a bad option", (_what, options) => {
  expect(() => start(options)).toThrow(expect.objectContaining({ code: "bad_option" }));
});

test("what is no hub is a bad option", () => {
  expect(() => fetchSessions({} as never, { secret })).toThrow(expect.objectContaining({ code: "bad_option" }));
});
