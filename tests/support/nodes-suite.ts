// No lost update and no revived session with writers on two nodes: the tests of the embedded stores, for every engine.

import type { Express } from "express";
import fc from "fast-check";
import {
  createLiveSessions,
  type EndReason,
  type LiveSession,
  type LiveSessions,
  type SessionBus,
  type SessionStore,
  updateSession,
} from "live-session";
import { expressStore } from "live-session/express";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Browser, bag, call, type Data, fakeRequest, Gate, load, startApp } from "./express.ts";
import { deeds, someDeeds, stepwise } from "./express-steps.ts";

/** What a node has of its own: nothing that it shares with another but the engine. */
export interface NodeDriver {
  readonly store: SessionStore;
  readonly bus: SessionBus;
  /** Closes the client; after store and bus. */
  close(): unknown;
}

export interface NodesEngine {
  readonly name: string;
  /** Two drivers on the same sessions, which no other test has. */
  open(): Promise<readonly [NodeDriver, NodeDriver]>;
}

type Node = LiveSessions<Data>;

const increment = (value: unknown) => ((value as number | undefined) ?? 0) + 1;

/** Resolves when the handle is over, to the reason. */
function ended(live: LiveSession<Data>): Promise<EndReason> {
  return new Promise((resolve) => {
    if (live.endReason) return resolve(live.endReason);
    live.subscribe((message) => message.type === "live_session_ended" && resolve(message.reason));
  });
}

/** Resolves when the handle's data passes. */
function until(live: LiveSession<Data>, passes: (data: Data) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => passes(live.data) && resolve();
    live.subscribe(look);
    look();
  });
}

