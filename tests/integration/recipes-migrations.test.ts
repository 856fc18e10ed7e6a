// The recipes for what people come from, with sessions that the old packages really made. (connect-redis, which needs a server,
// is in tests/redis/redis-migration.test.ts.)

import { createServer } from "node:http";
import oldSession from "cookie-session";
import express, { type Express } from "express";
import { getIronSession, unsealData } from "iron-session";
import { expect, test } from "vitest";
import { type Data, recipe } from "../support/recipes.ts";
import { listen } from "../support/ws.ts";

const url = async (app: Express) => `http://127.0.0.1:${await listen(createServer(app))}`;

/** The cookies that a response leaves in a browser that had none, as it sends them back. */
function cookiesOf(response: Response): string {
  const jar = new Map<string, string>();
  for (const line of response.headers.getSetCookie()) {
    const [pair = ""] = line.split(";");
    const name = pair.slice(0, pair.indexOf("="));
    if (/Max-Age=0|Expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
    else jar.set(name, pair);
  }
  return [...jar.values()].join("; ");
}

/** The id in a cookie of express-session's form. */
const idIn = (cookie: string) => decodeURIComponent(cookie.split("=")[1] ?? "").replace(/^s:([^.]+)\..*$/, "$1");

test("cookie-session: who was signed in still is, in a live session that a logout ends; a forged cookie is nobody", async () => {
  const keys = ["newer", "older"];
  const before = express().use(oldSession({ name: "session", keys: ["older"] }));
  before.get("/login", (request, response) => {
    Object.assign(request.session ?? {}, { user: "ada" });
    response.end();
  });
  const old = cookiesOf(await fetch(`${await url(before)}/login`));
  expect(old).toMatch(/session=.+; session\.sig=.+/);

  const { movingApp, sessions } = await recipe<{ movingApp(keys: readonly string[]): Express }>(
    "from-cookie-session",
    "cookie-session",
  );
  const after = movingApp(keys);
  after.get("/", (request, response) => void response.send((request.session as unknown as Data).user ?? "stranger"));
  after.get("/logout", (request, response) => request.session.destroy(() => response.end()));
  const now = await url(after);
  const visit = (cookie: string, path = "/") => fetch(now + path, { headers: { cookie } });

  const moved = await visit(old);
  expect(moved.headers.getSetCookie().filter((line) => /^session(\.sig)?=;/.test(line))).toHaveLength(2); // taken away
  expect(await moved.text()).toBe("ada");
  const own = cookiesOf(moved);
  expect(own).toMatch(/^connect\.sid=/);
  expect(await (await visit(own)).text()).toBe("ada");
  expect(await sessions.read(idIn(own))).toEqual({ user: "ada" });
  await visit(own, "/logout");
  expect(await (await visit(own)).text()).toBe("stranger");
  expect(await (await visit(old.replace(/session=./, "session=X"))).text()).toBe("stranger");
});

test("iron-session: who was signed in still is, in a live session; what does not open is nobody", async () => {
  const password = "a password of more than thirty-two characters";
  const response = new Response();
  const before = await getIronSession<{ user?: string }>(new Request("http://shop.example/"), response, {
    password,
    cookieName: "app_session",
  });
  before.user = "ada";
  await before.save();
  const old = cookiesOf(response);
  expect(old).toMatch(/^app_session=.+/);

  type Unseal = (seal: string) => Promise<{ user?: string }>;
  type Run = (session: never) => Promise<Response>;
  const { withSession, respond, sessions } = await recipe<{
    withSession(request: Request, unseal: Unseal, run: Run): Promise<Response>;
    respond: Run;
  }>("from-iron-session", "iron-session", "export { respond };");
  const unseal: Unseal = (seal) => unsealData(seal, { password });
  const visit = (cookie: string) =>
    withSession(new Request("http://shop.example/", { headers: { cookie } }), unseal, respond);

  const moved = await visit(old);
  expect(await moved.text()).toBe("Hello, ada.");
  expect(moved.headers.getSetCookie().some((line) => line.startsWith("app_session=; Path=/; Max-Age=0"))).toBe(true);
  const own = cookiesOf(moved);
  expect(own).toMatch(/^sid=/);
  expect(await (await visit(own)).text()).toBe("Hello, ada.");
  expect(await sessions.read(idIn(own))).toEqual({ user: "ada" });
  expect(await (await visit(old.replace("Fe26.2", "Fe26.3"))).text()).toBe("Hello, stranger.");
  expect(await (await visit("")).text()).toBe("Hello, stranger.");
});
