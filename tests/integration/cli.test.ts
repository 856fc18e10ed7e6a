import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import Libsql from "libsql";
import { createLiveSessions, type LiveSessions } from "live-session";
import { sqlite } from "live-session/sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ShownSession } from "../../src/dashboard/wire.ts";
import { buildCli, type Cli, enter, seenFromOutside } from "../support/cli.ts";
import { eventsOf } from "../support/dashboard.ts";
import { manifestVersion } from "../support/repository.ts";
import { temporaryFile } from "../support/sqlite.ts";

let cli: Cli;
beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());

let file: ReturnType<typeof temporaryFile>;
let store: string[];
let sessions: LiveSessions<Record<string, unknown>>;
let database: InstanceType<typeof Libsql>;
let drivers: ReturnType<typeof sqlite>;

beforeEach(() => {
  file = temporaryFile();
  database = new Libsql(file.path);
  drivers = sqlite({ database });
  sessions = createLiveSessions({ ...drivers });
  store = ["--store", `sqlite:${file.path}`];
});
afterEach(async () => {
  await sessions.close();
  database.close();
  file.remove();
});

const run = (...words: string[]) => cli.run([...words.slice(0, 1), ...store, ...words.slice(1)]);

/** A session of a principal, its key for after "--", and its id, which must never be shown. */
async function made(principal: string | null, data: Record<string, unknown> = {}) {
  const { id, key } = await sessions.create(data);
  if (principal !== null) await sessions.bind(id, principal, { about: { agent: "Firefox" } });
  return { id, key };
}

describe("list", () => {
  test("a JSON line for each session, without ids", async () => {
    const [ada, bob] = [await made("ada", { n: 1 }), await made("bob")];
    const { code, stdout, lines } = await run("list", "--json");
    expect(code).toBe(0);
    expect(lines.map(({ key }) => key).sort()).toEqual([ada.key, bob.key].sort());
    expect(lines.find(({ key }) => key === ada.key)).toMatchObject({
      principal: "ada",
      version: 2,
      bytes: 7,
      deadline: null,
    });
    expect(stdout).not.toContain(ada.id);
  });

  test("of one principal, and so many at most", async () => {
    for (const principal of ["ada", "ada", "bob"]) await made(principal);
    expect((await run("list", "--json", "--principal", "ada")).lines).toHaveLength(2);
    expect((await run("list", "--json", "--limit", "1")).lines).toHaveLength(1);
    expect((await run("list", "--limit", "none")).code).toBe(2);
  });

  test("as a table, in which nothing steers the terminal", async () => {
    const { key } = await made("ada\u001b[2J\u202e");
    const { stdout, stderr } = await run("list");
    expect(stdout).toContain(key);
    expect(stdout).toContain("ada\ufffd[2J\ufffd");
    expect(stdout).not.toContain("\u001b");
    expect(stderr).toBe("1 session\n");
  });

  test("the store may be named in LIVE_SESSION_STORE", async () => {
    await made("ada");
    const { lines } = await cli.run(["list", "--json"], { env: { LIVE_SESSION_STORE: `sqlite:${file.path}` } });
    expect(lines).toHaveLength(1);
  });
});

