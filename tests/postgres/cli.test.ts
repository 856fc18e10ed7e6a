// The command on a real PostgreSQL: both clients, and each misconfiguration that the doctor is to find.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLiveSessions } from "live-session";
import { postgres } from "live-session/postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildCli, type Cli, levels, problemFound, type Seen, seenAndEnded, seenFromOutside } from "../support/cli.ts";
import { freshTable, pgKind, type TestClient } from "../support/postgres.ts";
import { root } from "../support/repository.ts";
import { type PostgresServer, startPostgres } from "../support/servers/postgres.ts";

let cli: Cli;
let server: PostgresServer;
let client: TestClient;

beforeAll(async () => {
  [cli, server] = await Promise.all([buildCli(), startPostgres({ fsync: true })]);
  client = pgKind.connect(server);
});
afterAll(async () => {
  cli.remove();
  await client.end();
  await server.remove();
});

const on = (table: string, url = server.url()) => ["--store", url, "--table", table, "--json"];

describe.each(["pg", "postgres"])("with %s alone in the project", (library) => {
  let project: string;
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), "live-session-project-"));
    mkdirSync(join(project, "node_modules"));
    symlinkSync(join(root, "node_modules", library), join(project, "node_modules", library));
  });
  afterAll(() => rmSync(project, { recursive: true }));

  test("migrates, lists, shows, watches, ends, prunes, and serves a dashboard", async () => {
    const table = freshTable();
    const run = (command: string, ...words: string[]) => cli.run([command, ...on(table), ...words], { cwd: project });
    expect(await run("list")).toMatchObject({ code: 3, stderr: expect.stringContaining("[no_store]") });
    expect((await run("migrate")).lines).toEqual([{ migrated: true, table }]);
    const drivers = postgres({ client: client.client, table });
    const sessions = createLiveSessions<Seen>({ ...drivers });
    await seenAndEnded(sessions, run, (key) => cli.start(["watch", ...on(table), "--", key], { cwd: project }));
    expect((await run("prune", "--retention", "0")).lines).toEqual([{ freed: 1 }]);
    await seenFromOutside(sessions, drivers.bus, (command, ...words) =>
      cli.start([command, ...on(table), ...words], { cwd: project }),
    );
    await sessions.close();
  });
});

test("migrate --print prints SQL after which nothing is left to migrate, and reaches no server", async () => {
  const table = freshTable();
  const { stdout } = await cli.run(["migrate", "--print", "--table", table, "--store", "postgres:"]);
  expect((await cli.run(["list", ...on(table)])).code).toBe(3);
  await client.query(stdout);
  expect((await cli.run(["list", ...on(table)])).code).toBe(0);
});

describe("the doctor", () => {
  const doctor = (table: string, url = server.url()) => cli.run(["doctor", ...on(table, url)]);
  const migrated = async (...words: string[]) => {
    const table = freshTable();
    await cli.run(["migrate", ...on(table), ...words]);
    return table;
  };
  afterEach(async () => void (await client.query("ALTER ROLE test RESET ALL")));

  test("passes a healthy server", async () => {
    const ran = await doctor(await migrated());
    expect(new Set(Object.values(levels(ran)))).toEqual(new Set(["ok"]));
    expect(ran.code).toBe(0);
  });

  test("finds fsync off", async () => {
    const other = await startPostgres({ fsync: false });
    try {
      expect(await problemFound(doctor("any", other.url()), "fsync")).toContain("off");
    } finally {
      await other.remove();
    }
  });

  test.each([
    ["synchronous_commit", "off"],
    ["default_transaction_isolation", "serializable"],
  ])("finds %s %s", async (name, value) => {
    const table = await migrated();
    await client.query(`ALTER ROLE test SET ${name} = '${value}'`);
    expect(await problemFound(doctor(table), name)).toContain(value);
  });

  test("finds that there is no table", async () => {
    expect(await problemFound(doctor("nowhere"), "table")).toContain("no table");
  });

  test("finds a table of an older version", async () => {
    const table = await migrated();
    await client.query(`UPDATE ${table}_version SET version = 0`);
    expect(await problemFound(doctor(table), "table")).toContain("version 0");
  });

  test("finds a table that a crash would empty", async () => {
    expect(await problemFound(doctor(await migrated("--unlogged")), "unlogged")).toContain("unlogged");
  });

  test("finds that the user may not write", async () => {
    const table = await migrated();
    await client.query(`CREATE USER reader; GRANT SELECT ON ${table}, ${table}_version TO reader`);
    await problemFound(doctor(table, server.url().replace("test@", "reader@")), "rights");
  });
});
