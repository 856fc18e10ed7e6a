// What is Hono's own: errors, exceptions, and cookies that handlers set themselves.

import { Hono } from "hono";
import { setCookie } from "hono/cookie";
import { HTTPException } from "hono/http-exception";
import { createLiveSessions } from "live-session";
import { honoSession, type SessionEnv } from "live-session/hono";
import { expect, onTestFinished, test } from "vitest";

function start() {
  const sessions = createLiveSessions<{ n: number }>();
  onTestFinished(() => sessions.close());
  const app = new Hono<SessionEnv<{ n: number }>>();
  app.use(honoSession(sessions, { secret: "s" }));
  return { sessions, app };
}

test("a handler that failed writes nothing; one that threw an HTTPException answered", async () => {
  const { sessions, app } = start();
  app.get("/fails", (c) => {
    c.var.session.put("n", 1);
    throw new Error("no");
  });
  app.get("/refuses", (c) => {
    c.var.session.put("n", 1);
    throw new HTTPException(401);
  });
  app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text("failed", 500)));
  const failed = await app.request("/fails");
  expect(failed.status).toBe(500);
  expect(failed.headers.getSetCookie()).toEqual([]);
  expect(await sessions.records.count()).toBe(0);
  const refused = await app.request("/refuses");
  expect(refused.status).toBe(401);
  expect(refused.headers.getSetCookie()).toEqual([expect.stringMatching(/^sid=/)]);
  expect(await sessions.records.count()).toBe(1);
});

test("cookies that a handler sets stay, and a redirect carries the session's", async () => {
  const { app } = start();
  app.get("/", (c) => {
    setCookie(c, "theme", "dark");
    c.var.session.put("n", 1);
    return c.redirect("/in", 303);
  });
  const response = await app.request("/");
  expect(response.headers.get("location")).toBe("/in");
  expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^theme=/), expect.stringMatching(/^sid=/)]);
});
