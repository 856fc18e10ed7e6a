// Several nodes on one database, through the whole library: they converge, ends are final, no update is lost.

import fc from "fast-check";
import { createLiveSessions, type LiveSession, updateSession } from "live-session";
import { postgres } from "live-session/postgres";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bag, Gate, startApp } from "../support/express.ts";
import { type ClientKind, clients, freshTable, pgKind, type TestClient } from "../support/postgres.ts";
import { type PostgresServer, startPostgres } from "../support/servers/postgres.ts";

type Data = Record<string, unknown>;

let server: PostgresServer;
let admin: TestClient;

beforeAll(async () => {
  server = await startPostgres();
  admin = pgKind.connect(server);
});

afterAll(async () => {
  await admin?.end();
  await server?.remove();
});

function node(kind: ClientKind, table: string) {
  const { client, end } = kind.connect(server);
  const sessions = createLiveSessions<Data>({ ...postgres({ client, table, heartbeat: 500 }), onError: () => {} });
  onTestFinished(async () => {
    await sessions.close();
    await end();
  });
  return sessions;
}

/** Resolves once a handle is live with this version, or over. */
function inStep(live: LiveSession<Data>, version: number | null): Promise<void> {
  return new Promise((resolve) => {
    const there = () =>
      version === null ? live.status === "ended" : live.version >= version && live.status === "live";
    if (there()) return resolve();
    const end = live.subscribe(() => {
      if (!there()) return;
      end();
      resolve();
    });
  });
}

test("two nodes converge under any interleaving of puts, deletes, cut connections and an end", async () => {
  const table = freshTable();
  const [here, there] = [node(clients[0] as ClientKind, table), node(clients[1] as ClientKind, table)];
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("put" as const), at: fc.nat(1), key: fc.nat(3), value: fc.nat(9) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), at: fc.nat(1), key: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("cut" as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), fc.boolean(), async (steps, ends) => {
      const { id } = await here.create({});
      const lives = [await here.attach(id), await there.attach(id)] as const;
      const versions = lives.map((live) => {
        const seen: number[] = [];
        live.subscribe((message) => message.type === "live_session_updated" && seen.push(message.version));
        return seen;
      });
      const writes: Promise<unknown>[] = [];
      for (const each of steps) {
        if (each.do === "put") writes.push((lives[each.at] as LiveSession<Data>).put(`k${each.key}`, each.value));
        if (each.do === "delete") writes.push((lives[each.at] as LiveSession<Data>).delete(`k${each.key}`));
        if (each.do === "wait") await Promise.all(writes);
        if (each.do === "cut") {
          await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen %'");
        }
      }
      await Promise.all(writes);
      const stored = await here.records.read(lives[0].key);
      if (stored.state !== "live") throw new Error("The session is gone.");
      for (const live of lives) {
        await inStep(live, stored.record.version);
        expect(live.data).toEqual(stored.record.data);
      }
      for (const seen of versions) expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
      if (ends) {
        await there.end(id, "revoked");
        for (const live of lives) await inStep(live, null);
        expect(lives.map((live) => live.endReason)).toEqual(["revoked", "revoked"]);
      }
      for (const live of lives) live.detach();
    }),
    { numRuns: 8 },
  );
});

describe.each(clients)("express-session on $name", (kind) => {
  test("200 writes at once through the unmodified middleware on two nodes: all 200 are kept", async () => {
    const table = freshTable();
    const gate = new Gate(200);
    const nodes = [node(kind, table), node(kind, table)] as const;
    const apps = await Promise.all(
      nodes.map((sessions) =>
        startApp(sessions, {
          routes(app) {
            app.get("/start", (request, response) => {
              bag(request).started = true;
              response.end();
            });
            app.get("/put/:key", async (request, response) => {
              await gate.wait();
              bag(request)[request.params.key] = true;
              response.end();
            });
          },
        }),
      ),
    );
    const tabs = apps.map(({ browser }) => browser());
    await tabs[0]?.get("/start");
    for (const [name, value] of tabs[0]?.cookies ?? []) tabs[1]?.cookies.set(name, value);
    const all = Array.from({ length: 200 }, (_, index) => tabs[index % 2]?.get(`/put/k${index}`));
    await gate.full;
    gate.open();
    await Promise.all(all);
    expect(Object.keys((await nodes[1].read(tabs[0]?.id as string)) ?? {})).toHaveLength(201);
  });

  test("a request in flight on another node cannot revive a session that was logged out", async () => {
    const table = freshTable();
    const gate = new Gate();
    const nodes = [node(kind, table), node(kind, table)] as const;
    const routes: Parameters<typeof startApp>[1]["routes"] = (app) => {
      app.get("/start", (request, response) => {
        bag(request).user = "ada";
        response.end();
      });
      app.get("/slow", async (request, response) => {
        await gate.wait();
        bag(request).late = true;
        response.end();
      });
      app.get("/logout", (request, response) => request.session.destroy(() => response.end()));
    };
    const [one, two] = await Promise.all(nodes.map((sessions) => startApp(sessions, { routes })));
    const tab = (one as NonNullable<typeof one>).browser();
    await tab.get("/start");
    const other = (two as NonNullable<typeof two>).browser();
    for (const [name, value] of tab.cookies) other.cookies.set(name, value);
    const { id } = tab;
    const live = await nodes[1].attach(id);
    const slow = other.get("/slow").catch(() => {});
    await gate.full;
    await tab.get("/logout");
    await inStep(live, null);
    gate.open();
    await slow;
    expect(await nodes[0].read(id)).toBeNull();
    expect(live.endReason).toBe("destroyed");
  });

  test("60 increments by two nodes at once give 60", async () => {
    const table = freshTable();
    const nodes = [node(kind, table), node(kind, table)] as const;
    const { id } = await nodes[0].create({ n: 0 });
    const increment = (n: unknown) => (n as number) + 1;
    const maps = await Promise.all(nodes.map((sessions) => sessions.read(id)));
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        updateSession(maps[index % 2] as NonNullable<(typeof maps)[0]>, "n", increment),
      ),
    );
    expect(await nodes[0].read(id)).toEqual({ n: 60 });
  });
});
