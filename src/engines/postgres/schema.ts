// The table, and how it comes about: made by the library under a lock, or by hand with the same SQL.

import { LiveSessionError } from "../../core/errors.ts";
import type { Engine } from "./engine.ts";
import { codeOf } from "./failures.ts";
import { checkName } from "./names.ts";
import { run, statement } from "./statement.ts";

export interface PostgresTableOptions {
  /** Default `"live_sessions"`. Letters, digits and `_`. */
  readonly table?: string | undefined;
  /** The schema that the table is in; it must exist. Default: the first of the connection's `search_path`. */
  readonly schema?: string | undefined;
  /**
   * Makes the table unlogged: faster, but sessions are lost when the server crashes, and are not on its replicas. Only
   * read when the table is made. Default false.
   */
  readonly unlogged?: boolean | undefined;
}

/** The table as it stands in SQL. */
export interface Table {
  readonly name: string;
  readonly versions: string;
  readonly unlogged: boolean;
  readonly plain: string;
}

/** @throws LiveSessionError `bad_option` */
export function tableOf({ table = "live_sessions", schema, unlogged = false }: PostgresTableOptions): Table {
  checkName("table", table);
  const prefix = schema === undefined ? "" : `"${checkName("schema", schema)}".`;
  return { name: `${prefix}"${table}"`, versions: `${prefix}"${table}_version"`, unlogged, plain: table };
}

/** Rows that end within the same minute share a place in the index of what is due. */
export const DUE_MS = 60_000;

/**
 * The steps that lead to the newest table, from the oldest on. A step may run twice, when two nodes start at once, and
 * must leave nodes of the last version working: both run side by side during a deploy.
 *
 * Step 1. `data` maps each key to its value as JSON *text*: jsonb itself would refuse U+0000 and lone surrogates, and
 * text keeps every value to the byte. `expires_at` is computed by the server from what a write sets, so that a write
 * names the time once. An index on it would have to be changed by every write; `due` changes at most once a minute, and
 * in between an update stays within its page (HOT), for which the fill factor leaves space.
 */
function steps({ name, plain, unlogged }: Table): readonly string[] {
  const expiry = "least(active_at + lifetime, deadline)";
  return [
    `CREATE ${unlogged ? "UNLOGGED " : ""}TABLE IF NOT EXISTS ${name} (
  key text COLLATE "C" PRIMARY KEY,
  incarnation text NOT NULL,
  version bigint NOT NULL,
  data jsonb NOT NULL,
  meta text,
  principal text COLLATE "C",
  created_at bigint NOT NULL,
  active_at bigint NOT NULL,
  lifetime bigint NOT NULL,
  deadline bigint,
  ended text,
  expires_at bigint NOT NULL GENERATED ALWAYS AS (${expiry}) STORED,
  due bigint NOT NULL GENERATED ALWAYS AS (${expiry} / ${DUE_MS}) STORED
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS "${plain}_due" ON ${name} (due);
CREATE INDEX IF NOT EXISTS "${plain}_principal" ON ${name} (left(principal, 200), key) WHERE principal IS NOT NULL;`,
  ];
}

/** The version of the newest table. */
export function newestVersion(): number {
  return steps(tableOf({})).length;
}

function migration(table: Table): string {
  const all = steps(table);
  return `SELECT pg_advisory_xact_lock(hashtextextended('live-session ${table.plain}', 0));
CREATE TABLE IF NOT EXISTS ${table.versions} (version integer PRIMARY KEY);
${all.join("\n")}
INSERT INTO ${table.versions} (version) VALUES (${all.length}) ON CONFLICT DO NOTHING;`;
}

/**
 * The SQL that the store would run itself, for those who migrate by themselves; run it in one transaction. It may be
 * run again.
 *
 * @throws LiveSessionError `bad_option`
 */
export function postgresSchema(options: PostgresTableOptions = {}): string {
  return `${migration(tableOf(options))}\n`;
}

/**
 * Sees to it that the table is there, in its newest form. Asks before it changes anything: a node whose user may not
 * change tables works where someone else did.
 */
export async function migrate(engine: Engine, table: Table): Promise<void> {
  const ask = statement(
    "version",
    `SELECT concat_ws(' ', coalesce(max(version), 0), current_setting('server_encoding'), pg_is_in_recovery())
FROM ${table.versions}`,
  );
  let answer: string | undefined;
  try {
    [answer] = await run(engine, ask);
  } catch (error) {
    if (codeOf(error) !== "42P01" && codeOf((error as Error).cause) !== "42P01") throw error;
  }
  const [version = "0", encoding, replica] = answer?.split(" ") ?? [];
  if (replica === "t") throw new LiveSessionError("bad_option", "client: sessions need the primary, not a replica.");
  if (Number(version) < steps(table).length) await engine.script(migration(table));
  if (answer === undefined) return migrate(engine, table);
  if (encoding !== "UTF8") {
    throw new LiveSessionError("bad_option", `client: the database's encoding is ${encoding}; sessions need UTF8.`);
  }
}
