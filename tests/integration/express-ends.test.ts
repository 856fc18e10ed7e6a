// Promise 2, an end is final: no load, save or touch in flight brings a session back, in any order of the store's steps.

import type { Express } from "express";
import type { Session } from "express-session";
import fc from "fast-check";
import { createLiveSessions, type EndReason } from "live-session";
import { expressStore } from "live-session/express";
import { describe, expect, test } from "vitest";
import {
  bag,
  call,
  type Data,
  fakeRequest,
  Gate,
  load,
  ShiftedClock,
  startApp,
  stores,
  testHub,
} from "../support/express.ts";
import { deeds, reasons, someDeeds, stepwise } from "../support/express-steps.ts";

const HOUR = 3_600_000;

describe.each(stores)("on the $name store", ({ make }) => {
  test.each(["ignore", "error"] as const)(
    "no order of steps revives an ended session, with lateWrites: %s",
    async (lateWrites) => {
      const property = fc.asyncProperty(
        fc.scheduler(),
        someDeeds,
        reasons,
        fc.boolean(),
        async (scheduler, plan, reason, attached) => {
          const clock = new ShiftedClock();
          const inner = make(clock);
          let stepping = false;
          let over = false;
          const turn = async (step: string) => void (stepping && (await scheduler.schedule(Promise.resolve(), step)));
          const watch = async () => {
            if (!stepping) return;
            const live = (await inner.read(key)).state === "live";
            if (over) expect(live, "revived").toBe(false);
            over = !live;
          };
          const store = stepwise(inner, turn, watch);
          const sessions = createLiveSessions<Data>({ store, clock, lifetime: "30m", touchInterval: 0, onError() {} });
          const middleware = expressStore(sessions, { lateWrites });
          middleware.generate = () => {};
          const { id, key } = await sessions.create({ user: 1 });
          const live = attached ? await sessions.attach(id) : null;
          stepping = true;

          const ends: Record<EndReason, () => Promise<unknown>> = {
            destroyed: () => call((done) => middleware.destroy(id, done)),
            regenerated: () => call((done) => middleware.regenerate(fakeRequest(middleware, id), done)),
            revoked: () => sessions.end(id, "revoked"),
            expired: async () => {
              await turn("time passes");
              clock.advance(24 * HOUR);
              await watch();
            },
          };
          await scheduler.waitFor(
            Promise.allSettled([
              ...plan.map((deed, index) => deeds[deed](middleware, id, `k${index}`)),
              live?.put("handle", true),
              ends[reason](),
            ]),
          );
          stepping = false;
          expect(over).toBe(true);
          expect(await inner.read(key)).toMatchObject({ state: "ended", reason });
          await sessions.close();
        },
      );
      await fc.assert(property, { numRuns: 400 });
    },
  );

  const ends: Record<
    string,
    (tab: { get(path: string): Promise<unknown> }, id: string, hub: ReturnType<typeof testHub>) => Promise<unknown>
  > = {
    logout: (tab) => tab.get("/logout"),
    regenerate: (tab) => tab.get("/login"),
    revoke: (_tab, id, { sessions }) => sessions.end(id, "revoked"),
    expiry: async (_tab, _id, { clock }) => clock.advance(24 * HOUR),
  };

  test.each(Object.keys(ends))("over HTTP: a slow request does not undo a %s", async (how) => {
    const hub = testHub({ make, lifetime: "1h", rotationGrace: 0 });
    const { sessions } = hub;
    const gate = new Gate(2);
    const routes = (app: Express) => {
      app.get("/start", (request, response) => {
        bag(request).user = 1;
        response.end();
      });
      app.get("/slow", async (request, response) => {
        await gate.wait();
        bag(request).late = true;
        request.session.save((error?: { code: string }) => response.json({ code: error?.code ?? null }));
      });
      app.get("/idle", async (_request, response) => {
        await gate.wait();
        response.end();
      });
      app.get("/logout", (request, response) => request.session.destroy(() => response.end()));
      app.get("/login", (request, response) => {
        request.session.regenerate(() => {
          bag(request).user = 2;
          response.end();
        });
      });
    };
    const { browser, errors } = await startApp(sessions, { routes, resave: true });
    const tab = browser();
    await tab.get("/start");
    const { id } = tab;
    const slow = [tab.fork().get("/slow"), tab.fork().get("/idle")];
    await gate.full;
    await ends[how]?.(tab.fork(), id, hub);
    gate.open();
    const [late] = await Promise.all(slow);
    expect(late?.body).toEqual({ code: null });
    expect(await sessions.read(id)).toBeNull();
    expect(errors).toEqual([]);
    // The old cookie gets a new session under a new id: the dead one is not adopted.
    await tab.get("/start");
    expect(tab.id).not.toBe(id);
  });

  test("lateWrites: error tells the caller, for saves and touches", async () => {
    const { sessions } = testHub({ make, touchInterval: 0 });
    const store = expressStore(sessions, { lateWrites: "error" });
    const { id } = await sessions.create({ n: 1 });
    const session = await load(store, id);
    await sessions.end(id, "revoked");
    const ended = { code: "session_ended", reason: "revoked" };
    await expect(call((done) => store.touch(id, session, done))).rejects.toMatchObject(ended);
    bag({ session }).n = 2;
    await expect(call((done) => session.save(done))).rejects.toMatchObject(ended);
    expect(await sessions.records.count()).toBe(0);
  });

  test("a session without a base under an ended id is an error, whatever lateWrites says", async () => {
    const { sessions } = testHub({ make });
    const store = expressStore(sessions);
    const { id } = await sessions.create({ n: 1 });
    await call((done) => store.destroy(id, done));
    const plain = { n: 2 } as never;
    await expect(call((done) => store.set(id, plain, done))).rejects.toMatchObject({ code: "session_ended" });
    expect(await sessions.read(id)).toBeNull();
  });

  test("touch never creates and never writes data", async () => {
    const { sessions } = testHub({ make, touchInterval: 0 });
    const store = expressStore(sessions);
    await call((done) => store.touch("unknown", { n: 1, cookie: { maxAge: HOUR } } as never, done));
    expect(await sessions.records.count()).toBe(0);
    const { id } = await sessions.create({ n: 1 });
    await call((done) => store.touch(id, { n: 2, cookie: { maxAge: HOUR } } as never, done));
    const session = await load(store, id);
    bag({ session }).n = 3;
    await call((done) => store.touch(id, session, done));
    expect(await sessions.read(id)).toEqual({ n: 1 });
  });

  test("a first save in flight does not outlive the logout that follows it, nor come after it", async () => {
    const { sessions } = testHub({ make });
    let session: Session;
    const { browser } = await startApp(sessions, {
      routes(app) {
        app.get("/", (request, response) => {
          session = request.session;
          bag(request).n = 1;
          session.save();
          session.destroy(() => {
            session.save((error?: { code: string }) => response.json({ code: error?.code }));
          });
        });
        app.get("/unsaved", (request, response) => {
          session = request.session;
          session.destroy(() => {
            session.save((error?: { code: string }) => response.json({ code: error?.code }));
          });
        });
      },
    });
    await browser().get("/");
    expect(await sessions.records.count()).toBe(0);
    expect((await browser().get("/unsaved")).body).toEqual({ code: "session_ended" });
    expect(await sessions.records.count()).toBe(0);
  });
});