describe("show", () => {
  test("hides values unless they are asked for", async () => {
    const { key, id } = await made("ada", { cart: ["kite"], card: "4111 1111" });
    const hidden = await run("show", "--json", "--", key);
    expect(hidden.code).toBe(0);
    expect(hidden.lines[0]).toMatchObject({
      key,
      principal: "ada",
      shapes: { cart: { type: "list", size: 1 }, card: { type: "text", size: 9, bytes: 11 } },
    });
    const text = await run("show", "--", key);
    expect(text.stdout).toContain("text, 9 characters");
    for (const { stdout } of [hidden, text]) {
      expect(stdout).not.toMatch(/kite|4111|Firefox/);
      expect(stdout).not.toContain(id);
    }
    const revealed = await run("show", "--json", "--reveal", "--", key);
    expect(revealed.lines[0]).toMatchObject({
      data: { cart: ["kite"], card: "4111 1111" },
      about: { agent: "Firefox" },
    });
  });

  test("by as much of a key as no other has", async () => {
    const { key } = await made(null);
    expect((await run("show", "--json", "--", key.slice(0, 8))).lines[0]).toMatchObject({ key });
  });

  test("a beginning that several have is refused", async () => {
    const { key } = await made(null);
    database.exec(`UPDATE live_sessions SET key = 'AAAAB' || substr(key, 6)`);
    await made(null);
    database.exec(`UPDATE live_sessions SET key = 'AAAAC' || substr(key, 6) WHERE key NOT LIKE 'AAAAB%'`);
    const { code, stderr } = await run("show", "AAAA");
    expect(code).toBe(2);
    expect(stderr).toContain("[bad_usage]");
    expect((await run("show", "--json", `AAAAB${key[5]}`)).code).toBe(0);
  });

  test("no such session is exit code 3, and an id given by mistake is not repeated", async () => {
    const { id } = await made("ada");
    const { code, stderr, stdout } = await run("show", "--", id);
    expect(code).toBe(3);
    expect(stderr).toContain("[unknown_session]");
    expect(stdout + stderr).not.toContain(id);
  });

  test("looking and watching are no activity", async () => {
    const { key } = await made("ada");
    // As if nothing had happened in it for an hour: any activity would push it.
    database.exec("UPDATE live_sessions SET expires_at = expires_at - 3600000");
    const before = database.prepare("SELECT expires_at FROM live_sessions").all();
    await run("show", "--", key);
    await run("list");
    const watching = cli.start(["watch", ...store, "--", key]);
    await watching.next();
    expect(await watching.interrupt()).toBe(0);
    expect(database.prepare("SELECT expires_at FROM live_sessions").all()).toEqual(before);
  });
});

describe("end", () => {
  test("by key: those attached are told why, in the app's process", async () => {
    const { id, key } = await made("ada");
    const live = await sessions.attach(id);
    const told = new Promise((resolve) => {
      live.subscribe((message) => message.type === "live_session_ended" && resolve(message.reason));
    });
    const { code, lines } = await run("end", "--json", "--yes", "--", key);
    expect([code, lines]).toEqual([0, [{ ended: 1 }]]);
    expect(await told).toBe("revoked");
    await expect(sessions.attach(id)).rejects.toMatchObject({ code: "session_ended" });
  });

  test("all of a principal's, and nobody else's", async () => {
    for (const principal of ["ada", "ada", "bob", null]) await made(principal);
    expect((await run("end", "--principal", "ada", "--yes", "--json")).lines).toEqual([{ ended: 2 }]);
    expect((await run("list", "--json")).lines.map(({ principal }) => principal).sort()).toEqual(["bob", null].sort());
  });

  test("all there are, more than one batch", async () => {
    for (let count = 0; count < 130; count++) await made(null);
    expect((await run("end", "--all", "--yes", "--json")).lines).toEqual([{ ended: 130 }]);
    expect((await run("list", "--json")).lines).toEqual([]);
  });

  test("a key among several that is wrong ends none", async () => {
    const { key } = await made("ada");
    expect((await run("end", "--yes", "--", key, "zzzzzzzz")).code).toBe(3);
    expect((await run("list", "--json")).lines).toHaveLength(1);
  });

  test("where nobody can be asked it needs --yes", async () => {
    const { key } = await made("ada");
    const { code, stderr } = await run("end", "--", key);
    expect(code).toBe(2);
    expect(stderr).toContain("--yes");
    expect((await run("list", "--json")).lines).toHaveLength(1);
  });

  test("on a terminal it asks, and a no ends nothing", async () => {
    await made("ada");
    expect(onTerminal(["end", ...store, "--principal", "ada"], "n")).toContain("End 1 session of ada, for good?");
    expect((await run("list", "--json")).lines).toHaveLength(1);
    onTerminal(["end", ...store, "--principal", "ada"], "y");
    expect((await run("list", "--json")).lines).toEqual([]);
  });

  test.each([[["end"]], [["end", "--all", "--principal", "ada"]], [["end", "--all", "--reason", "boredom"]]])(
    "%j is wrong usage",
    async (words) => {
      expect((await run(...(words as [string]), "--yes")).code).toBe(2);
    },
  );
});

