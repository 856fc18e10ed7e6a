// The PostgreSQL store: sessions in a table that every node shares. See docs/drivers/postgres.md.

import type { SessionBus } from "../core/bus.ts";
import { applyChanges } from "../core/changes.ts";
import { type Duration, milliseconds } from "../core/duration.ts";
import { LiveSessionError } from "../core/errors.ts";
import type { SessionKey } from "../core/ids.ts";
import { jsonBytes } from "../core/json.ts";
import type { Commit, CommitResult, LiveVersion, ReadResult, SessionStore } from "../core/store.ts";
import { engineOf, type PostgresClientLike } from "../engines/postgres/engine.ts";
import { channels, encodeChanges } from "../engines/postgres/events.ts";
import { migrate, type PostgresTableOptions, tableOf } from "../engines/postgres/schema.ts";
import { encodeItems, run, type Statement, type Values } from "../engines/postgres/statement.ts";
import { groups } from "./postgres/groups.ts";
import { reads } from "./postgres/reads.ts";
import { encodeData, encodeMeta, escapeText, type Row, recordOf, resultOf, textArray } from "./postgres/rows.ts";
import { statementsFor } from "./postgres/statements.ts";

export interface PostgresStoreOptions extends PostgresTableOptions {
  /** The user's own client: a `Pool` of `pg`, or the `sql` function of postgres.js. */
  readonly client: PostgresClientLike;
  /**
   * The bus (a `postgresBus`) on which the store publishes each write, in the same transaction: an event goes out if and
   * only if the write is kept. Default: none; then the hub publishes after each write, on whatever bus it has.
   */
  readonly bus?: SessionBus | undefined;
  /** Makes the table at the first use, or brings it up to date. Default true; see `postgresSchema` for `false`. */
  readonly migrate?: boolean | undefined;
  /** Prepares statements on the server. Default true; false for a pooler that cannot. */
  readonly prepare?: boolean | undefined;
  /** How long a write waits for a row that another transaction holds, before it fails. Default `"4s"`. */
  readonly lockTimeout?: Duration | undefined;
}

const PAGE = 200;
const SWEEP_BATCH = 1_000;
/** A refusal that no longer holds when it is looked into is tried again, so many times. */
const ATTEMPTS = 50;

/** @throws LiveSessionError `bad_option` */
export function postgresStore(options: PostgresStoreOptions): SessionStore {
  const { client, bus, prepare = true } = options;
  const table = tableOf(options);
  const channel = bus ? channels.get(bus) : null;
  if (channel === undefined) throw new LiveSessionError("bad_option", "bus: was not made with postgresBus.");
  const lockTimeoutMs = milliseconds(options.lockTimeout ?? "4s", "lockTimeout");
  const statements = statementsFor({ table, channel, lockTimeoutMs });
  const engine = engineOf(client, "client", { prepare });
  let ready: Promise<void> | null = options.migrate === false ? Promise.resolve() : null;

  async function ask(statement: Statement, values: Values): Promise<string[]> {
    ready ??= migrate(engine, table).catch((error) => {
      ready = null; // the next call tries again
      throw error;
    });
    await ready;
    return run(engine, statement, values);
  }

  const update = groups<string | undefined>({
    alone: async (values) => (await ask(statements.update, values))[0],
    async together(all) {
      const answers = await ask(statements.updateMany, { items: encodeItems(all) });
      return new Map(answers.map((each) => JSON.parse(each)).map(([key, answer]) => [key, answer ?? undefined]));
    },
  });

  const rowOf = reads<Row>({
    alone: async (key) => (await rowsOf(statements.read, { key }))[0],
    together: async (keys) => {
      const rows = await rowsOf(statements.readMany, { keys: textArray(keys) });
      return new Map(rows.map((row) => [row[0], row]));
    },
  });

  async function rowsOf(statement: Statement, values: Values): Promise<Row[]> {
    return (await ask(statement, values)).map((row) => JSON.parse(row));
  }

  async function read(key: SessionKey): Promise<ReadResult> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const row = await rowOf(key);
      if (row === undefined) return { state: "missing" };
      const [, ended, , , , expiresAt] = row;
      const now = row[11];
      if (ended !== null) return { state: "ended", reason: ended, ago: now - expiresAt };
      if (expiresAt > now) return { state: "live", record: recordOf(row), now };
      const [expired] = await ask(statements.expire, { key });
      if (expired !== undefined) return { state: "ended", reason: "expired", ago: now - expiresAt };
    }
    throw restless();
  }

  /** Tries a write until it is done, or what refuses it is certain. */
  async function settle<T>(
    key: SessionKey,
    write: () => Promise<T | undefined>,
    refuse: (found: ReadResult) => T | undefined,
  ): Promise<T> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const done = (await write()) ?? refuse(await read(key));
      if (done !== undefined) return done;
    }
    throw restless();
  }

  return {
    publishesTo: bus,
    read,

    commit(key, commit) {
      const mode = statementOf(commit);
      const values = valuesOf(key, commit);
      const write = async (): Promise<CommitResult | undefined> => {
        const answer = mode === "update" ? await update(key, values) : (await ask(statements[mode], values))[0];
        return answer === undefined ? undefined : resultOf(answer);
      };
      return settle(key, hopeless(commit) ? async () => undefined : write, (found) => refusal(found, commit));
    },

    async touch(key, { lifetime, meta, ifIncarnation }) {
      const statement = lifetime === undefined ? statements.touch : statements.touchLifetime;
      const values = { key, lifetime, ifIncarnation, ...metaValues(meta) };
      const write = async () => {
        const [answer] = await ask(statement, values);
        if (answer === undefined) return undefined;
        const [expiresAt, now] = JSON.parse(answer);
        return { expiresAt, now };
      };
      return settle<{ expiresAt: number; now: number } | null>(key, write, (found) => {
        const live = found.state === "live" && (ifIncarnation ?? found.record.incarnation) === found.record.incarnation;
        return live ? undefined : null;
      });
    },

    async destroy(key, reason) {
      const write = async () => {
        const [answer] = await ask(statements.destroy, { key, reason });
        return answer === undefined ? undefined : recordOf(JSON.parse(answer));
      };
      return settle(key, write, (found) => (found.state === "live" ? undefined : null));
    },

    async versions(keys) {
      const rows = await ask(statements.versions, { keys: textArray(keys) });
      const live = new Map<SessionKey, LiveVersion>();
      let now = 0;
      for (const row of rows) {
        const [time, key, version, incarnation, expiresAt] = JSON.parse(row);
        now = time;
        if (key !== null) live.set(key, { version, incarnation, expiresAt });
      }
      return { now, live };
    },

    async sweep(retention) {
      for (let freed = 0; ; ) {
        const [count] = await ask(statements.sweep, { retention, limit: SWEEP_BATCH });
        freed += Number(count);
        if (Number(count) < SWEEP_BATCH) return freed;
      }
    },

    async *list({ principal } = {}) {
      const statement = principal === undefined ? statements.list : statements.listPrincipal;
      const values = { limit: PAGE, principal: principal === undefined ? null : escapeText(principal) };
      for (let after = ""; ; ) {
        const page = await rowsOf(statement, { ...values, after });
        for (const row of page) yield { key: row[0] as SessionKey, record: recordOf(row) };
        const last = page.at(-1);
        if (!last || page.length < PAGE) return;
        after = last[0];
      }
    },

    async count() {
      const [count] = await ask(statements.count, {});
      return Number(count);
    },

    close: () => engine.close(),
  };
}