export function nodesSuite({ name, open }: NodesEngine): void {
  async function twoDrivers() {
    const drivers = await open();
    onTestFinished(async () => {
      for (const { store, bus, close } of drivers) {
        await bus.close();
        await store.close();
        await close();
      }
    });
    return drivers;
  }

  async function twoNodes(options: object = {}): Promise<readonly [Node, Node]> {
    const drivers = await twoDrivers();
    const [one, other] = drivers.map(({ store, bus }) => {
      const sessions = createLiveSessions<Data>({ store, bus, onError: () => {}, rotationGrace: 0, ...options });
      onTestFinished(() => sessions.close());
      return sessions;
    });
    return [one as Node, other as Node];
  }

  /** The same app on both nodes, and a browser on each with the cookies of one. */
  async function twoApps(nodes: readonly [Node, Node], routes: (app: Express, node: Node) => void, options = {}) {
    const withStart = (app: Express, node: Node) => {
      app.get("/start", (request, response) => {
        bag(request).user = "ada";
        response.end();
      });
      routes(app, node);
    };
    const apps = await Promise.all(
      nodes.map((node) => startApp(node, { routes: (app) => withStart(app, node), ...options })),
    );
    const [here, there] = apps.map(({ browser }) => browser()) as [Browser, Browser];
    await here.get("/start");
    for (const [cookie, value] of here.cookies) there.cookies.set(cookie, value);
    return { tabs: [here, there] as const, id: here.id, errors: apps.flatMap(({ errors }) => errors) };
  }

  describe(`on two nodes with ${name}`, () => {
    test("200 requests at once that each write another key: all 200 are kept", async () => {
      const gate = new Gate(200);
      const nodes = await twoNodes();
      const { tabs, id } = await twoApps(nodes, (app) => {
        app.get("/put/:key", async (request, response) => {
          await gate.wait();
          bag(request)[request.params.key] = { by: request.params.key };
          response.end();
        });
      });
      const all = Array.from({ length: 200 }, (_, index) => tabs[index % 2]?.get(`/put/k${index}`));
      await gate.full;
      gate.open();
      await Promise.all(all);
      const data = await nodes[1].read(id);
      expect(Object.keys(data ?? {})).toHaveLength(201);
      expect(data?.k7).toEqual({ by: "k7" });
    });

    test("120 increments by requests, live handles and session maps at once give 120", async () => {
      const gate = new Gate(40);
      const nodes = await twoNodes();
      const { tabs, id } = await twoApps(nodes, (app, node) => {
        app.get("/increment", async (request, response) => {
          const map = await node.read(request.sessionID);
          await gate.wait();
          await updateSession(map as NonNullable<typeof map>, "n", increment);
          bag(request)[`seen${request.query.i}`] = true;
          response.end();
        });
      });
      const requests = Array.from({ length: 40 }, (_, index) => tabs[index % 2]?.get(`/increment?i=${index}`));
      await gate.full;
      const lives = await Promise.all(nodes.map((node) => node.attach(id)));
      const maps = await Promise.all(nodes.map((node) => node.read(id)));
      const updates = Array.from({ length: 40 }, (_, index) => lives[index % 2]?.update("n", increment));
      const mapped = Array.from({ length: 40 }, (_, index) => updateSession(maps[index % 2]!, "n", increment));
      gate.open();
      await Promise.all([...requests, ...updates, ...mapped]);
      const data = await nodes[0].read(id);
      expect(data?.n).toBe(120);
      expect(Object.keys(data ?? {})).toHaveLength(42);
    });

    test("updates of both, and puts in between, lose nothing, and both see it all", async () => {
      const [one, two] = await twoNodes();
      const { id } = await one.create();
      const [left, right] = [await one.attach(id), await two.attach(id)];
      const writes: Promise<unknown>[] = [];
      for (let index = 0; index < 40; index++) {
        writes.push(left.update("n", increment), right.update("n", increment), right.put(`k${index}`, index));
      }
      await Promise.all(writes);
      const whole = (data: Data) => data.n === 80 && Object.keys(data).length === 41;
      await Promise.all([until(left, whole), until(right, whole)]);
      expect(right.data).toEqual(left.data);
    });

    test("a request that loaded before another node's write does not undo it, nor bring back what was deleted", async () => {
      const gate = new Gate(2);
      const nodes = await twoNodes();
      const routes = (app: Express) => {
        app.get("/slow", async (request, response) => {
          await gate.wait();
          bag(request).own = "request's";
          response.end();
        });
        app.get("/idle", async (_request, response) => {
          await gate.wait();
          response.end();
        });
      };
      const { tabs, id } = await twoApps(nodes, routes, { resave: true });
      const live = await nodes[1].attach(id);
      await live.transaction((draft) => Object.assign(draft, { kept: 1, changed: "old", removed: true }));
      const slow = Promise.all([tabs[0].get("/slow"), tabs[0].fork().get("/idle")]);
      await gate.full;
      await live.put("changed", "new");
      await live.delete("removed");
      await live.put("added", [1]);
      gate.open();
      await slow;
      expect(await nodes[0].read(id)).toEqual({
        user: "ada",
        kept: 1,
        changed: "new",
        added: [1],
        own: "request's",
      });
    });

    const ends: Record<string, (tab: Browser, id: string, node: Node) => Promise<unknown>> = {
      destroyed: (tab) => tab.get("/logout"),
      regenerated: (tab) => tab.get("/login"),
      revoked: (_tab, id, node) => node.end(id, "revoked"),
    };

    test.each(Object.keys(ends))(
      "%s by one node: a slow request on the other does not undo it, handles hear of it, and its cookie is worth nothing",
      async (reason) => {
        const gate = new Gate(2);
        const nodes = await twoNodes();
        const routes = (app: Express) => {
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
              bag(request).user = "bob";
              response.end();
            });
          });
        };
        const { tabs, id, errors } = await twoApps(nodes, routes, { resave: true });
        const [here, there] = tabs;
        const over = ended(await nodes[1].attach(id));
        const slow = [there.fork().get("/slow"), there.fork().get("/idle")];
        await gate.full;
        await ends[reason]?.(here, id, nodes[0]);
        expect(await over).toBe(reason);
        gate.open();
        const [late] = await Promise.all(slow);
        expect(late?.body).toEqual({ code: null });
        for (const node of nodes) {
          expect(await node.read(id)).toBeNull();
          await expect(node.attach(id)).rejects.toMatchObject({ code: "session_ended", reason });
        }
        expect(errors).toEqual([]);
        // A new session under a new id: the dead one is not adopted.
        await there.get("/start");
        expect(there.id).not.toBe(id);
      },
    );

    test("lateWrites: error tells the caller of an end by another node, for saves and touches", async () => {
      const [one, two] = await twoNodes({ touchInterval: 0 });
      const store = expressStore(one, { lateWrites: "error" });
      const { id } = await one.create({ n: 1 });
      const session = await load(store, id);
      await two.end(id, "revoked");
      const over = { code: "session_ended", reason: "revoked" };
      await expect(call((done) => store.touch(id, session, done))).rejects.toMatchObject(over);
      bag({ session }).n = 2;
      await expect(call((done) => session.save(done))).rejects.toMatchObject(over);
      expect(await one.records.count()).toBe(0);
    });

    test("nothing is created under an id that another node ended", async () => {
      const [one, two] = await twoNodes();
      const store = expressStore(one);
      const { id, key } = await one.create({ n: 1 });
      await two.end(id);
      const plain = { n: 2 } as never;
      await expect(call((done) => store.set(id, plain, done))).rejects.toMatchObject({ code: "session_ended" });
      for (const mode of ["create", "upsert", "update"] as const) {
        const write = { mode, put: { n: 3 }, delete: [] };
        expect(await one.records.commit(key, write)).toEqual({ ok: false, why: "ended", reason: "destroyed" });
      }
      expect(await two.read(id)).toBeNull();
    });

    test("no order of one node's steps revives a session that the other ends", async () => {
      const [{ store: inner }, { store: others, bus }] = await twoDrivers();
      const endings = fc.constantFrom<EndReason>("destroyed", "regenerated", "revoked");
      const property = fc.asyncProperty(fc.scheduler(), someDeeds, endings, async (scheduler, plan, reason) => {
        let stepping = false;
        let over = false;
        const turn = async (step: string) => void (stepping && (await scheduler.schedule(Promise.resolve(), step)));
        const watch = async () => {
          if (!stepping) return;
          const live = (await others.read(key)).state === "live";
          if (over) expect(live, "revived").toBe(false);
          over = !live;
        };
        const hub = (store: SessionStore) =>
          // Closed with the test: a hub closes its store, which is every run's.
          createLiveSessions<Data>({
            store: { ...store, close() {} },
            touchInterval: 0,
            rotationGrace: 0,
            onError() {},
          });
        const [one, two] = [hub(stepwise(inner, turn, watch)), hub(stepwise(others, turn, watch))];
        const [middleware, other] = [expressStore(one), expressStore(two)];
        other.generate = () => {};
        const { id, key } = await one.create({ user: 1 });
        const live = await one.attach(id);
        stepping = true;
        const ends: Record<string, () => Promise<unknown>> = {
          destroyed: () => call((done) => other.destroy(id, done)),
          regenerated: () => call((done) => other.regenerate(fakeRequest(other, id), done)),
          revoked: () => two.end(id, "revoked"),
        };
        await scheduler.waitFor(
          Promise.allSettled([
            ...plan.map((deed, index) => deeds[deed](middleware, id, `k${index}`)),
            live.put("handle", true),
            ends[reason]?.(),
          ]),
        );
        stepping = false;
        expect(over).toBe(true);
        expect(await inner.read(key)).toMatchObject({ state: "ended", reason });
        await Promise.all([one.close(), two.close()]);
      });
      await fc.assert(property, { numRuns: 30 });
      await bus.close();
    });
  });
}
