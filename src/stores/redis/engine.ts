// What the store asks of Redis: scripts by their digest, and a look through all keys, on one server or many.

import { type Caller, openCaller } from "../../engines/redis/caller.ts";
import {
  ignore,
  inOneWrite,
  ioRedisNode,
  isCluster,
  isOneConnection,
  type KnownClient,
  send,
} from "../../engines/redis/clients.ts";
import type { Script } from "./scripts.ts";

export interface Engine {
  /** Whether every key lies on a server of its own choosing. */
  readonly cluster: boolean;
  readonly caller: Caller;
  run(script: Script, keys: readonly string[], args?: readonly string[]): Promise<unknown>;
  /** As `run`, on behalf of calls that the caller counted. */
  runFor(script: Script, keys: readonly string[], args?: readonly string[]): Promise<unknown>;
  /** One call of a script for many keys where they lie on one server, else one call each, all at once. */
  runAll(script: Script, keys: readonly string[]): Promise<{ readonly now: number; readonly found: unknown[] }>;
  /**
   * The texts under keys, and Redis's time right after that, by plain commands: a script would cost Redis several times as
   * much. On behalf of calls that the caller counted. `null` where the client has several connections, which may do the one
   * before the other, or several servers.
   */
  readonly texts:
    | ((names: readonly string[]) => Promise<{ readonly now: number; readonly found: readonly (string | null)[] }>)
    | null;
  /** Names of keys that match, in pages; a name may come twice. */
  scan(pattern: string): AsyncIterable<string[]>;
  close(): void;
}

/** Keys of one call. Enough to make round trips few, and not so many that others wait for it. */
const BATCH = 250;

export function openEngine(given: KnownClient): Engine {
  const known = withoutResending(given);
  const caller = openCaller(known);
  const cluster = isCluster(known);

  async function runBy(
    call: Caller["call"],
    { sha, text }: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await call(keys[0], ["EVALSHA", sha, ...rest]);
    } catch (error) {
      // Redis forgets scripts when it restarts or is told to. It says so before it does anything.
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw inOurWords(error);
      return call(keys[0], ["EVAL", text, ...rest]);
    }
  }

  const run: Engine["run"] = (script, keys, args = []) => runBy(caller.call, script, keys, args);

  async function texts(names: readonly string[]) {
    const asked = inOneWrite(known, () => [
      caller.callFor(names[0], ["MGET", ...names]),
      caller.callFor(undefined, ["TIME"]),
    ]);
    const [found, [seconds, micros]] = (await Promise.all(asked)) as [(string | null)[], [unknown, unknown]];
    return { now: Number(seconds) * 1000 + Math.floor(Number(micros) / 1000), found };
  }

  return {
    cluster,
    caller,
    run,
    runFor: (script, keys, args = []) => runBy(caller.callFor, script, keys, args),

    texts: isOneConnection(known) ? texts : null,

    async runAll(script, keys) {
      const size = cluster ? 1 : BATCH;
      const calls: Promise<unknown>[] = [];
      for (let start = 0; start < Math.max(keys.length, 1); start += size) {
        calls.push(run(script, keys.slice(start, start + size)));
      }
      const replies = (await Promise.all(calls)) as unknown[][];
      // Where they differ, the latest: what is left of a session is then told too short rather than too long.
      const now = Math.max(...replies.map((reply) => Number(reply.pop())));
      return { now, found: replies.flat(1) };
    },

    async *scan(pattern) {
      // A cluster's client that was just made knows its servers once it had an answer.
      if (cluster) await caller.call(pattern, ["EXISTS", pattern]);
      for (const call of await servers(known, caller)) {
        let cursor = "0";
        do {
          const reply = await call(["SCAN", cursor, "MATCH", pattern, "COUNT", String(BATCH)]);
          const [next, names] = reply as [unknown, string[]];
          cursor = String(next);
          yield names;
        } while (cursor !== "0");
      }
    },

    close() {
      caller.close();
      if (known !== given && "disconnect" in known.client) known.client.disconnect();
    },
  };
}

/**
 * ioredis sends calls again whose answer was lost with the connection: a commit that was done would be done twice. So the
 * store has a connection of its own, on which such a call fails. node-redis never does that.
 */
function withoutResending(known: KnownClient): KnownClient {
  const once = { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0, lazyConnect: false };
  if (known.kind === "ioredis") {
    const client = known.client.duplicate(once);
    client.on("error", ignore);
    return { kind: "ioredis", client };
  }
  if (known.kind === "ioredis cluster") {
    const redisOptions = { ...known.client.options.redisOptions, ...once };
    const client = known.client.duplicate([], { redisOptions, retryDelayOnFailover: 0, lazyConnect: false });
    client.on("error", ignore);
    return { kind: "ioredis cluster", client };
  }
  return known;
}

/** ioredis names the option that made the call fail; it was the connection. */
function inOurWords(error: unknown): unknown {
  if ((error as Error | null)?.name !== "MaxRetriesPerRequestError") return error;
  return new Error("The connection to Redis was lost before the answer came.", { cause: error });
}

type Call = (args: readonly string[]) => Promise<unknown>;

/** A way to each server that holds keys. */
async function servers(known: KnownClient, caller: Caller): Promise<Call[]> {
  if (known.kind === "ioredis cluster") {
    // Not `nodes("master")`: sessions of a master that the client lost would be missing without a word.
    const addresses = new Set(known.client.slots.map((nodes) => nodes?.[0]));
    if (addresses.size === 0) addresses.add(undefined);
    const clients = [...addresses].map((address) => ioRedisNode(known.client, address));
    return clients.map((client) => (args) => send({ kind: "ioredis", client }, undefined, args));
  }
  if (known.kind === "node-redis cluster") {
    const clients = await Promise.all(known.client.masters.map((node) => known.client.nodeClient(node)));
    return clients.map((client) => (args) => send({ kind: "node-redis", client }, undefined, args));
  }
  return [(args) => caller.call(undefined, args)];
}
