// PostgreSQL: its version, whether it keeps what it acknowledged, the table, and its clock. See docs/drivers/postgres.md.

import { newestVersion, type Table } from "../../engines/postgres/schema.ts";
import { clockFinding, expect, type Finding, note, problem } from "./findings.ts";

type Ask = (text: string, ...values: string[]) => Promise<string | null>;

const OLDEST = 12;

const settings = [
  ["fsync", "on", "fsync = on in postgresql.conf: without it a crash of the machine may destroy the whole database."],
  ["full_page_writes", "on", "full_page_writes = on: without it a crash of the machine may leave broken pages."],
  [
    "synchronous_commit",
    "on",
    "synchronous_commit = on, at least for the app's user: a crash would undo the last logouts.",
  ],
  [
    "default_transaction_isolation",
    "read committed",
    "default_transaction_isolation = 'read committed' for the app's user: writes count on it.",
  ],
  ["server_encoding", "UTF8", "Use a database whose encoding is UTF8."],
] as const;

export async function examinePostgres(ask: Ask, table: Table): Promise<Finding[]> {
  const version = (await ask("SHOW server_version")) ?? "";
  const before = Date.now();
  const theirs = Number(await ask("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text"));
  const clock = clockFinding(before, theirs, Date.now());
  const findings = [
    expect(
      Number.parseInt(version, 10) >= OLDEST,
      "version",
      `PostgreSQL ${version}`,
      `PostgreSQL ${OLDEST} or newer is needed.`,
    ),
    expect(
      (await ask("SELECT pg_is_in_recovery()::text")) !== "true",
      "role",
      "writes are taken here, if this is a primary",
      "This is a replica. Sessions are written: give the primary.",
    ),
    clock,
  ];
  for (const [name, wanted, mend] of settings) {
    const value = await ask(`SHOW ${name}`);
    // What waits for standbys, too, is safer still.
    const fine =
      value === wanted || (name === "synchronous_commit" && (value === "remote_apply" || value === "remote_write"));
    findings.push(expect(fine, name, `${name} is ${value}`, mend));
  }
  return [...findings, ...(await tableFindings(ask, table))];
}

async function tableFindings(ask: Ask, { name, versions }: Table): Promise<Finding[]> {
  const mend = 'live-session migrate, or run what "live-session migrate --print" prints.';
  if ((await ask("SELECT to_regclass($1)::text", name)) === null)
    return [problem("table", `there is no table ${name}`, mend)];
  const has =
    (await ask("SELECT to_regclass($1)::text", versions)) === null
      ? 0
      : Number(await ask(`SELECT coalesce(max(version), 0)::text FROM ${versions}`));
  const newest = newestVersion();
  if (has < newest) return [problem("table", `the table ${name} is of version ${has}; ${newest} is the newest`, mend)];
  const findings = [
    has > newest
      ? note("table", `the table ${name} is of version ${has}, made by a newer live-session than this one (${newest})`)
      : expect(true, "table", `the table ${name} is of version ${has}, the newest`, mend),
  ];
  // Of a list it is enough to have one: each is asked for by itself.
  const all = ["SELECT", "INSERT", "UPDATE", "DELETE"]
    .map((right) => `has_table_privilege($1, '${right}')`)
    .join(" AND ");
  const rights = await ask(`SELECT (${all})::text`, name);
  findings.push(
    expect(
      rights === "true",
      "rights",
      rights === "true" ? "this user may read and write the table" : "this user may not read and write the table",
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO the app's user.`,
    ),
  );
  const persistence = await ask("SELECT relpersistence::text FROM pg_class WHERE oid = to_regclass($1)", name);
  if (persistence === "u")
    findings.push(
      problem(
        "unlogged",
        `the table ${name} is unlogged: a crash of the server empties it`,
        `ALTER TABLE ${name} SET LOGGED, unless that is what you want.`,
      ),
    );
  return findings;
}
