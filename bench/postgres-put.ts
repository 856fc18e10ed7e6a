// One write of one key: live-session/postgres against connect-pg-simple, whose write is a get and a set of the session.
// Alone: node --expose-gc --import tsx bench/postgres-put.ts

import { fileURLToPath } from "node:url";
import connectPgSimple from "connect-pg-simple";
import session, { type SessionData } from "express-session";
import { type SessionStore, sessionKey } from "live-session";
import { postgres, postgresStore } from "live-session/postgres";
import pg from "pg";
import { startPostgres } from "../tests/support/servers/postgres.ts";

export const name = "postgres: one write, against connect-pg-simple's get and set";

const SESSIONS = 100;
const ROUNDS = 3;
const WRITES = 1_000;

/** The session that is written to: about half a kilobyte. */
const data = {
  user: { id: 7, name: "Ada" },
  cart: Array.from({ length: 10 }, (_, id) => ({ id, name: "kite", price: 9.5 })),
};

export async function run(): Promise<void> {
  const server = await startPostgres({ fsync: true });
  const pool = new pg.Pool({ connectionString: server.url(), max: 12 });
  try {
    const { store, bus } = postgres({ client: pool, table: "live" });
    const apart = postgresStore({ client: pool, table: "live" });
    const simple = new (connectPgSimple(session))({ pool, createTableIfMissing: true, pruneSessionInterval: false });
    await bus.subscribe(sessionKey("nobody"), () => {});
    const get = (id: string) =>
      new Promise<SessionData>((ok, no) => simple.get(id, (e, found) => (e ? no(e) : ok(found as SessionData))));
    const set = (id: string, value: SessionData) =>
      new Promise<void>((ok, no) => simple.set(id, value, (e) => (e ? no(e) : ok())));
    const lifetime = 86_400_000;
    for (let index = 0; index < SESSIONS; index++) {
      const incarnation = `incarnation${index}`;
      await store.commit(sessionKey(`s${index}`), { mode: "create", put: data, delete: [], incarnation, lifetime });
      await set(`s${index}`, { cookie: { originalMaxAge: lifetime }, ...data } as unknown as SessionData);
    }
    const put = (to: SessionStore) => async (index: number, n: number) => {
      const commit = { mode: "update", put: { n }, delete: [], incarnation: "unused" } as const;
      const result = await to.commit(sessionKey(`s${index}`), commit);
      if (!result.ok) throw new Error(result.why);
    };
    const contenders = {
      "put, event in the same statement": put(store),
      "put, event published after it": async (index: number, n: number) => {
        await put(apart)(index, n);
        const changes = { put: { n }, delete: [] };
        const event = { type: "changed", incarnation: "one", version: n, changes, expiresAt: n, now: n } as const;
        await bus.publish(sessionKey(`s${index}`), event);
      },
      "connect-pg-simple get + set": async (index: number, n: number) => {
        await set(`s${index}`, { ...(await get(`s${index}`)), n } as SessionData);
      },
    };
    for (const inFlight of [1, 100]) {
      const best = await compare(contenders, inFlight);
      const base = best.at(-1)?.perSecond ?? 1;
      for (const { title, perSecond } of best) {
        console.log(`${inFlight} in flight: ${title}: ${Math.round(perSecond)}/s (${(perSecond / base).toFixed(2)}x)`);
      }
    }
    const { rows } = await pool.query("SELECT round(avg(pg_column_size(t.*))) AS row FROM live AS t");
    console.log(`a session of ${Buffer.byteLength(JSON.stringify(data))} bytes of JSON: a row of ${rows[0].row} bytes`);
    await bus.close();
  } finally {
    await pool.end();
    await server.remove();
  }
}

type Contenders = Record<string, (index: number, n: number) => Promise<void>>;

/** The median of several rounds each, in turns, so that what else the machine does falls on all alike. */
async function compare(contenders: Contenders, inFlight: number): Promise<{ title: string; perSecond: number }[]> {
  const rates = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [title, write] of Object.entries(contenders)) {
      const writes = inFlight === 1 ? WRITES / 5 : WRITES;
      let next = 0;
      const started = performance.now();
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          for (let n = next++; n < writes; n = next++) await write(n % SESSIONS, n);
        }),
      );
      const rate = (writes * 1_000) / (performance.now() - started);
      rates.set(title, [...(rates.get(title) ?? []), rate]);
    }
  }
  return [...rates].map(([title, all]) => ({
    title,
    perSecond: all.sort((a, b) => a - b)[Math.floor(all.length / 2)] as number,
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run();
