// The command on a real NATS server, and each misconfiguration of a bucket that the doctor is to find.

import { jetstream, jetstreamManager, type StreamConfig } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { createLiveSessions } from "live-session";
import { nats } from "live-session/nats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildCli, type Cli, levels, type Seen, seenAndEnded, seenFromOutside } from "../support/cli.ts";
import { type NatsServer, startNats } from "../support/servers/nats.ts";

let cli: Cli;
let server: NatsServer;
let connection: NatsConnection;
let store: string[];

beforeAll(async () => {
  [cli, server] = await Promise.all([buildCli(), startNats()]);
  connection = await connect({ servers: server.servers });
  store = ["--store", `nats://${server.servers}`, "--json"];
});
afterAll(async () => {
  cli.remove();
  await connection.close();
  await server.remove();
});

let buckets = 0;
const freshBucket = () => `cli_${++buckets}`;

test("lists, shows, watches, ends, prunes, and serves a dashboard", async () => {
  const bucket = freshBucket();
  const run = (command: string, ...words: string[]) => cli.run([command, ...store, "--bucket", bucket, ...words]);
  expect(await run("list")).toMatchObject({ code: 3, stderr: expect.stringContaining("[no_store]") });
  const drivers = nats({ connection, jetstream: jetstream(connection), bucket });
  const sessions = createLiveSessions<Seen>({ ...drivers });
  await seenAndEnded(sessions, run, (key) => cli.start(["watch", ...store, "--bucket", bucket, "--", key]));
  expect((await run("prune", "--retention", "0")).lines).toEqual([{ freed: 1 }]);
  await seenFromOutside(sessions, drivers.bus, (command, ...words) =>
    cli.start([command, ...store, "--bucket", bucket, ...words]),
  );
  await sessions.close();
});

describe("the doctor", () => {
  const doctor = (bucket: string) => cli.run(["doctor", ...store, "--bucket", bucket]);

  /** As the store makes it, but for what is given. */
  async function bucketWith(config: Partial<StreamConfig>): Promise<string> {
    const bucket = freshBucket();
    const manager = await jetstreamManager(connection);
    const own = {
      name: `KV_${bucket}`,
      subjects: [`$KV.${bucket}.>`],
      max_msgs_per_subject: 1,
      discard: "new" as const,
    };
    await manager.streams.add({ ...own, ...config });
    return bucket;
  }

  test("passes a healthy bucket", async () => {
    const ran = await doctor(await bucketWith({ storage: "file" }));
    expect(Object.entries(levels(ran)).filter(([, level]) => level !== "ok")).toEqual([["clock", "note"]]);
    expect(ran.code).toBe(0);
  });

  test.each<[string, string, Partial<StreamConfig>]>([
    ["a bucket in memory", "storage", { storage: "memory" }],
    ["a bucket that forgets by itself", "max_age", { max_age: 60_000_000_000 }],
    [
      "a bucket that drops the oldest when full",
      "discard",
      { discard: "old", max_bytes: 1_000_000 } as Partial<StreamConfig>,
    ],
    ["a bucket from which nothing may be removed", "deny", { deny_delete: true }],
    ["a bucket that replicas answer for", "direct", { allow_direct: true }],
  ])("finds %s", async (_what, check, config) => {
    const ran = await doctor(await bucketWith(config));
    expect([ran.code, levels(ran)[check]]).toEqual([3, "problem"]);
  });

  test("finds that there is no bucket", async () => {
    const ran = await doctor("nowhere");
    expect([ran.code, levels(ran).bucket]).toEqual([3, "problem"]);
  });
});