describe("watch", () => {
  test("a JSON line for each change, without values, until the end", async () => {
    const { id, key } = await made("ada", { gone: 1 });
    const watching = cli.start(["watch", ...store, "--json", "--", key]);
    expect(JSON.parse(await watching.next())).toMatchObject({ type: "watching", key, version: 2 });
    const live = await sessions.attach(id);
    await live.put("card", "4111");
    const put = await watching.next();
    expect(JSON.parse(put)).toMatchObject({ type: "changed", version: 3, shapes: { card: { type: "text", size: 4 } } });
    expect(put).not.toContain("4111");
    await live.delete("gone");
    expect(JSON.parse(await watching.next())).toMatchObject({ type: "changed", version: 4, delete: ["gone"] });
    await live.end();
    expect(JSON.parse(await watching.next())).toMatchObject({ type: "ended", reason: "destroyed" });
    expect(await watching.ended).toBe(0);
  });

  test("reveals what it is asked to, in words, and ends with Ctrl+C", async () => {
    const { id, key } = await made("ada");
    const watching = cli.start(["watch", ...store, "--reveal", "--", key]);
    expect(await watching.next()).toContain("watching, at version 2");
    await (await sessions.attach(id)).put("theme", "dark");
    expect(await watching.next()).toContain('version 3: theme = "dark"');
    expect(await watching.interrupt()).toBe(0);
  });
});

