// The statements of the store. Each is decided by the lock of the one row that it writes: in READ COMMITTED, a statement
// that waited for another writer looks at its conditions again, on the row as that writer left it.

import { DUE_MS, type Table } from "../../engines/postgres/schema.ts";
import { itemsFor, ofItem, statement } from "../../engines/postgres/statement.ts";
import { NOW } from "../../engines/postgres/time.ts";
import { ROW } from "./rows.ts";

/** A commit gives back data up to this size, in bytes as the server holds it. */
const GIVEN_BACK = 8_192;

export interface StatementOptions {
  readonly table: Table;
  /** Where events go, in the same statement as the write; null leaves them to the hub. */
  readonly channel: string | null;
  readonly lockTimeoutMs: number;
}

export function statementsFor({ table: { name }, channel, lockTimeoutMs }: StatementOptions) {
  // A row that someone else holds must not hold a connection of the pool for longer than callers wait. A condition on no
  // row, or in the FROM of a write, so that it is set before a row is locked.
  const setLimit = `set_config('lock_timeout', '${lockTimeoutMs}', true)`;
  const limited = `(SELECT ${setLimit}) IS NOT NULL`;
  const limits = `limits AS MATERIALIZED (SELECT ${setLimit}, ${NOW} AS now)`;
  const live = `t.ended IS NULL AND t.expires_at > ${NOW}`;

  /** The event, as `decodeEvent` reads it. */
  const notify = (type: string, ...parts: string[]) =>
    channel === null
      ? ""
      : `,\n  pg_notify('${channel}', t.key || ' ["${type}",' || to_json(t.incarnation)${parts.map((part) => ` || ',' || ${part}`).join("")} || ']')`;

  /** As `resultOf` reads it. */
  const answer = `json_build_array(t.version, t.incarnation, t.expires_at, t.active_at) || chr(10) ||
    CASE WHEN pg_column_size(t.data) <= ${GIVEN_BACK} THEN t.data::text ELSE '' END`;
  const changed = notify("c", "t.version", "t.expires_at", "t.active_at || coalesce(',' || $changes, '')");
  const committed = `RETURNING ${answer}${changed}`;

  const change = (put: string) => {
    const after = `((t.data - $delete::text[]) || ${put})`;
    return {
      set: `data = ${after},
    version = t.version + 1,
    active_at = ${NOW},
    lifetime = coalesce($lifetime::bigint, t.lifetime),
    deadline = CASE WHEN $setDeadline IS NULL THEN t.deadline ELSE ${NOW} + $newDeadline::bigint END,
    meta = CASE WHEN $setMeta IS NULL THEN t.meta ELSE $meta END,
    principal = CASE WHEN $setPrincipal IS NULL THEN t.principal ELSE $principal END`,
      // Size as core counts it: the braces and, for each entry, two quotes, a colon and, but for the first, a comma.
      where: `${live}
    AND ($ifVersion IS NULL OR t.version = $ifVersion::bigint)
    AND ($ifIncarnation IS NULL OR t.incarnation = $ifIncarnation)
    AND ($maxBytes IS NULL OR $maxBytes::bigint >= (
      SELECT CASE WHEN count(*) = 0 THEN 2 ELSE 1 + sum(octet_length(key) + octet_length(value) + 4) END
      FROM jsonb_each_text(${after})))`,
    };
  };

  const insert = (orElse: string) => `WITH ${limits}
INSERT INTO ${name} AS t
  (key, data, version, incarnation, created_at, active_at, lifetime, deadline, meta, principal)
SELECT $key, $put::jsonb, 1, $incarnation, now, now, $lifetime::bigint, now + $deadline::bigint, $meta, $principal
FROM limits
ON CONFLICT (key) DO ${orElse}
${committed}`;

  const put = change("$put::jsonb");
  const excluded = change("excluded.data");
  const update = `SET ${put.set} WHERE ${limited} AND t.key = $key AND ${put.where} ${committed}`;

  return {
    update: statement("update", `UPDATE ${name} AS t ${update}`),
    // Many updates of different keys, each decided as if it were alone. Rows that someone else holds are left out, so that
    // this waits for no row and no two of these wait for each other. What was locked in a newer version than the statement
    // began with is updated in that version, by the same second look as above.
    updateMany: statement(
      "update_many",
      `WITH item AS MATERIALIZED (SELECT * FROM ${itemsFor(update)}),
held AS MATERIALIZED (
  SELECT t.key FROM ${name} AS t WHERE ${limited} AND t.key = ANY (ARRAY (SELECT item.key FROM item))
  FOR NO KEY UPDATE OF t SKIP LOCKED),
done AS (
  UPDATE ${name} AS t SET ${ofItem(put.set)}
  FROM item WHERE t.key = ANY (ARRAY (SELECT held.key FROM held)) AND t.key = item.key AND ${ofItem(put.where)}
  RETURNING t.key, ${ofItem(answer)} AS answer${ofItem(changed)})
SELECT json_build_array(held.key, done.answer)::text FROM held LEFT JOIN done ON done.key = held.key`,
    ),
    create: statement("create", insert("NOTHING")),
    upsert: statement("upsert", insert(`UPDATE SET ${excluded.set} WHERE ${excluded.where}`)),

    touch: statement(
      "touch",
      `UPDATE ${name} AS t SET active_at = ${NOW},
  lifetime = coalesce($lifetime::bigint, t.lifetime),
  meta = CASE WHEN $setMeta IS NULL THEN t.meta ELSE $meta END
WHERE ${limited} AND t.key = $key AND ${live} AND ($ifIncarnation IS NULL OR t.incarnation = $ifIncarnation)
RETURNING json_build_array(t.expires_at, t.active_at)::text`,
    ),
    /** A touch that others must hear of: the lifetime is another. */
    touchLifetime: statement(
      "touch_lifetime",
      `UPDATE ${name} AS t SET active_at = ${NOW},
  lifetime = $lifetime::bigint,
  meta = CASE WHEN $setMeta IS NULL THEN t.meta ELSE $meta END
WHERE ${limited} AND t.key = $key AND ${live} AND ($ifIncarnation IS NULL OR t.incarnation = $ifIncarnation)
RETURNING json_build_array(t.expires_at, t.active_at)::text${notify("t", "t.expires_at", "t.active_at")}`,
    ),

    // The end is kept as a row without data, due for the sweep from now on.
    destroy: statement(
      "destroy",
      `WITH ${limits}, old AS MATERIALIZED (
  SELECT t.*, limits.now FROM ${name} AS t, limits WHERE t.key = $key AND ${live} FOR UPDATE OF t)
UPDATE ${name} AS t SET ended = $reason, data = '{}', meta = NULL, principal = NULL, active_at = ${NOW}, lifetime = 0
FROM old WHERE t.key = old.key
RETURNING json_build_array(${ROW.replaceAll("t.", "old.")}, old.now)::text${notify("e", "to_json(t.ended)")}`,
    ),
    // Waits for a writer who came in time and has not committed yet; then no one who was told of the expiry can be
    // proven wrong.
    expire: statement(
      "expire",
      `UPDATE ${name} AS t SET ended = 'expired', data = '{}', meta = NULL, principal = NULL
WHERE ${limited} AND t.key = $key AND t.ended IS NULL AND t.expires_at <= ${NOW} RETURNING t.key`,
    ),

    read: statement(
      "read",
      `SELECT json_build_array(${ROW}, clock.now)::text FROM ${name} AS t, (SELECT ${NOW} AS now) AS clock
WHERE t.key = $key`,
    ),
    readMany: statement(
      "read_many",
      `SELECT json_build_array(${ROW}, clock.now)::text FROM ${name} AS t, (SELECT ${NOW} AS now) AS clock
WHERE t.key = ANY ($keys::text[])`,
    ),
    // The clock alone makes a row, so that its time comes also where nothing is found.
    versions: statement(
      "versions",
      `SELECT json_build_array(clock.now, t.key, t.version, t.incarnation, t.expires_at)::text
FROM (SELECT ${NOW} AS now) AS clock
LEFT JOIN ${name} AS t ON t.key = ANY ($keys::text[]) AND t.ended IS NULL AND t.expires_at > clock.now`,
    ),
    list: statement(
      "list",
      `SELECT json_build_array(${ROW}, 0)::text FROM ${name} AS t
WHERE t.key > $after AND ${live} ORDER BY t.key LIMIT $limit::integer`,
    ),
    listPrincipal: statement(
      "list_principal",
      `SELECT json_build_array(${ROW}, 0)::text FROM ${name} AS t
WHERE left(t.principal, 200) = left($principal, 200) AND t.principal = $principal
  AND t.key > $after AND ${live} ORDER BY t.key LIMIT $limit::integer`,
    ),
    count: statement("count", `SELECT count(*)::text FROM ${name} AS t WHERE ${live}`),

    // Rows that others hold are theirs: swept by another node, or just pushed. `due` finds them by its index, and the array
    // makes sure of the primary key's: a join may look at the whole table.
    sweep: statement(
      "sweep",
      `WITH clock AS MATERIALIZED (SELECT ${NOW} - $retention::bigint AS time), old AS MATERIALIZED (
  SELECT t.key FROM ${name} AS t WHERE t.due <= (SELECT time FROM clock) / ${DUE_MS}
    AND t.expires_at <= (SELECT time FROM clock) ORDER BY t.due LIMIT $limit::integer FOR UPDATE OF t SKIP LOCKED),
gone AS (DELETE FROM ${name} AS t WHERE t.key = ANY (ARRAY (SELECT key FROM old)) RETURNING 1)
SELECT count(*)::text FROM gone`,
    ),
  };
}
