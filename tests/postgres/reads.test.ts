// Reads that share a statement find what each would by itself.

import { type SessionKey, type SessionStore, sessionKey } from "live-session";
import { postgresStore } from "live-session/postgres";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { clients, freshTable } from "../support/postgres.ts";
import { noteStatements } from "../support/postgres-statements.ts";
import { type PostgresServer, startPostgres } from "../support/servers/postgres.ts";
import { rejection } from "../support/sessions.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server?.remove();
});

const create = { mode: "create", put: { n: 0 }, delete: [], incarnation: "one", lifetime: 3_600_000 } as const;

async function created(store: SessionStore, count: number): Promise<SessionKey[]> {
  const keys = Array.from({ length: count }, (_, n) => sessionKey(`session ${n}`));
  for (const key of keys) await store.commit(key, create);
  return keys;
}

describe.each(clients)("with $name", (kind) => {
  function open() {
    const own = kind.connect(server);
    onTestFinished(() => own.end());
    const { reads } = noteStatements(own.client);
    return { store: postgresStore({ client: own.client, table: freshTable() }), reads };
  }

  test("reads of one turn share a statement, and each finds what it would by itself", async () => {
    const { store, reads } = open();
    const [live, other, ended, expired] = (await created(store, 4)) as [SessionKey, SessionKey, SessionKey, SessionKey];
    await store.commit(other, { ...create, mode: "update", put: { odd: "\u0000\ud800" }, meta: { path: "/" } });
    await store.destroy(ended, "revoked");
    await store.touch(expired, { lifetime: 0 });
    const keys = [live, other, live, ended, expired, sessionKey("missing")];
    reads.length = 0;
    const together = await Promise.all(keys.map((key) => store.read(key)));
    expect(reads).toEqual([5]);
    expect(together).toMatchObject([
      { state: "live", record: { version: 1, data: { n: 0 } } },
      { state: "live", record: { version: 2, data: { n: 0, odd: "\u0000\ud800" }, meta: { path: "/" } } },
      { state: "live", record: { version: 1, data: { n: 0 } } },
      { state: "ended", reason: "revoked" },
      { state: "ended", reason: "expired" },
      { state: "missing" },
    ]);
    await store.read(live);
    expect(reads).toEqual([5, 1]);
    await Promise.all(Array.from({ length: 120 }, (_, n) => store.read(sessionKey(`none ${n}`))));
    expect(reads.slice(2)).toEqual([50, 50, 20]);
  });

  test("a read that PostgreSQL refuses is an error for its own reader alone", async () => {
    const { store, reads } = open();
    const keys = await created(store, 5);
    reads.length = 0;
    const failing = rejection(Promise.resolve(store.read("\u0000" as SessionKey)));
    for (const found of await Promise.all(keys.map((key) => store.read(key)))) expect(found.state).toBe("live");
    await failing;
    expect(reads).toEqual([6, 1, 1, 1, 1, 1, 1]);
  });
});