describe("dashboard", () => {
  const opened = async (...words: string[]) => {
    const running = cli.start(["dashboard", ...store, "--port", "0", "--json", ...words]);
    const { url } = JSON.parse(await running.next()) as { url: string };
    return { running, url };
  };

  test("finds, shows and ends sessions; the app's node tells its figures", async () => {
    await seenFromOutside(sessions as never, drivers.bus, (command, ...words) =>
      cli.start([command, ...store, "--json", ...words]),
    );
  });

  test("reveals what it is asked to", async () => {
    const { key } = await made("ada", { cart: ["kite"] });
    const { running, url } = await opened("--reveal");
    const { ask } = await enter(url);
    const events = eventsOf(await ask(`live.events?session=${key}`));
    await events.arrived("session");
    expect(events.all<ShownSession>("session")[0]?.values[0]?.json).toContain("kite");
    expect(await running.interrupt()).toBe(0);
  });

  test("nobody gets in without the URL, nor a page that gave this machine a name of its own", async () => {
    const { key } = await made("ada");
    const { running, url } = await opened();
    const { page, cookie, ask, end } = await enter(url);
    const status = async (address: URL | string, headers: Record<string, string> = {}) => {
      const sent = request(address, { headers }).end(); // fetch lets nobody say which host is meant
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    expect(await status(page)).toBe(403);
    expect(await status(new URL("sessions.json", page))).toBe(403);
    expect(await status(new URL("?token=wrong", page))).toBe(403);
    expect(await status(new URL(`sessions.json${new URL(url).search}`, page))).toBe(403);
    expect(await status(new URL("/sessions.json", page), { cookie })).toBe(404);
    expect(await status(page, { cookie })).toBe(200);
    for (const host of [
      "shop.example",
      `shop.example:${page.port}`,
      "localhost.shop.example",
      "127.0.0.1.shop.example",
    ])
      expect(await status(page, { cookie, host })).toBe(421);
    for (const host of ["localhost:1234", "[::1]:1234", page.host])
      expect(await status(page, { cookie, host })).toBe(200);
    const elsewhere = { "content-type": "application/json", origin: "http://127.0.0.1:1" };
    const forged = { method: "POST", body: JSON.stringify({ key }), headers: elsewhere };
    expect((await ask("end.json", forged)).status).toBe(403);
    expect((await run("list", "--json")).lines).toHaveLength(1);
    expect(await (await end(key)).json()).toEqual({ ended: true });
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
  });

  test("the cookie is none that other servers of this machine, scripts or other sites would get", async () => {
    const [one, other] = await Promise.all([opened(), opened()]);
    const flags = async ({ url }: { url: string }) => {
      const answer = await fetch(url, { redirect: "manual" });
      const [cookie = ""] = answer.headers.getSetCookie();
      expect(cookie).toMatch(/; Path=\/[\w-]{22}\/; HttpOnly; SameSite=Strict$/);
      expect(answer.headers.get("location")).not.toContain("token");
      return cookie;
    };
    expect(await flags(one)).not.toBe(await flags(other));
    const { ask } = await enter(one.url);
    const { cookie } = await enter(other.url);
    expect((await ask("sessions.json", { headers: { cookie } })).status).toBe(403);
    await Promise.all([one, other].map(({ running }) => running.interrupt()));
  });

  test("says its URL in words, ends while a page is open, and leaves the port to the next", async () => {
    const running = cli.start(["dashboard", ...store, "--port", "0"]);
    let line = "";
    while (!line.includes("http")) line = await running.next();
    const url = /http:\S+/.exec(line)?.[0] as string;
    const events = eventsOf(await (await enter(url)).ask("live.events"));
    await events.arrived("frame");
    const { port } = new URL(url);
    const words = ["dashboard", ...store, "--port", port];
    const taken = await cli.run(words);
    expect(taken).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("[port_taken]") });
    expect(taken.stderr).toContain(`dashboard --port ${Number(port) + 1}`);
    expect(await running.interrupt()).toBe(0);
    const next = cli.start([...words, "--json"]);
    expect(JSON.parse(await next.next()).url).toContain(`:${port}/`);
    expect(await next.interrupt()).toBe(0);
  });

  test("is for this machine alone unless it is said twice", async () => {
    const refused = await run("dashboard", "--port", "0", "--host", "0.0.0.0");
    expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--allow-remote") });
    const { running, url } = await opened("--host", "0.0.0.0", "--allow-remote");
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect((await (await enter(url)).ask("sessions.json")).status).toBe(200);
    expect(await running.interrupt()).toBe(0);
  });

  test.each<[string, number, string, string[]]>([
    ["a port that is none", 2, "bad_usage", ["--port", "70000"]],
    ["an address of another machine", 2, "bad_usage", ["--host", "192.0.2.1", "--allow-remote"]],
    ["a file that is not there", 3, "no_store", ["--store", "sqlite:nowhere.db"]],
  ])("%s is exit code %i, %s", async (_what, code, error, words) => {
    const ran = await run("dashboard", "--port", "0", ...words);
    expect(ran).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(`[${error}]`) });
  });
});

describe("migrate", () => {
  test("makes the file and the tables; the other commands make neither", async () => {
    const path = `${file.path}.new`;
    const there = ["--store", `sqlite:${path}`];
    expect(await cli.run(["list", ...there])).toMatchObject({ code: 3, stderr: expect.stringContaining("[no_store]") });
    new Libsql(path).close();
    expect(await cli.run(["list", ...there])).toMatchObject({ code: 3, stderr: expect.stringContaining("migrate") });
    expect((await cli.run(["migrate", ...there, "--json"])).lines).toEqual([
      { migrated: true, table: "live_sessions" },
    ]);
    expect((await cli.run(["list", ...there])).code).toBe(0);
  });

  test("prints SQL after which nothing is left to migrate", async () => {
    const path = `${file.path}.printed`;
    const { stdout } = await cli.run(["migrate", "--print", "--store", `sqlite:${path}`, "--table", "mine"]);
    const printed = new Libsql(path);
    printed.exec(stdout);
    const { store: opened, bus } = sqlite({ database: printed, table: "mine" });
    expect(await opened.count()).toBe(0);
    await bus.close();
    printed.close();
    expect((await cli.run(["list", "--store", `sqlite:${path}`, "--table", "mine"])).code).toBe(0);
  });

  test("refuses a name that is none", async () => {
    const words = ["migrate", "--print", ...store, "--table", "a; DROP TABLE b"];
    expect(await cli.run(words)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("[bad_option]"),
    });
  });
});

