// The client `pg`: a Pool, of which listening holds one connection.

import { LiveSessionError } from "../../core/errors.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { clearer } from "./failures.ts";

interface PgQuery {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
  readonly rowMode: "array";
}

/** A connection of the pool. */
export interface PgClientLike {
  query(query: PgQuery): Promise<unknown>;
  on(event: "notification", listener: (message: { channel: string; payload?: string | undefined }) => void): unknown;
  on(event: "error" | "end", listener: (error?: Error) => void): unknown;
  release(destroy?: boolean): void;
}

/** What is used of a `Pool` of `pg` 8. */
export interface PgPoolLike {
  query(query: PgQuery): Promise<{ readonly rows: unknown[][] }>;
  connect(callback: (error: Error | undefined, client: PgClientLike | undefined) => void): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  readonly totalCount: number;
  readonly options?: { readonly max?: number | undefined };
}

/**
 * A pool tells of idle connections that broke as an "error", which without a listener would end the process. The next
 * query opens another connection, or fails and says so. Once for each pool and for good: a connection that was given
 * back may still break after the driver is closed.
 */
const guarded = new WeakSet<PgPoolLike>();

export function pgEngine(pool: PgPoolLike, { prepare }: EngineOptions): Engine {
  if (!guarded.has(pool)) {
    guarded.add(pool);
    pool.on("error", () => {});
  }

  return {
    async query({ name, text }, values) {
      const query: PgQuery = { text, values: [...values], rowMode: "array" };
      try {
        const { rows } = await pool.query(prepare ? { ...query, name } : query);
        return rows.map(([column]) => column as string);
      } catch (error) {
        throw clearer(error);
      }
    },

    async script(sql) {
      try {
        await pool.query({ text: sql, rowMode: "array" });
      } catch (error) {
        throw clearer(error);
      }
    },

    async listen(channels, { notify, lost }) {
      if (pool.options?.max === 1) {
        const message = "listen: the pool has a single connection (max: 1), and listening holds one for itself.";
        throw new LiveSessionError("bad_option", message);
      }
      let over = false;
      const client = await new Promise<PgClientLike>((resolve, reject) => {
        // Not by a promise of the pool's: a connection may break in the very step that made it, before anyone who waits
        // gets his turn, and an error that nobody listens to ends the process.
        pool.connect((error, made) => {
          if (!made) return reject(clearer(error));
          const broken = () => void (end(made) && lost());
          made.on("error", broken);
          made.on("end", broken);
          made.on("notification", ({ channel, payload }) => over || notify(channel, payload ?? ""));
          resolve(made);
        });
      });
      function end(listening: PgClientLike): boolean {
        if (over) return false;
        over = true;
        listening.release(true); // not back into the pool: it listens
        return true;
      }
      try {
        for (const channel of channels) await client.query({ text: `LISTEN "${channel}"`, rowMode: "array" });
      } catch (error) {
        end(client);
        throw clearer(error);
      }
      return () => void end(client);
    },

    async close() {},
  };
}
