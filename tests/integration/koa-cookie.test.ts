// signedCookie: one cookie for koa-session and for sockets.

import { createServer } from "node:http";
import Koa from "koa";
import koaSession from "koa-session";
import { createLiveSessions } from "live-session";
import { type KoaContext, koaStore, signedCookie } from "live-session/koa";
import { liveSockets } from "live-session/ws";
import { expect, onTestFinished, test } from "vitest";
import { Browser, type Data } from "../support/express.ts";
import { listen, secret, signed } from "../support/http-adapters.ts";
import { Peer } from "../support/ws.ts";

const HOUR = 60 * 60 * 1000;

async function start(options: object = {}, secrets: string | readonly string[] = secret) {
  const sessions = createLiveSessions<Data>({ lifetime: "2h" });
  onTestFinished(() => sessions.close());
  const app = new Koa<Koa.DefaultState, KoaContext<Data>>(); // without keys
  app.silent = true;
  app.proxy = true;
  const externalKey = signedCookie({ secret: secrets });
  app.use(koaSession({ store: koaStore(sessions), externalKey, signed: false, key: "sid", ...options }, app));
  app.use(async (ctx) => {
    if (ctx.path === "/set") Object.assign(ctx.session ?? {}, ctx.query);
    if (ctx.path === "/remember" && ctx.session) ctx.session.maxAge = HOUR;
    if (ctx.path === "/login") await ctx.session?.regenerate();
    if (ctx.path === "/logout") ctx.session = null;
    ctx.body = { n: ctx.session?.n ?? null };
  });
  const server = createServer(app.callback());
  const live = sessions.app({ view: (data) => ({ n: data.n }) });
  const sockets = liveSockets(live, { secret: secrets, name: "sid" }).attach(server, { path: "/live" });
  onTestFinished(() => sockets.close());
  const url = await listen(server);
  const tab = new Browser(url);
  const idNow = () => /^s:(.+)\.[^.]+$/.exec(decodeURIComponent(tab.cookies.get("sid") ?? ""))?.[1] ?? "";
  const socket = () => new Peer(`${url.replace("http", "ws")}/live`, { cookie: `sid=${tab.cookies.get("sid")}` });
  return { sessions, tab, idNow, socket };
}

test("requests and sockets go on with the session of the cookie", async () => {
  const { tab, idNow, socket, sessions } = await start();
  await tab.get("/set?n=1");
  expect(tab.cookies.get("sid")).toBe(signed(idNow()));
  expect([...tab.cookies.keys()]).toEqual(["sid"]);
  expect((await tab.get("/")).body).toEqual({ n: "1" });
  const peer = socket();
  expect((await peer.hello()).view.view).toEqual({ n: "1" });
  await tab.get("/set?n=2");
  expect(await peer.next()).toMatchObject({ t: "view", view: { n: "2" } });
  expect(await sessions.read(idNow())).toEqual({ n: "2" });
});

test("a login goes on under a new cookie, a logout takes it away; each closes the sockets of before", async () => {
  const { tab, idNow, socket } = await start();
  await tab.get("/set?n=1");
  const [before, anonymous] = [idNow(), socket()];
  await anonymous.hello();
  expect((await tab.get("/login")).body).toEqual({ n: "1" });
  expect(await anonymous.closed).toBe(1008);
  expect(idNow()).not.toBe(before);
  const known = socket();
  expect((await known.hello()).view.view).toEqual({ n: "1" });
  await tab.get("/logout");
  expect(await known.closed).toBe(1008);
  expect(tab.setCookies).toEqual([expect.stringMatching(/^sid=; path=\/; expires=Thu, 01 Jan 1970/)]);
});

test("forged, unsigned and mangled cookies are no session, neither of a request nor of a socket", async () => {
  const { tab, idNow, socket, sessions } = await start();
  await tab.get("/set?n=1");
  const id = idNow();
  const mac = signed("other").split(".")[1];
  for (const value of [id, signed(id, "somebody else's"), `s:${id}`, `s:${id}.`, `s:${id}.${mac}`, "%", ""]) {
    tab.cookies.set("sid", value);
    expect((await tab.get("/")).body).toEqual({ n: null });
    const refused = socket();
    expect([value, await refused.closed]).toEqual([value, 1008]);
    expect(refused.got).toMatchObject([{ t: "error", code: "unknown_session" }]);
  }
  tab.cookies.set("sid", signed("never-made")); // signed, but there is no such session: its id is not taken up
  await tab.get("/set?n=3");
  expect(idNow()).not.toBe("never-made");
  expect(await sessions.read(id)).toEqual({ n: "1" });
});

test("of several secrets any may have signed, and the first signs", async () => {
  const { tab, idNow, socket } = await start({ rolling: true }, ["new", "old"]);
  await tab.get("/set?n=1");
  const id = idNow();
  expect(tab.cookies.get("sid")).toBe(signed(id, "new"));
  tab.cookies.set("sid", signed(id, "old"));
  expect((await socket().hello()).view.view).toEqual({ n: "1" });
  expect((await tab.get("/")).body).toEqual({ n: "1" });
  expect(tab.cookies.get("sid")).toBe(signed(id, "new"));
});

test("the cookie's attributes are koa-session's options, HttpOnly and SameSite=Lax", async () => {
  const attributes = async (options: object, headers = {}, path = "/set?n=1") => {
    const { tab } = await start(options);
    await tab.get(path, headers);
    expect(tab.setCookies).toHaveLength(1);
    return (tab.setCookies[0] ?? "").toLowerCase().split("; ").slice(1);
  };
  expect((await attributes({ maxAge: "session" })).sort()).toEqual(["httponly", "path=/", "samesite=lax"]);
  const https = { "x-forwarded-proto": "https" };
  expect(await attributes({}, https)).toContain("secure");
  const own = { sameSite: "strict", path: "/shop", domain: "shop.example", httpOnly: false };
  expect(await attributes(own)).toEqual(
    expect.arrayContaining(["samesite=strict", "path=/shop", "domain=shop.example", "httponly"]),
  );
  const expiry = (list: string[]) => Date.parse(list.find((each) => each.startsWith("expires="))?.slice(8) ?? "");
  for (const list of [await attributes({ maxAge: HOUR }), await attributes({}, {}, "/remember")]) {
    expect(Math.abs(expiry(list) - Date.now() - HOUR)).toBeLessThan(60_000);
  }
});

test("what is wrong with the options is said at once", () => {
  for (const options of [
    undefined,
    {},
    { secret: "" },
    { secret: [] },
    { secret: ["a", ""] },
    { secret, name: "sid" },
  ]) {
    expect(() => signedCookie(options as never)).toThrow(expect.objectContaining({ code: "bad_option" }));
  }
});
