// The command on a real Redis: both clients, and each misconfiguration that the doctor is to find.

import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLiveSessions, type LiveSessions } from "live-session";
import { redis } from "live-session/redis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  buildCli,
  type Cli,
  enter,
  levels,
  problemFound,
  type Seen,
  seenAndEnded,
  seenFromOutside,
} from "../support/cli.ts";
import { root } from "../support/repository.ts";
import { adminPassword, type RedisServer, startRedis } from "../support/servers/redis.ts";

let cli: Cli;
let server: RedisServer;
let store: string[];
const url = (port: number) => `redis://:${adminPassword}@localhost:${port}`;

beforeAll(async () => {
  [cli, server] = await Promise.all([
    buildCli(),
    startRedis("--appendonly", "yes", "--maxmemory-policy", "noeviction"),
  ]);
  store = ["--store", url(server.port)];
});
afterAll(async () => {
  cli.remove();
  await server.close();
});

describe.each(["redis", "ioredis"])("with %s alone in the project", (library) => {
  let project: string;
  let drivers: ReturnType<typeof redis>;
  let sessions: LiveSessions<Seen>;
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), "live-session-project-"));
    mkdirSync(join(project, "node_modules"));
    symlinkSync(join(root, "node_modules", library), join(project, "node_modules", library));
  });
  afterAll(() => rmSync(project, { recursive: true }));
  beforeEach(async () => {
    await server.admin.flushall();
    drivers = redis({ client: server.admin, prefix: "shop:" });
    sessions = createLiveSessions<Seen>({ ...drivers });
  });
  afterEach(() => sessions.close());
  const run = (command: string, ...words: string[]) =>
    cli.run([command, ...store, "--prefix", "shop:", "--json", ...words], { cwd: project });

  test("lists, shows, watches and ends", async () => {
    await seenAndEnded(sessions, run, (key) =>
      cli.start(["watch", ...store, "--prefix", "shop:", "--json", "--", key], { cwd: project }),
    );
    expect((await run("prune")).lines).toEqual([{ freed: 0 }]);
    expect((await run("migrate")).code).toBe(2);
  });

  test("serves a dashboard", async () => {
    await seenFromOutside(sessions, drivers.bus, (...words) =>
      cli.start([...words, ...store, "--prefix", "shop:", "--json"], { cwd: project }),
    );
  });
});

test("an end by the dashboard is remembered for as long as --retention says", async () => {
  const sessions = createLiveSessions({ ...redis({ client: server.admin }) });
  const { key } = await sessions.create({});
  const running = cli.start(["dashboard", ...store, "--port", "0", "--retention", "3h", "--json"]);
  const { end } = await enter(JSON.parse(await running.next()).url);
  expect(await (await end(key)).json()).toEqual({ ended: true });
  expect(await server.admin.pttl(`live-session:${key}`)).toBeGreaterThan(2 * 3_600_000);
  expect(await running.interrupt()).toBe(0);
  await sessions.close();
});

test("an end is remembered for as long as --retention says", async () => {
  const sessions = createLiveSessions({ ...redis({ client: server.admin }) });
  const { key } = await sessions.create({});
  await cli.run(["end", ...store, "--yes", "--retention", "3h", "--", key]);
  expect(await server.admin.pttl(`live-session:${key}`)).toBeGreaterThan(2 * 3_600_000);
  await sessions.close();
});

describe("the doctor", () => {
  const doctor = (port = server.port, options = {}) => cli.run(["doctor", "--json", "--store", url(port)], options);
  const set = (name: string, value: string) => server.admin.config("SET", name, value);

  test("passes a healthy server", async () => {
    const ran = await doctor();
    expect(new Set(Object.values(levels(ran)))).toEqual(new Set(["ok"]));
    expect(ran.code).toBe(0);
    expect(ran.stdout).not.toContain(adminPassword);
  });

  test.each([
    ["maxmemory-policy", "allkeys-lru", "noeviction", "eviction"],
    ["appendonly", "no", "yes", "persistence"],
    ["appendfsync", "no", "everysec", "fsync"],
  ])("finds %s %s", async (name, wrong, right, check) => {
    await set(name, wrong);
    try {
      expect(await problemFound(doctor(), check)).toContain(wrong);
    } finally {
      await set(name, right);
    }
  });

  test("finds that it is a replica", async () => {
    const other = await startRedis("--appendonly", "yes");
    try {
      await other.admin.replicaof("127.0.0.1", server.port);
      expect(await problemFound(doctor(other.port), "role")).toContain("replica");
    } finally {
      await other.close();
    }
  });

  test("finds a version that is too old", async () => {
    const version = /redis_version:([\d.]+)/.exec(await server.admin.info())?.[1] ?? "";
    // Replies have a length, so the old one has as many characters.
    const old = `5.0.${"1".repeat(version.length - 4)}`;
    const proxy = createServer((socket) => {
      const upstream = connect(server.port, "127.0.0.1");
      socket.pipe(upstream);
      upstream.on("data", (bytes) => {
        socket.write(
          Buffer.from(bytes.toString("latin1").replace(`redis_version:${version}`, `redis_version:${old}`), "latin1"),
        );
      });
      socket.on("close", () => upstream.destroy()).on("error", () => upstream.destroy());
    });
    await once(proxy.listen(0, "localhost"), "listening");
    try {
      expect(await problemFound(doctor((proxy.address() as { port: number }).port), "version")).toContain(old);
    } finally {
      proxy.close();
    }
  });

  test.each([
    ["120000", "behind"],
    ["-120000", "ahead of"],
  ])("finds clocks that are apart: this machine's by %s ms", async (skew, words) => {
    const node = ["--import", "tsx", "--import", "./tests/support/faults/skewed-clock.ts"];
    expect(await problemFound(doctor(server.port, { node, env: { CLOCK_SKEW: skew } }), "clock")).toContain(words);
  });
});
