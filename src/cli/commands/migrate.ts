// `live-session migrate`

import { postgresSchema } from "../../engines/postgres/schema.ts";
import { sqliteSchema } from "../../stores/sqlite/schema.ts";
import { type ExitCode, exitCodes, usage } from "../failures.ts";
import { DEFAULT_RETENTION } from "../numbers.ts";
import { outputOf } from "../output.ts";
import { kindOf, type StoreOptions, storeAddress, withEngine } from "../stores/open.ts";

export interface MigrateOptions extends StoreOptions {
  readonly print?: boolean;
  readonly unlogged?: boolean;
  readonly json?: boolean;
}

export async function migrate(options: MigrateOptions): Promise<ExitCode> {
  const { table, schema, unlogged = false, print = false } = options;
  const kind = kindOf(storeAddress(options));
  if (kind !== "postgres" && kind !== "sqlite") throw usage(`${kind} has no tables: there is nothing to migrate.`);
  if (unlogged && kind !== "postgres") throw usage("--unlogged means nothing to sqlite.");
  const output = outputOf(options);
  if (print) {
    const sql = kind === "postgres" ? postgresSchema({ table, schema, unlogged }) : sqliteSchema(table);
    output.result({ sql }, () => sql.trimEnd());
    return exitCodes.done;
  }
  const work = async (engine: Parameters<Parameters<typeof withEngine>[1]>[0]) => {
    await engine.sessions({ retention: DEFAULT_RETENTION, create: true, unlogged });
    output.result(
      { migrated: true, table: table ?? "live_sessions" },
      () => `The table "${table ?? "live_sessions"}" is up to date.`,
    );
    return exitCodes.done;
  };
  return withEngine(options, work, { create: true });
}
