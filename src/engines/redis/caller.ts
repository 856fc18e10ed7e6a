// Calls of Redis that fail at once while it is away: both clients would keep them, without bound, until it is back.

import { type KnownClient, send } from "./clients.ts";

/** Calls without an answer, of one caller. A Redis that hangs must not fill this process's memory. */
const MOST_PENDING = 20_000;

export interface Caller {
  /** One command. `key`: what a cluster finds the node by. Rejects at once while Redis is known to be away. */
  call(key: string | undefined, args: readonly string[]): Promise<unknown>;
  /** Counts one that is about to wait, unless Redis is away or too many do: then why not. Each must `leave`. */
  enter(): Error | undefined;
  leave(count: number): void;
  /** One command on behalf of those who entered. */
  callFor(key: string | undefined, args: readonly string[]): Promise<unknown>;
  /** Stops listening to the client, which stays open. */
  close(): void;
}

export function openCaller(known: KnownClient): Caller {
  const { client } = known;
  // Until it was ready once it is starting up, and its own queue is right to wait.
  let wasReady = isReady(known);
  let lost = isLost(known);
  /** Calls that wait, alone or with others in one command. */
  let waiting = 0;
  /** Rejects the commands that wait for an answer: ioredis would hold them back, and send them again once Redis is there. */
  const pending = new Set<(error: Error) => void>();
  const onReady = () => {
    wasReady = true;
    lost = false;
  };
  const onLost = () => {
    lost = true;
    for (const reject of pending) reject(new Error("Redis went away during the call, which may have been done."));
    pending.clear();
  };
  client.on("ready", onReady);
  for (const event of lossEvents) client.on(event, onLost);

  function refusal(): Error | undefined {
    if ("isOpen" in client && !client.isOpen) return new Error("The Redis client is not connected: call connect().");
    if (isReady(known)) lost = false;
    else if (lost || wasReady) return new Error("Redis is away: the client has no connection to it.");
    return undefined;
  }

  function enter(): Error | undefined {
    const error = refusal();
    if (error) return error;
    if (waiting >= MOST_PENDING) return new Error(`Redis does not keep up: ${waiting} calls wait for an answer.`);
    waiting++;
    return undefined;
  }

  function callFor(key: string | undefined, args: readonly string[]): Promise<unknown> {
    const error = refusal();
    if (error) return Promise.reject(error);
    return new Promise((resolve, reject) => {
      const answer = send(known, key, args);
      pending.add(reject);
      const settle = <T>(take: (given: T) => void) => {
        return (given: T) => {
          pending.delete(reject);
          take(given);
        };
      };
      answer.then(settle(resolve), settle(reject));
    });
  }

  return {
    enter,
    callFor,

    leave(count) {
      waiting -= count;
    },

    async call(key, args) {
      const error = enter();
      if (error) throw error;
      try {
        return await callFor(key, args);
      } finally {
        waiting--;
      }
    },

    close() {
      client.off("ready", onReady);
      for (const event of lossEvents) client.off(event, onLost);
    },
  };
}

const lossEvents = ["reconnecting", "close", "end"] as const;

function isReady({ client }: KnownClient): boolean {
  if ("status" in client) return client.status === "ready";
  return client.isReady ?? client.isOpen;
}

function isLost({ client }: KnownClient): boolean {
  return "status" in client && ["reconnecting", "close", "end"].includes(client.status);
}
