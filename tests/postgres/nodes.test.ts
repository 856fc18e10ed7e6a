// Several nodes on one database, through the whole library: they converge, ends are final, no update is lost.

import fc from "fast-check";
import { createLiveSessions, type LiveSession } from "live-session";
import { postgres } from "live-session/postgres";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { nodesSuite } from "../support/nodes-suite.ts";
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

for (const kind of clients) {
  nodesSuite({
    name: kind.name,
    async open() {
      const table = freshTable();
      const make = () => {
        const { client, end } = kind.connect(server);
        return { ...postgres({ client, table, heartbeat: 500 }), close: end };
      };
      return [make(), make()];
    },
  });
}
