// One write of one key on PostgreSQL, beside connect-pg-simple, whose write is a get and a set of the session.

import { promisify } from "node:util";
import connectPgSimple from "connect-pg-simple";
import session, { type SessionData } from "express-session";
import { type SessionStore, sessionKey } from "live-session";
import { postgres, postgresStore } from "live-session/postgres";
import pg from "pg";
import { startPostgres } from "../../tests/support/servers/postgres.ts";
import { caseOf, inTurns, type Row, rateInFlight } from "../support/measure.ts";

const SESSIONS = 100;
const LIFETIME_MS = 86_400_000;
const TOGETHER = 'put, events "with-write"';
const APART = 'put, events "after-write"';
const PEER = "connect-pg-simple get and set";

/** The session that is written to: about half a kilobyte. */
const data = {
  user: { id: 7, name: "Ada" },
  cart: Array.from({ length: 10 }, (_, id) => ({ id, name: "kite", price: 9.5 })),
};

type Write = (index: number, n: number) => Promise<unknown>;

async function writers(pool: pg.Pool) {
  const { store, bus } = postgres({ client: pool, table: "live" });
  const apart = postgresStore({ client: pool, table: "live" });
  const simple = new (connectPgSimple(session))({ pool, createTableIfMissing: true, pruneSessionInterval: false });
  const get = promisify(simple.get.bind(simple)) as (id: string) => Promise<SessionData>;
  const set = promisify(simple.set.bind(simple)) as (id: string, data: SessionData) => Promise<void>;
  await bus.subscribe(sessionKey("nobody"), () => {});
  for (let index = 0; index < SESSIONS; index++) {
    const create = { mode: "create", put: data, delete: [], incarnation: `${index}`, lifetime: LIFETIME_MS } as const;
    await store.commit(sessionKey(`s${index}`), create);
    await set(`s${index}`, { cookie: { originalMaxAge: LIFETIME_MS }, ...data } as unknown as SessionData);
  }
  const put = async (to: SessionStore, index: number, n: number) => {
    const commit = { mode: "update", put: { n }, delete: [], incarnation: "unused" } as const;
    const result = await to.commit(sessionKey(`s${index}`), commit);
    if (!result.ok) throw new Error(result.why);
  };
  const writes: Record<string, Write> = {
    [TOGETHER]: (index, n) => put(store, index, n),
    [APART]: async (index, n) => {
      await put(apart, index, n);
      const changes = { put: { n }, delete: [] };
      const event = { type: "changed", incarnation: "one", version: n, changes, expiresAt: n, now: n } as const;
      await bus.publish(sessionKey(`s${index}`), event);
    },
    [PEER]: async (index, n) => set(`s${index}`, { ...(await get(`s${index}`)), n } as SessionData),
  };
  return { writes, close: () => bus.close() };
}

async function* measure(pool: pg.Pool) {
  const { writes, close } = await writers(pool);
  for (const inFlight of [1, 100]) {
    const sides = Object.entries(writes).map(([name, write]) => ({
      name,
      measure: () => rateInFlight(inFlight, 500, (index) => write(index % SESSIONS, index)),
    }));
    const samples = await inTurns(sides);
    for (const ours of [TOGETHER, APART]) {
      yield caseOf({
        name: `${ours}, ${inFlight} in flight`,
        unit: "puts/s",
        better: "more",
        samples,
        ours,
        // The goal is for the default.
        beside: { [PEER]: { kind: "peer", ...(ours === TOGETHER && { goal: { atLeast: 1.5 } }) } },
      });
    }
  }
  await close();
}

export const row: Row = {
  group: "Redis and PostgreSQL",
  title: "a put on PostgreSQL, event included",
  about:
    `${SESSIONS} sessions of about half a kilobyte, one key written, fsync on, both by the same pool of twelve connections. ` +
    "connect-pg-simple loads and saves the session, and tells nobody.",
  async *run() {
    const server = await startPostgres({ fsync: true });
    const pool = new pg.Pool({ connectionString: server.url(), max: 12 });
    try {
      yield* measure(pool);
    } finally {
      await pool.end();
      await server.remove();
    }
  },
};
