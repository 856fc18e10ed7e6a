// PostgreSQL, through pg or postgres.js, whichever the project has.

import { engineOf, type PostgresClientLike, type Engine as PostgresEngine } from "../../engines/postgres/engine.ts";
import { migrate, tableOf } from "../../engines/postgres/schema.ts";
import { postgres } from "../../postgres.ts";
import { examinePostgres } from "../doctor/postgres.ts";
import { notFound } from "../failures.ts";
import { needed } from "../packages.ts";
import type { Engine, StoreOptions } from "./open.ts";
import { unreachable } from "./redis.ts";

/** What is used of `pg`: a CommonJS package, so under `default`. */
interface PgPackage {
  readonly default: { readonly Pool: new (options: object) => PostgresClientLike & { end(): Promise<void> } };
}
/** What is used of `postgres`. */
interface PostgresJsPackage {
  default(url: string, options: object): PostgresClientLike & { end(options: object): Promise<void> };
}

const CONNECT_MS = 5_000;

/** @throws CliError `missing_package`, `unreachable` */
export async function openPostgres(url: string, { table, schema }: StoreOptions): Promise<Engine> {
  const place = tableOf({ table, schema }); // checked before anything is reached
  const { name, module } = await needed("PostgreSQL", ["pg", "postgres"]);
  const { client, end } =
    name === "pg" ? pgClient(module as PgPackage, url) : jsClient(module as PostgresJsPackage, url);
  const engine = engineOf(client, "client", { prepare: false });
  const ask = asker(engine);
  async function close() {
    await engine.close();
    await end();
  }
  try {
    await ask("SELECT 1");
  } catch (error) {
    await close();
    throw unreachable("PostgreSQL", error);
  }
  return {
    kind: "postgres",
    async sessions({ create = false, unlogged = false }) {
      if (create) await migrate(engine, tableOf({ table, schema, unlogged }));
      else if ((await ask("SELECT to_regclass($1)", place.name)) === null) {
        throw notFound(
          `There is no table ${place.name} in this database: make it with "live-session migrate".`,
          "no_store",
        );
      }
      const due = async (retention: number) => {
        // As the store's own sweep looks for them: through the index of what is due.
        const until = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1::bigint";
        return Number(
          await ask(
            `SELECT count(*) FROM ${place.name} WHERE due <= (${until}) / 60000 AND expires_at <= ${until}`,
            String(retention),
          ),
        );
      };
      return { ...postgres({ client, table, schema, migrate: false }), due };
    },
    examine: () => examinePostgres(ask, place),
    close,
  };
}

/** Asks for the first column of the first row, as text. */
export type Ask = (text: string, ...values: string[]) => Promise<string | null>;

function asker(engine: PostgresEngine): Ask {
  return async (text, ...values) => (await engine.query({ name: "", text }, values))[0] ?? null;
}

function pgClient(module: PgPackage, connectionString: string) {
  const client = new module.default.Pool({ connectionString, max: 4, connectionTimeoutMillis: CONNECT_MS });
  return { client, end: () => client.end() };
}

function jsClient(module: PostgresJsPackage, url: string) {
  const client = module.default(url, { max: 4, connect_timeout: CONNECT_MS / 1_000, onnotice() {} });
  return { client, end: () => client.end({ timeout: 5 }) };
}