describe("prune", () => {
  test("frees what is over for long enough, and nothing else", async () => {
    const { id } = await made("ada");
    await made("bob");
    await sessions.end(id);
    expect((await run("prune", "--json")).lines).toEqual([{ freed: 0 }]);
    expect((await run("prune", "--json", "--retention", "0")).lines).toEqual([{ freed: 1 }]);
    expect((await run("list", "--json")).lines).toHaveLength(1);
  });

  test("a large file: progress on a terminal, none elsewhere", async () => {
    const fill = () =>
      database.exec(`INSERT INTO live_sessions
        (key, incarnation, version, created_at, expires_at, lifetime, entries, entry_bytes)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
        SELECT 'key' || i, 'i', 1, 1, 1, 1, 0, 0 FROM n`);
    fill();
    expect(await run("prune", "--json")).toMatchObject({ lines: [{ freed: 60_000 }], stderr: "" });
    fill();
    const shown = onTerminal(["prune", ...store]);
    expect(shown).toContain("Freeing"); // how far it came is told every 200 ms, if it takes as long
    expect(shown).toContain("Freed 60000 sessions.");
  });
});

describe("errors", () => {
  test.each([
    ["no store", ["list"], "bad_usage"],
    ["a store of an unknown kind", ["list", "--store", "mongodb://x"], "bad_usage"],
    ["what is no URL", ["list", "--store", "redis://a b:c"], "bad_usage"],
    ["an option of another engine", ["list", "--store", "sqlite:x", "--bucket", "y"], "bad_usage"],
    ["a duration without a unit", ["prune", "--store", "sqlite:x", "--retention", "soon"], "bad_option"],
  ])("%s is exit code 2, and says its code", async (_what, words, code) => {
    expect(await cli.run(words)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(`[${code}]`) });
  });

  test.each([[["frobnicate"]], [["list", "--frobnicate"]], [["show"]]])("%j is exit code 2", async (words) => {
    expect(await cli.run(words)).toMatchObject({ code: 2, stderr: expect.stringContaining("--help") });
  });

  test.each([
    ["redis://localhost", "npm install redis (or ioredis)"],
    ["postgres://localhost", "npm install pg (or postgres)"],
    ["nats://localhost", "npm install @nats-io/transport-node"],
  ])("without a client library for %s it says what to install", async (url, words) => {
    const folder = mkdtempSync(join(file.path, "../empty-"));
    const ran = await cli.run(["list", "--store", url], { cwd: folder });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(words) });
    expect(ran.stderr).toContain("[missing_package]");
    rmSync(folder, { recursive: true });
  });

  test.each(["redis", "postgres", "nats"])("%s that is away is exit code 1, without the password", async (kind) => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, "close");
    const ran = await cli.run(["list", "--store", `${kind}://ada:hunter2@127.0.0.1:${port}`]);
    expect(ran).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("[unreachable]") });
    expect(ran.stderr).not.toContain("hunter2");
  });
});

test("--version and --help, with examples for each command", async () => {
  expect((await cli.run(["--version"])).stdout).toBe(`${manifestVersion}\n`);
  const help = (await cli.run(["--help"])).stdout;
  expect(help).toContain("Exit codes: 0 done");
  for (const command of ["demo", "list", "show", "end", "watch", "migrate", "prune", "dashboard", "doctor"]) {
    expect(help).toContain(`  ${command} `);
    const { code, stdout } = await cli.run([command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\\n {2}\\$ live-session ${command}`));
    expect(stdout).toContain("--json");
  }
});

/** What a command shows on a terminal, a pseudo one. `answer`: a key pressed once it asks. */
function onTerminal(words: readonly string[], answer = ""): string {
  const quoted = [process.execPath, cli.file, ...words].map((word) => `'${word}'`).join(" ");
  return spawnSync("script", ["-qec", `stty cols 100; ${quoted}`, "/dev/null"], {
    encoding: "utf8",
    input: answer,
    timeout: 60_000,
  }).stdout;
}

test("there is a program that makes pseudo terminals", () => {
  expect(spawnSync("script", ["--version"]).status).toBe(0);
});
