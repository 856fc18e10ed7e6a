// The conformance suites, unchanged, with each client; the store also with its server's clock held still.

import { setTimeout } from "node:timers/promises";
import { busConformance, storeConformance } from "live-session/conformance";
import { postgres, postgresBus, postgresStore } from "live-session/postgres";
import { afterAll, beforeAll, describe, test } from "vitest";
import {
  advanceStillClock,
  clients,
  freshTable,
  makeStillClock,
  pgKind,
  STILL,
  type TestClient,
} from "../support/postgres.ts";
import { type PostgresServer, startPostgres } from "../support/servers/postgres.ts";

let server: PostgresServer;
let admin: TestClient;

beforeAll(async () => {
  server = await startPostgres();
  admin = pgKind.connect(server);
  await makeStillClock(admin);
});

afterAll(async () => {
  await admin?.end();
  await server?.remove();
});

describe.each(clients)("with $name", (kind) => {
  const storeCases = (exactClock: boolean) =>
    storeConformance({
      exactClock,
      fails: true,
      sweeps: true,
      open() {
        const table = freshTable();
        const searchPath = exactClock ? STILL : undefined;
        const [one, two] = [kind.connect(server, { searchPath }), kind.connect(server, { searchPath })];
        // One publishes in the statement itself, the other does not: both are the store.
        const { store, bus } = postgres({ client: one.client, table, schema: "public" });
        const peer = postgresStore({ client: two.client, table, schema: "public" });
        let ended = false;
        return {
          store,
          peer,
          advance: async (ms) => {
            if (exactClock) await advanceStillClock(admin, ms);
            else await setTimeout(ms + 1);
          },
          useClient: () => one.query("SELECT 1"),
          fail: async () => {
            ended = true;
            await one.end();
          },
          async close() {
            await bus.close();
            await store.close();
            await peer.close();
            if (!ended) await one.end();
            await two.end();
            await admin.query(`DROP TABLE IF EXISTS public.${table}, public.${table}_version`);
          },
        };
      },
    });

  describe("the store, its clock held still", () => {
    for (const { name, run } of storeCases(true)) test(name, run);
  });

  describe("the store, on the real clock", () => {
    for (const { name, run } of storeCases(false)) test(name, run);
  });

  describe("the bus", () => {
    const cases = busConformance({
      interrupts: true,
      fails: true,
      open() {
        const channel = freshTable();
        const [one, two] = [kind.connect(server), kind.connect(server)];
        const bus = postgresBus({ client: one.client, channel, heartbeat: "1s" });
        const peer = postgresBus({ client: two.client, channel, heartbeat: "1s" });
        let ended = false;
        return {
          bus,
          peer,
          useClient: () => one.query("SELECT 1"),
          interrupt: cutListeners,
          fail: async () => {
            ended = true;
            // A Pool ends once the connection that listens is given back.
            const over = one.end();
            await cutListeners();
            await over;
          },
          async close() {
            await bus.close();
            await peer.close();
            if (!ended) await one.end();
            await two.end();
          },
        };
      },
    });
    for (const { name, run } of cases) test(name, run);
  });
});

/** Terminates the connections that listen, of both endpoints. */
async function cutListeners(): Promise<void> {
  await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen %'");
}
