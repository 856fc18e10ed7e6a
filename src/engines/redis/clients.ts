// The clients that people have: node-redis and ioredis, each for one server, Sentinel and Cluster. No import of either:
// which one it is shows in what it has.

import { LiveSessionError } from "../../core/errors.ts";

/** A client of node-redis (`createClient`, `createSentinel`, `createCluster`) or ioredis (`Redis`, `Cluster`). */
export interface RedisClientLike {
  // Not what they take, which each client says in its own way: what it has tells which one it is.
  readonly on: unknown;
  readonly duplicate: unknown;
}

/** Throws away what a client may be told about: its failures reach us with the calls that they fail. */
export const ignore = (): void => {};

type Listener = (...given: unknown[]) => void;

/** RESP's mark of a map: "%". */
const RESP_MAP = 37;

/**
 * Options of one call: replies as strings and lists of them, whatever the client's own mapping of types is; and no time-out of
 * the client's, which is a signal and a timer for each call: whoever asks has one already.
 */
const plainReply = { typeMapping: { [RESP_MAP]: Array }, timeout: 0 };

export interface NodeRedis {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  readonly options?: { readonly socket?: object };
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
  duplicate(overrides?: object): NodeRedis;
  connect(): Promise<unknown>;
  destroy(): unknown;
  sendCommand(args: readonly string[], options: object): Promise<unknown>;
  subscribe(channels: readonly string[], listener: (text: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  sSubscribe(channel: string, listener: (text: string, channel: string) => void): Promise<unknown>;
  sUnsubscribe(channel: string): Promise<unknown>;
}

export interface NodeRedisSentinel extends Omit<NodeRedis, "sendCommand" | "duplicate"> {
  duplicate(overrides?: object): NodeRedisSentinel;
  sendCommand(isReadonly: boolean, args: readonly string[], options: object): Promise<unknown>;
}

interface ClusterNode {
  readonly address: string;
}

export interface NodeRedisCluster {
  readonly isOpen: boolean;
  /** Missing in node-redis 5. */
  readonly isReady?: boolean;
  readonly masters: readonly ClusterNode[];
  readonly slots: readonly { readonly master: ClusterNode }[];
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
  nodeClient(node: ClusterNode): Promise<NodeRedis> | NodeRedis;
  sendCommand(key: string | undefined, isReadonly: boolean, args: readonly string[], options: object): Promise<unknown>;
}

export interface IoRedis {
  readonly isCluster?: false;
  readonly status: string;
  readonly options: { readonly host?: string; readonly port?: number; readonly keyPrefix?: string };
  /** Missing before it connects. */
  readonly stream?: { cork(): void; uncork(): void };
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
  duplicate(overrides?: object): IoRedis;
  connect(): Promise<unknown>;
  disconnect(): void;
  call(command: string, args: readonly string[]): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  ssubscribe(channel: string): Promise<unknown>;
  sunsubscribe(channel: string): Promise<unknown>;
}

export interface IoRedisCluster {
  readonly isCluster: true;
  readonly status: string;
  readonly options: { readonly keyPrefix?: string; readonly redisOptions?: object };
  /** For each slot the addresses of its nodes, the master first. */
  readonly slots: readonly (readonly string[] | undefined)[];
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
  duplicate(nodes: readonly never[], overrides: object): IoRedisCluster;
  nodes(role: "master"): IoRedis[];
  disconnect(): void;
  call(command: string, args: readonly string[]): Promise<unknown>;
}

export type KnownClient =
  | { readonly kind: "node-redis"; readonly client: NodeRedis }
  | { readonly kind: "node-redis sentinel"; readonly client: NodeRedisSentinel }
  | { readonly kind: "node-redis cluster"; readonly client: NodeRedisCluster }
  | { readonly kind: "ioredis"; readonly client: IoRedis }
  | { readonly kind: "ioredis cluster"; readonly client: IoRedisCluster };

/** @throws LiveSessionError `bad_option` */
export function knownClient(client: RedisClientLike, option = "client"): KnownClient {
  const has = (name: string) => name in (client ?? {});
  if (client && typeof client.on === "function" && typeof client.duplicate === "function") {
    if (has("call") && has("status")) return checked(client as unknown as IoRedis | IoRedisCluster, option);
    if (has("sendCommand") && has("isOpen")) {
      if (has("nodeClient")) return { kind: "node-redis cluster", client: client as unknown as NodeRedisCluster };
      if (has("getSentinelNode"))
        return { kind: "node-redis sentinel", client: client as unknown as NodeRedisSentinel };
      return { kind: "node-redis", client: client as unknown as NodeRedis };
    }
  }
  throw bad(`${option}: not a client of node-redis 5 or 6 (redis) or of ioredis.`);
}

function checked(client: IoRedis | IoRedisCluster, option: string): KnownClient {
  // It would go before keys, but not before patterns, nor before the names of channels.
  if (client.options.keyPrefix) throw bad(`${option}: has a keyPrefix of its own; use the driver's option "prefix".`);
  return client.isCluster ? { kind: "ioredis cluster", client } : { kind: "ioredis", client };
}

/** Sends one command. `key`: what a cluster finds the node by. */
export function send(known: KnownClient, key: string | undefined, args: readonly string[]): Promise<unknown> {
  switch (known.kind) {
    case "node-redis":
      return known.client.sendCommand(args, plainReply);
    case "node-redis sentinel":
      return known.client.sendCommand(false, args, plainReply);
    case "node-redis cluster":
      return known.client.sendCommand(key, false, args, plainReply);
    default:
      return known.client.call(args[0] as string, args.slice(1));
  }
}

/** Has what is sent meanwhile go in one write: ioredis makes one of each command, which costs as much as the command. */
export function inOneWrite<T>(known: KnownClient, send: () => T): T {
  const stream = known.kind === "ioredis" ? known.client.stream : undefined;
  stream?.cork();
  try {
    return send();
  } finally {
    stream?.uncork();
  }
}

/** Whether all calls go over one connection, so that they are done in the order in which they were made. */
export function isOneConnection({ kind }: KnownClient): boolean {
  return kind === "node-redis" || kind === "ioredis";
}

export function isCluster({ kind }: KnownClient): boolean {
  return kind === "node-redis cluster" || kind === "ioredis cluster";
}

export function bad(message: string): LiveSessionError {
  return new LiveSessionError("bad_option", message);
}

/** The node at an address of an ioredis cluster's slots. The client drops those that it lost. */
export function ioRedisNode(cluster: IoRedisCluster, address: string | undefined): IoRedis {
  const node = cluster.nodes("master").find(({ options }) => `${options.host}:${options.port}` === address);
  if (!node) throw new Error(`Redis is away: the cluster client has no connection to a master at ${address}.`);
  return node;
}