function statementOf({ mode, ifVersion, ifIncarnation }: Commit): Commit["mode"] {
  // A condition is met by a record that exists, or not at all.
  return mode === "upsert" && (ifVersion !== undefined || ifIncarnation !== undefined) ? "update" : mode;
}

/** An INSERT looks at no condition and no size: what can only be refused is not tried. */
function hopeless(commit: Commit): boolean {
  const { mode, put, ifVersion, ifIncarnation } = commit;
  if (mode === "create" && (ifVersion !== undefined || ifIncarnation !== undefined)) return true;
  return mode !== "update" && exceeds(jsonBytes(put), commit);
}

function valuesOf(key: SessionKey, commit: Commit): Values {
  const { lifetime, principal, ifVersion, ifIncarnation, maxBytes, deadline, newDeadline, incarnation } = commit;
  if (commit.mode !== "update" && lifetime === undefined) {
    throw new TypeError("A commit that may create a record needs a lifetime.");
  }
  return {
    key,
    put: encodeData(commit.put),
    delete: textArray(commit.delete.map(escapeText)),
    changes: encodeChanges(commit),
    incarnation,
    lifetime,
    deadline,
    setDeadline: newDeadline === undefined ? undefined : "",
    newDeadline,
    ...metaValues(commit.meta),
    setPrincipal: principal === undefined ? undefined : "",
    principal: principal === undefined || principal === null ? undefined : escapeText(principal),
    ifVersion,
    ifIncarnation,
    maxBytes,
  };
}

function metaValues(meta: Commit["meta"]): Values {
  return { setMeta: meta === undefined ? undefined : "", meta: meta ? encodeMeta(meta) : undefined };
}

/** Why a commit was refused, going by what is there now; undefined if it no longer would be. */
function refusal(found: ReadResult, commit: Commit): CommitResult | undefined {
  const { mode, ifVersion, ifIncarnation } = commit;
  if (found.state === "ended") return { ok: false, why: "ended", reason: found.reason };
  if (found.state === "missing") {
    const creates = mode !== "update" && ifVersion === undefined && ifIncarnation === undefined;
    return creates ? tooLarge(jsonBytes(commit.put), commit) : { ok: false, why: "missing" };
  }
  const { data, version, incarnation } = found.record;
  if (mode === "create") return { ok: false, why: "exists" };
  if (version !== (ifVersion ?? version) || incarnation !== (ifIncarnation ?? incarnation)) {
    return { ok: false, why: "conflict" };
  }
  return tooLarge(jsonBytes(applyChanges(data, commit)), commit);
}

function tooLarge(bytes: number, commit: Commit): CommitResult | undefined {
  return exceeds(bytes, commit) ? { ok: false, why: "too_large", bytes } : undefined;
}

function exceeds(bytes: number, { maxBytes }: Commit): boolean {
  return maxBytes !== undefined && bytes > maxBytes;
}

function restless(): Error {
  return new Error(`The session changed too fast: ${ATTEMPTS} attempts found it different each time.`);
}
