// Promise 1, no lost update, through the unmodified express-session over HTTP.

import { updateSession } from "live-session";
import { describe, expect, test } from "vitest";
import { bag, Gate, startApp, stores, testHub } from "../support/express.ts";

const REQUESTS = 200;

describe.each(stores)("on the $name store", ({ make }) => {
  test("200 concurrent requests that each write another key: all 200 are kept", async () => {
    const { sessions } = testHub({ make });
    const gate = new Gate(REQUESTS);
    const { browser } = await startApp(sessions, {
      routes(app) {
        app.get("/start", (request, response) => {
          bag(request).started = true;
          response.end();
        });
        app.get("/put/:key", async (request, response) => {
          await gate.wait();
          bag(request)[request.params.key] = { by: request.params.key };
          response.end();
        });
      },
    });
    const tab = browser();
    await tab.get("/start");
    const all = Array.from({ length: REQUESTS }, (_, index) => tab.get(`/put/k${index}`));
    await gate.full;
    gate.open();
    await Promise.all(all);
    const data = await sessions.read(tab.id);
    expect(Object.keys(data ?? {})).toHaveLength(REQUESTS + 1);
    expect(data?.k7).toEqual({ by: "k7" });
  });

  test("200 increments by requests, live handles and session maps at once give 200", async () => {
    const { sessions } = testHub({ make });
    const increment = (value: unknown) => ((value as number | undefined) ?? 0) + 1;
    const gate = new Gate(100);
    const { browser } = await startApp(sessions, {
      routes(app) {
        app.get("/start", (request, response) => {
          bag(request).started = true;
          response.end();
        });
        app.get("/increment", async (request, response) => {
          const map = await sessions.read(request.sessionID);
          await gate.wait();
          await updateSession(map as NonNullable<typeof map>, "n", increment);
          bag(request)[`seen${request.query.i}`] = true;
          response.end();
        });
      },
    });
    const tab = browser();
    await tab.get("/start");
    const requests = Array.from({ length: 100 }, (_, index) => tab.get(`/increment?i=${index}`));
    await gate.full;
    const live = await sessions.attach(tab.id);
    const updates = Array.from({ length: 100 }, () => live.update("n", increment));
    gate.open();
    await Promise.all([...requests, ...updates]);
    const data = await sessions.read(tab.id);
    expect(data?.n).toBe(200);
    expect(Object.keys(data ?? {})).toHaveLength(102);
  });

  test("a request that loaded before a live write does not undo it, nor bring back what was deleted", async () => {
    const { sessions } = testHub({ make });
    const gate = new Gate();
    const { browser } = await startApp(sessions, {
      resave: true,
      routes(app) {
        app.get("/start", (request, response) => {
          Object.assign(bag(request), { kept: 1, changed: "old", removed: true });
          response.end();
        });
        app.get("/slow", async (request, response) => {
          await gate.wait();
          bag(request).own = "request's";
          response.end();
        });
        app.get("/idle", async (_request, response) => {
          await gate.wait();
          response.end();
        });
      },
    });
    const tab = browser();
    await tab.get("/start");
    const slow = Promise.all([tab.get("/slow"), tab.get("/idle")]);
    const live = await sessions.attach(tab.id);
    await gate.full;
    await live.put("changed", "new");
    await live.delete("removed");
    await live.put("added", [1]);
    gate.open();
    await slow;
    expect(await sessions.read(tab.id)).toEqual({ kept: 1, changed: "new", added: [1], own: "request's" });
  });

  test("a read-only request writes no data, even with resave", async () => {
    const { sessions } = testHub({ make });
    const { browser } = await startApp(sessions, {
      resave: true,
      routes(app) {
        app.get("/start", (request, response) => {
          bag(request).n = { deep: [1] };
          response.end();
        });
        app.get("/read", (request, response) => void response.json(bag(request).n));
      },
    });
    const tab = browser();
    await tab.get("/start");
    const live = await sessions.attach(tab.id);
    const before = live.version;
    expect((await tab.get("/read")).body).toEqual({ deep: [1] });
    await sessions.check();
    expect(live.version).toBe(before);
  });

  test("attached connections hear of what a request wrote", async () => {
    const { sessions } = testHub({ make });
    const { browser } = await startApp(sessions, {
      routes(app) {
        app.get("/add", (request, response) => {
          bag(request).cart = [...((bag(request).cart as string[]) ?? []), "kite"];
          response.end();
        });
        app.get("/logout", (request, response) => request.session.destroy(() => response.end()));
      },
    });
    const tab = browser();
    await tab.get("/add");
    const live = await sessions.attach(tab.id);
    const heard: unknown[] = [];
    live.subscribe((message) => heard.push(message));
    await tab.get("/add");
    await tab.get("/logout");
    expect(heard).toEqual([
      { type: "live_session_updated", session: { cart: ["kite", "kite"] }, version: 2 },
      { type: "live_session_ended", reason: "destroyed" },
    ]);
  });
});
