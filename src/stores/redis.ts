// The Redis store: each session is one text, written by scripts that decide, write and publish in one step.

import { type Duration, milliseconds } from "../core/duration.ts";
import type { SessionKey } from "../core/ids.ts";
import type { Commit, CommitResult, ListedRecord, LiveVersion, ReadResult, SessionStore } from "../core/store.ts";
import { bad, knownClient, type RedisClientLike } from "../engines/redis/clients.ts";
import { checkPrefix, DEFAULT_PREFIX, keyOf, nameOf, type RedisBus } from "../engines/redis/events.ts";
import { openEngine } from "./redis/engine.ts";
import { principalIndex } from "./redis/principals.ts";
import { type CommitAnswer, commitArguments, commitResult, foundIn, optional, recordIn } from "./redis/records.ts";
import {
  commitScript,
  destroyScript,
  headsScript,
  INDEX_GRACE,
  readScript,
  type Script,
  touchScript,
} from "./redis/scripts.ts";
import { Turn } from "./redis/turn.ts";

export interface RedisStoreOptions {
  /**
   * A connected client of node-redis 5 or 6 (`createClient`, `createSentinel`, `createCluster`) or of ioredis 5 or 6 (`Redis`,
   * `Cluster`). It stays yours to close. With ioredis the store works on a duplicate of it.
   */
  readonly client: RedisClientLike;
  /** The `redisBus` on the same client: the store then publishes in the same step as it writes. Default: the hub publishes. */
  readonly bus?: RedisBus | undefined;
  /** What the names of keys begin with. Default `"live-session:"`. */
  readonly prefix?: string | undefined;
  /** How long ends are remembered. Redis forgets by itself, so give what `createLiveSessions` has. Default `"10m"`. */
  readonly endedRetention?: Duration | undefined;
}

/** Reads, and commits, of one call where all keys lie on one server. Where more wait, Redis and this process work side by side. */
const TOGETHER = 50;
/** Characters of one answer, if sessions are as long as those that were last read. */
const READ_LENGTH = 1024 * 1024;

