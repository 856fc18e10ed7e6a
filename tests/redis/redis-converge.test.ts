// Two nodes on one Redis converge, whatever is written, ended and cut in whatever order.

import fc from "fast-check";
import { createLiveSessions, type LiveSession } from "live-session";
import { redis } from "live-session/redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { singleClients } from "../support/redis.ts";
import { adminPassword, type RedisServer, startRedis, until } from "../support/servers/redis.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.close());

type Data = Record<string, unknown>;

const key = fc.constantFrom("a", "b", "c");
const at = fc.nat({ max: 1 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("put" as const), at, key, value: fc.jsonValue() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), at, key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("update" as const), at, key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut subscribers" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut writers" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
);

describe.each(singleClients.filter(({ name }) => name.endsWith("6")))("with $name", (kind) => {
  test("after any steps, awaited or not, both see what the store holds, by versions that only grow", async () => {
    const login = { password: adminPassword };
    const clients = await Promise.all([kind.connect([server], login), kind.connect([server], login)]);
    const nodes = clients.map(({ client }) => createLiveSessions<Data>({ ...redis({ client }), onError: () => {} }));
    const [one, other] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await until(() =>
          one.read("none").then(
            () => true,
            () => false,
          ),
        );
        const { id, key: sessionKey } = await one.create({ a: 0 });
        const lives = await attachBoth([one, other], id);
        const versions = lives.map((live) => {
          const seen: number[] = [];
          live.subscribe((message) => message.type === "live_session_updated" && seen.push(message.version));
          return seen;
        });
        const pending: Promise<unknown>[] = [];
        // What is refused, or fails with its connection, is no concern of this test.
        const start = (call: Promise<unknown>) => pending.push(call.catch(() => {}));
        for (const each of steps) {
          const live = "at" in each ? lives[each.at]! : lives[0]!;
          if (each.do === "put") start(live.put(each.key, each.value));
          else if (each.do === "delete") start(live.delete(each.key));
          else if (each.do === "update") start(live.update(each.key, (value) => [value]));
          else if (each.do === "end") start(live.end());
          else if (each.do === "cut subscribers") await server.admin.call("CLIENT", "KILL", "TYPE", "pubsub");
          else if (each.do === "cut writers")
            await server.admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
          else await Promise.all(pending);
        }
        await Promise.all(pending);
        await until(async () => {
          const found = await Promise.resolve(one.records.read(sessionKey)).catch(() => null);
          if (!found) return false;
          if (found.state !== "live") return lives.every(({ status }) => status === "ended");
          return lives.every(({ status, version }) => status === "live" && version === found.record.version);
        }, "both nodes to agree with the store");
        const found = await one.records.read(sessionKey);
        if (found.state === "live") for (const live of lives) expect(live.data).toEqual(found.record.data);
        for (const seen of versions) expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
        for (const live of lives) live.detach();
      }),
      { numRuns: 25 },
    );
    await Promise.all(nodes.map((node) => node.close()));
    for (const { close } of clients) close();
  });
});

/** Attaches on both nodes, as soon as they are back from the cuts of the run before. */
async function attachBoth(
  nodes: ReturnType<typeof createLiveSessions<Data>>[],
  id: string,
): Promise<LiveSession<Data>[]> {
  return Promise.all(
    nodes.map(async (node) => {
      let live: LiveSession<Data> | null = null;
      await until(async () => {
        live = await node.attach(id).catch(() => null);
        return live !== null;
      }, "a node to attach");
      return live as unknown as LiveSession<Data>;
    }),
  );
}
