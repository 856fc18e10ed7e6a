// live-session/fetch: what it does beyond the promises that every adapter keeps (tests/support/http-suite.ts).

import { createHmac } from "node:crypto";
import {
  createLiveSessions,
  type LiveSession,
  type LiveSessionsOptions,
  memoryStore,
  type SessionStore,
  sessionKey,
} from "live-session";
import { ManualClock } from "live-session/conformance";
import { type FetchSession, type FetchSessionsOptions, fetchSessions } from "live-session/fetch";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { rejection, settle } from "../support/sessions.ts";

interface Shop {
  cart: string[];
  n: number;
  flash: string;
  user: string;
}

const secret = "s";
const HOUR = 3_600_000;

function start(
  options: Partial<FetchSessionsOptions> = {},
  url = "http://shop.example/",
  hub: Pick<LiveSessionsOptions<Shop>, "maxBytes" | "schema" | "onError" | "deadline"> = {},
) {
  const clock = new ManualClock();
  const store: SessionStore = memoryStore({ clock });
  const reads: string[] = [];
  const { read } = store;
  store.read = (key) => {
    reads.push(key);
    return read(key);
  };
  const sessions = createLiveSessions<Shop>({ store, clock, lifetime: HOUR, onError() {}, ...hub });
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
    expect(await sessions.records.read(sessionKey(old))).toMatchObject({ state: "ended", reason: "regenerated" });
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

describe("at the same time, in one request", () => {
  /** Holds the next commit back until it is let go. */
  function held({ store }: ReturnType<typeof start>): () => void {
    const { commit } = store;
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    store.commit = async (...given) => {
      store.commit = commit;
      await gate;
      return commit(...given);
    };
    return release;
  }

  test("an update is written once, however many attach", async () => {
    const { web, request, visit, sessions, id } = start();
    await visit(async (session) => {
      session.update("n", (n = 0) => n + 1);
      for (const live of await Promise.all([session.attach(), session.attach()])) live.detach();
    });
    expect(await sessions.read(id())).toEqual({ n: 1 });
    const session = web.open(request());
    session.update("n", (n = 0) => n + 1);
    for (const live of await Promise.all([session.attach(), session.attach()])) live.detach();
    expect(await sessions.read(id())).toEqual({ n: 2 });
    expect(await sessions.records.count()).toBe(1);
  });

  test("what is written while a commit is under way is written by the next, and seen by every read", async () => {
    const all = start();
    const { visit, sessions, id } = all;
    await visit((session) => session.put("n", 0));
    const release = held(all);
    await visit(async (session) => {
      session.update("n", (n = 0) => n + 1);
      const attaching = session.attach();
      await settle();
      session.put("flash", "Saved.");
      expect(await session.load()).toEqual({ n: 1, flash: "Saved." });
      release();
      (await attaching).detach();
      expect(await session.load()).toEqual({ n: 1, flash: "Saved." });
    });
    expect(await sessions.read(id())).toEqual({ n: 1, flash: "Saved." });
  });

  test("no read sees an operation twice, or not at all", async () => {
    const { visit } = start();
    await visit((session) => session.put("n", 0));
    await visit(async (session) => {
      session.update("n", (n = 0) => n + 1);
      let done = false;
      const attaching = session.attach().finally(() => (done = true));
      const seen = new Set<number | undefined>();
      const reads: Promise<unknown>[] = [];
      while (!done) {
        reads.push(session.get("n").then((n) => seen.add(n)));
        await null;
      }
      await Promise.all(reads);
      (await attaching).detach();
      expect([...seen]).toEqual([1]);
    });
  });

  test("a commit waits for an attach that nobody waited for: the cookie is the one of its session", async () => {
    const all = start();
    const { visit, sessions, id } = all;
    const release = held(all);
    const visiting = visit((session) => {
      session.put("n", 1);
      void session.attach().then((live) => live.detach());
    });
    await settle();
    release();
    await visiting;
    expect(await sessions.read(id())).toEqual({ n: 1 });
    expect(await sessions.records.count()).toBe(1);
  });

  test("the session moves to one new id, however many attach", async () => {
    const { visit, sessions, id } = start();
    await visit((session) => session.put("cart", ["kite"]));
    await visit(async (session) => {
      session.regenerate();
      session.put("user", "ada");
      for (const live of await Promise.all([session.attach(), session.attach()])) live.detach();
    });
    expect(await sessions.records.count()).toBe(1);
    expect(await sessions.read(id())).toEqual({ cart: ["kite"], user: "ada" });
  });

  test("of a flash, the first take gets it, also when it is this request's own", async () => {
    const { web, request } = start();
    const session = web.open(request());
    session.put("flash", "Own.");
    expect(await Promise.all([session.take("flash"), session.take("flash")])).toEqual(["Own.", undefined]);
  });

  test("what is written once destroy was called is for another session; what was being written is not", async () => {
    const { visit, sessions, store, id } = start();
    await visit((session) => session.put("user", "ada"));
    const { commit } = store;
    let fail = () => {};
    const failing = new Promise<void>((resolve) => (fail = resolve));
    await visit(async (session) => {
      session.put("n", 1);
      store.commit = async () => {
        store.commit = commit;
        await failing;
        throw new Error("away");
      };
      const attaching = rejection(session.attach());
      await settle(); // now it is being written
      const destroying = session.destroy();
      fail();
      session.put("flash", "Signed out.");
      expect(await attaching).toMatchObject({ code: "store_failed" });
      await destroying;
    });
    expect(await sessions.read(id())).toEqual({ flash: "Signed out." });
    expect(await sessions.records.count()).toBe(1);
  });

  test("a flush that fails leaves its operations for the next, before those that came since", async () => {
    const { visit, sessions, store, id } = start();
    await visit((session) => session.put("n", 1));
    const old = id();
    const { commit } = store;
    await visit(async (session) => {
      session.regenerate();
      session.put("n", 2);
      session.put("user", "ada");
      store.commit = async () => {
        session.put("n", 3);
        throw new Error("away");
      };
      expect(await rejection(session.attach())).toMatchObject({ code: "store_failed" });
      store.commit = commit;
      expect(await session.load()).toEqual({ n: 3, user: "ada" });
    });
    expect(await sessions.read(id())).toEqual({ n: 3, user: "ada" });
    expect(await sessions.read(old)).toBeNull();
  });

  test("but not those that the end of the session overtook: it stays gone", async () => {
    const { visit, sessions, id } = start({ lateWrites: "error" });
    await visit((session) => session.put("n", 1));
    const response = await visit(async (session) => {
      await session.load();
      await sessions.end(id());
      session.put("n", 2);
      expect(await rejection(session.attach())).toMatchObject({ code: "session_ended" });
    });
    expect(setCookie(response)).toBeNull();
    expect(await sessions.records.count()).toBe(0);
  });
});

describe("a new id", () => {
  const login = (session: FetchSession<Shop>) => {
    session.regenerate();
    session.put("user", "ada");
  };

  /** Runs once, right after the new record was made and before the old session is ended. */
  function between({ store }: ReturnType<typeof start>, run: () => unknown): void {
    const { commit } = store;
    store.commit = async (...given) => {
      store.commit = commit;
      const result = await commit(...given);
      await run();
      return result;
    };
  }

  test.each<[string, string, (session: FetchSession<Shop>) => void]>([
    ["too much data", "too_large", (session) => session.put("user", "u".repeat(200))],
    ["what the schema refuses", "invalid_data", (session) => session.put("n", -1)],
    ["an async update", "not_json", (session) => session.update("n", (async () => 1) as never)],
  ])("%s changes nothing: the old session is there, and no other", async (_what, code, write) => {
    const schema = z.object({ cart: z.array(z.string()), n: z.number().min(0), user: z.string() }).partial();
    const { visit, sessions, id } = start({}, undefined, { maxBytes: 100, schema });
    await visit((session) => session.put("cart", ["kite"]));
    const refused = visit((session) => {
      session.regenerate();
      write(session);
    });
    expect(await rejection(refused)).toMatchObject({ code });
    expect(await sessions.read(id())).toEqual({ cart: ["kite"] });
    expect(await sessions.records.count()).toBe(1);
  });

  test("what the login writes is never to be had under the old id, not even when the store fails halfway", async () => {
    const { visit, sessions, store, id } = start();
    await visit((session) => session.put("cart", ["kite"]));
    using planted = await sessions.attach(id());
    const heard: unknown[] = [];
    planted.subscribe((message) => heard.push(message));
    const { destroy } = store;
    store.destroy = async () => {
      store.destroy = destroy;
      throw new Error("away");
    };
    expect(await rejection(visit(login))).toMatchObject({ code: "store_failed" });
    expect(await sessions.read(id())).toEqual({ cart: ["kite"] });
    expect(await sessions.records.count()).toBe(1);
    await visit(login);
    expect(heard).toEqual([{ type: "live_session_ended", reason: "regenerated" }]);
    expect(await sessions.read(id())).toEqual({ cart: ["kite"], user: "ada" });
  });

  test("is not handed out when the end of the old session was not answered: nobody knows what was written last", async () => {
    const { visit, sessions, store, id } = start();
    await visit((session) => session.put("cart", ["kite"]));
    const old = id();
    const { destroy } = store;
    store.destroy = async (...given) => {
      store.destroy = destroy;
      await destroy(...given);
      throw new Error("The line broke.");
    };
    expect(await rejection(visit(login))).toMatchObject({ code: "store_failed" });
    expect(await sessions.records.read(sessionKey(old))).toMatchObject({ state: "ended", reason: "regenerated" });
    expect(await sessions.records.count()).toBe(0);
  });

  test("takes the deadline, the principal and what others wrote while it was made", async () => {
    const all = start({}, undefined, { deadline: 24 * HOUR });
    const { visit, sessions, clock, cookies, id } = all;
    await visit((session) => session.put("n", 1));
    const key = sessionKey(id());
    const empty = { put: {}, delete: [] };
    await sessions.records.commit(key, { mode: "update", ...empty, principal: "ada", meta: { a: 1 } });
    const found = await sessions.records.read(key);
    const before = cookies.get();
    clock.advance(1000);
    between(all, async () => {
      using live = await sessions.attachKey(key);
      await live.put("cart", ["late"]);
      await live.update("n", (n = 0) => n + 10);
    });
    await visit((session) => {
      session.regenerate();
      session.update("n", (n = 0) => n + 1);
    });
    expect(cookies.get()).not.toBe(before);
    expect(await sessions.read(id())).toEqual({ n: 12, cart: ["late"] });
    const { deadline } = (found as { record: { deadline: number } }).record;
    expect(deadline).toBeGreaterThan(0);
    expect(await sessions.records.read(sessionKey(id()))).toMatchObject({
      record: { deadline, principal: "ada", meta: { a: 1 }, lifetime: HOUR },
    });
  });

  test("is not handed out without what others wrote and were told was written", async () => {
    const all = start({}, undefined, { maxBytes: 60 });
    const { visit, sessions, id } = all;
    await visit((session) => session.put("n", 1));
    const old = id();
    between(all, async () => {
      using live = await sessions.attach(old);
      await live.put("cart", ["c".repeat(40)]);
    });
    expect(await rejection(visit(login))).toMatchObject({ code: "too_large" });
    expect(await sessions.records.count()).toBe(0);
  });

  test("takes nothing of a session that a logout ended while it was made", async () => {
    const all = start();
    const { visit, sessions, id } = all;
    await visit((session) => session.put("cart", ["kite"]));
    const old = id();
    between(all, () => sessions.end(old));
    await visit(login);
    expect(await sessions.read(id())).toEqual({ user: "ada" });
    expect(await sessions.records.count()).toBe(1);
    expect(await sessions.records.read(sessionKey(old))).toMatchObject({ state: "ended", reason: "destroyed" });
  });
});

describe("renewEvery", () => {
  const every = { renewEvery: "15m", rolling: true } as const;
  const age = HOUR / 4;

  test("a session that the handler attached to keeps its id, and its handle", async () => {
    const { visit, clock, id } = start(every);
    await visit((session) => session.put("n", 1));
    const before = id();
    clock.advance(age);
    let live: LiveSession<Shop> | undefined;
    await visit(async (session) => {
      live = await session.attach();
    });
    expect([id(), live?.status]).toEqual([before, "live"]);
    await visit((session) => session.load());
    expect([id() === before, live?.endReason]).toEqual([false, "regenerated"]);
  });

  test("a request that does not look at its session does not renew it, and reads nothing", async () => {
    const { visit, clock, id, reads } = start({ renewEvery: "15m" });
    await visit((session) => session.put("n", 1));
    const before = id();
    clock.advance(age);
    reads.length = 0;
    await visit(() => {});
    expect([id(), reads]).toEqual([before, []]);
  });

  test("who only read while another request renewed sends no cookie, since the browser has the new one", async () => {
    const { visit, clock, web, request, id, sessions, cookies } = start(every);
    await visit((session) => session.put("n", 1));
    clock.advance(age);
    const script = { cookie: cookies.get(), "sec-fetch-mode": "cors" };
    const late = [web.open(request()), web.open(request(script))];
    for (const session of late) expect(await session.load()).toEqual({ n: 1 });
    await visit((session) => session.load());
    for (const session of late) expect(await session.commit()).toBeNull();
    expect(await sessions.read(id())).toEqual({ n: 1 });
    expect(await sessions.records.count()).toBe(1);
  });

  test("what another request wrote before it was first to renew is answered, and has gone along", async () => {
    const { visit, clock, web, request, id, sessions, store } = start(every);
    await visit((session) => session.put("n", 1));
    clock.advance(age);
    const other = web.open(request());
    await other.load();
    other.put("user", "ada");
    const { commit } = store;
    store.commit = async (...given) => {
      store.commit = commit;
      const written = await commit(...given);
      await visit((session) => session.load()); // in between the write and its own renewal
      return written;
    };
    expect(await other.commit()).toBeNull();
    expect(await sessions.read(id())).toEqual({ n: 1, user: "ada" });
  });

  test.each(["soon", 0, 999, true])("%j is a bad option", (renewEvery) => {
    const bad = expect.objectContaining({ code: "bad_option", message: expect.stringContaining("renewEvery") });
    expect(() => start({ renewEvery: renewEvery as never })).toThrow(bad);
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

test("deadline null of a binding is none, also where it makes the session and the hub has a deadline", async () => {
  const { sessions, visit, id } = start({}, undefined, { deadline: 2 * HOUR });
  await visit((session) => session.bind("ada", { deadline: null }));
  const made = await sessions.records.read(sessionKey(id()));
  expect(made).toMatchObject({ record: { principal: "ada", deadline: null } });
  await visit((session) => session.regenerate());
  expect(await sessions.records.read(sessionKey(id()))).toMatchObject({ record: { deadline: null } });
});

test("the deadline is not pushed by the time that moving to a new id takes", async () => {
  const { sessions, store, clock, visit, id } = start({}, undefined, { deadline: 2 * HOUR });
  await visit((session) => session.put("n", 1));
  const deadline = async () => {
    const found = await sessions.records.read(sessionKey(id()));
    return found.state === "live" ? found.record.deadline : null;
  };
  const before = await deadline();
  const { read } = store;
  store.read = (key) => {
    const found = read(key);
    clock.advance(30);
    return found;
  };
  const old = id();
  await visit((session) => session.regenerate());
  store.read = read;
  expect(id()).not.toBe(old);
  expect(await deadline()).toBeLessThanOrEqual(before as number);
});

test("the deadline is not pushed by the time that a schema takes at a new id, either", async () => {
  const waits: (() => void)[] = [];
  const schema = z
    .object({ n: z.number() })
    .partial()
    .refine(async () => {
      for (const wait of waits.splice(0)) wait();
      return true;
    });
  const { sessions, clock, visit, id } = start({}, undefined, { deadline: 2 * HOUR, schema: schema as never });
  await visit((session) => session.put("n", 1));
  const deadline = async () => {
    const found = await sessions.records.read(sessionKey(id()));
    return found.state === "live" ? found.record.deadline : null;
  };
  const before = await deadline();
  const old = id();
  waits.push(() => clock.advance(30));
  await visit((session) => session.regenerate());
  expect(id()).not.toBe(old);
  expect(await deadline()).toBe(before);
});
