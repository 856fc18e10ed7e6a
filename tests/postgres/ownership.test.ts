// Whatever happens at once on two nodes, a principal's list is what the records say.

import { createLiveSessions } from "live-session";
import { postgres } from "live-session/postgres";
import { afterAll, beforeAll, test } from "vitest";
import { ownershipHolds, wait } from "../support/ownership-model.ts";
import { clients, freshTable } from "../support/postgres.ts";
import { type PostgresServer, startPostgres } from "../support/servers/postgres.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.remove());

test.each(clients)("with $name", async (kind) => {
  const table = freshTable();
  const connections = [kind.connect(server), kind.connect(server)];
  await ownershipHolds({
    runs: 60,
    open(principalLimit) {
      const nodes = connections.map(({ client }) =>
        createLiveSessions<Record<string, unknown>>({ ...postgres({ client, table }), principalLimit, onError() {} }),
      );
      return { nodes, advance: wait, close: () => Promise.all(nodes.map((node) => node.close())) };
    },
  });
  await Promise.all(connections.map((connection) => connection.end()));
});