interface CommitAsk {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/**
 * A store in Redis 6.2 or newer, or what speaks its protocol. Redis's clock is the store's, and Redis frees what is over.
 *
 * @throws LiveSessionError `bad_option`
 */
export function redisStore(options: RedisStoreOptions): SessionStore {
  const { client, bus, prefix = DEFAULT_PREFIX } = options;
  const known = knownClient(client);
  checkPrefix(prefix);
  const retention = milliseconds(options.endedRetention ?? "10m", "endedRetention", 0);
  if (bus) checkBus(bus, client, prefix);
  const publish = bus?.publishing.command ?? "";
  const engine = openEngine(known);
  const index = principalIndex(engine, prefix);
  const name = (key: SessionKey) => nameOf(prefix, key);
  const together = engine.cluster ? 1 : TOGETHER;
  let readTogether = together;
  let longest = retention;
  const kept = () => String(longest);

  const commits = new Turn({
    caller: engine.caller,
    async send(asks: readonly CommitAsk[]) {
      const keys = asks.flatMap((ask) => ask.keys);
      const args = [kept(), publish, ...asks.flatMap((ask) => ask.args)];
      return JSON.parse(String(await engine.runFor(commitScript, keys, args))) as [number, ...CommitAnswer[]];
    },
    answer: (reply, index) => commitResult(reply[index + 1] as CommitAnswer, reply[0]),
    most: () => together,
    weight: ({ args }) => args.reduce((length, each) => length + each.length, 0),
  });

  const reads = new Turn({
    caller: engine.caller,
    async send(keys: readonly SessionKey[]) {
      const reply = await (engine.texts ?? textsByScript)(keys.map(name));
      const length = reply.found.reduce((sum, text) => sum + (text?.length ?? 0), 0);
      readTogether = Math.max(1, Math.min(together, Math.floor((READ_LENGTH * keys.length) / length)));
      return reply;
    },
    answer({ now, found }, index, key) {
      const result = foundIn(found[index] ?? null, now);
      // That a time passed is for Redis to say in one step: the session may have been pushed right after it was read.
      const sure = result.state !== "ended" || result.reason !== "expired" || !engine.texts;
      return sure ? result : readAll([key]).then(([again]) => again as ReadResult);
    },
    most: () => readTogether,
  });

  /** Writes one by one stay in the order in which they were asked for. */
  function runAfter(script: Script, key: SessionKey, args: readonly string[]): Promise<unknown> {
    commits.flush();
    reads.flush();
    return engine.run(script, [name(key)], args);
  }

  /** A commit that gives the session to someone: where the index lies elsewhere, its entry is written first. */
  async function commitFor(principal: string, key: SessionKey, commit: Commit): Promise<CommitResult> {
    const entry = index.entry(principal, key);
    if (!engine.cluster) {
      const keys = [name(key), entry.due, entry.principal];
      return commits.ask({ keys, args: commitArguments(commit, [entry.dueMember, entry.member]) });
    }
    await index.add(entry);
    const asked = performance.now();
    const result = await commits.ask({ keys: [name(key)], args: commitArguments(commit, null) });
    // On its way for so long that the entry may have been taken for a left-over.
    if (performance.now() - asked > INDEX_GRACE / 2) await index.add(entry);
    return result;
  }

  async function textsByScript(names: readonly string[]) {
    const found = (await engine.runFor(readScript, names)) as (string | null)[];
    return { now: Number(found.pop()), found };
  }

  async function readAll(keys: readonly SessionKey[]): Promise<ReadResult[]> {
    const { now, found } = await engine.runAll(readScript, keys.map(name));
    return (found as (string | null)[]).map((text) => foundIn(text, now));
  }

  /** Every key once, in pages. Remembers those that it gave: Redis may give one twice while its tables grow or shrink. */
  async function* allKeys(): AsyncIterable<SessionKey[]> {
    const seen = new Set<SessionKey>();
    for await (const names of engine.scan(pattern(prefix)))
      yield onlyNew(
        names.map((each) => keyOf(prefix, each)),
        seen,
      );
  }

  async function* listAll(): AsyncIterable<ListedRecord> {
    for await (const keys of allKeys()) {
      if (keys.length === 0) continue;
      for (const [at, result] of (await readAll(keys)).entries()) {
        if (result.state === "live") yield { key: keys[at] as SessionKey, record: result.record };
      }
    }
  }

  async function* listOf(principal: string): AsyncIterable<ListedRecord> {
    const seen = new Set<SessionKey>();
    for await (const page of index.pages(principal)) {
      const keys = onlyNew(page.keys, seen);
      if (keys.length === 0) continue;
      for (const [at, result] of (await readAll(keys)).entries()) {
        const key = keys[at] as SessionKey;
        if (result.state === "live" && result.record.principal === principal) yield { key, record: result.record };
        else await index.drop(index.entry(principal, key), page.now);
      }
    }
  }

  return {
    read: (key) => reads.ask(key),

    commit(key, commit) {
      if (commit.mode !== "update" && commit.lifetime === undefined) {
        throw new TypeError("A commit that may create a record needs a lifetime.");
      }
      if (typeof commit.principal === "string") return commitFor(commit.principal, key, commit);
      return commits.ask({ keys: [name(key)], args: commitArguments(commit, null) });
    },

    async touch(key, { lifetime, meta, ifIncarnation }) {
      const args = [
        lifetime === undefined ? "" : String(lifetime),
        optional(meta),
        optional(ifIncarnation),
        kept(),
        publish,
      ];
      const reply = (await runAfter(touchScript, key, args)) as [unknown, unknown] | null;
      return reply && { expiresAt: Number(reply[0]), now: Number(reply[1]) };
    },

    async destroy(key, reason) {
      const text = (await runAfter(destroyScript, key, [reason, kept(), publish])) as string | null;
      return text === null ? null : recordIn(text);
    },

    async versions(keys) {
      const { now, found } = await engine.runAll(headsScript, keys.map(name));
      const live = new Map<SessionKey, LiveVersion>();
      for (const [at, key] of keys.entries()) {
        const [version, incarnation, expiresAt] = found[at] as string[];
        if (version === undefined) continue;
        live.set(key, {
          version: Number(version),
          incarnation: JSON.parse(incarnation as string),
          expiresAt: Number(expiresAt),
        });
      }
      return { now, live };
    },

    async sweep(given) {
      longest = Math.max(longest, given); // what the hub goes by, should it be more than this store was told
      await index.sweep();
      return 0;
    },

    list: ({ principal } = {}) => (principal === undefined ? listAll() : listOf(principal)),

    async count() {
      let count = 0;
      for await (const keys of allKeys()) {
        if (keys.length === 0) continue;
        const { found } = await engine.runAll(headsScript, keys.map(name));
        for (const head of found) if ((head as unknown[]).length > 0) count++;
      }
      return count;
    },

    close: () => engine.close(),

    publishesTo: bus,
  };
}

function checkBus(bus: RedisBus, client: RedisClientLike, prefix: string): void {
  const { publishing } = bus;
  if (!publishing) throw bad("bus: not a redisBus. Give any other bus to createLiveSessions alone.");
  if (publishing.client !== client || publishing.prefix !== prefix) {
    throw bad("bus: made with another client or prefix. Give it to createLiveSessions alone: the hub then publishes.");
  }
}

/** The names of records, and of nothing else that begins like them: keys have 43 characters. */
function pattern(prefix: string): string {
  return prefix.replace(/[\\*?[\]]/g, "\\$&") + "?".repeat(43);
}

function onlyNew(keys: readonly SessionKey[], seen: Set<SessionKey>): SessionKey[] {
  return keys.filter((key) => !seen.has(key) && seen.add(key));
}
