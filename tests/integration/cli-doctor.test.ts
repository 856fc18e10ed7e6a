// The doctor on SQLite files, and on a running app: each misconfiguration is planted, and found.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync } from "node:fs";
import { createServer as createHttp, type RequestListener, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { dirname, join } from "node:path";
import express from "express";
import session from "express-session";
import Libsql from "libsql";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildCli, type Cli, levels } from "../support/cli.ts";
import { temporaryFile } from "../support/sqlite.ts";

let cli: Cli;
let file: ReturnType<typeof temporaryFile>;
beforeAll(async () => {
  cli = await buildCli();
});
afterAll(() => cli.remove());
beforeEach(() => {
  file = temporaryFile();
});
afterEach(() => file.remove());

test("without anything to look at it is wrong usage", async () => {
  expect((await cli.run(["doctor"])).code).toBe(2);
});

describe("a SQLite file", () => {
  const doctor = () => cli.run(["doctor", "--json", "--store", `sqlite:${file.path}`]);
  const change = (...sql: string[]) => {
    const database = new Libsql(file.path);
    for (const each of sql) database.exec(each);
    database.close();
  };

  beforeEach(async () => {
    expect((await cli.run(["migrate", "--store", `sqlite:${file.path}`])).code).toBe(0);
    chmodSync(file.path, 0o600);
  });

  test("that is healthy passes", async () => {
    const ran = await doctor();
    expect(ran.code).toBe(0);
    expect(new Set(Object.values(levels(ran)))).toEqual(new Set(["ok"]));
    const { stdout, stderr } = await cli.run(["doctor", "--store", `sqlite:${file.path}`]);
    expect(stdout).toContain("ok      journal: journal_mode is wal");
    expect(stderr).toBe("Nothing to mend.\n");
  });

  test.each([
    ["without tables", "table", () => change("DROP TABLE live_sessions_schema")],
    ["with tables of an older version", "table", () => change("UPDATE live_sessions_schema SET version = 0")],
    ["with tables of a newer version", "table", () => change("UPDATE live_sessions_schema SET version = 99")],
    ["without a write-ahead log", "journal", () => change("PRAGMA journal_mode = DELETE")],
    ["that cannot be written to", "writable", () => chmodSync(file.path, 0o400)],
    [
      "that is damaged",
      "intact",
      () =>
        change(
          "PRAGMA writable_schema = ON",
          "UPDATE sqlite_master SET rootpage = 2 WHERE name = 'live_sessions_values'",
        ),
    ],
  ])("%s", async (_what, check, plant) => {
    plant();
    const ran = await doctor();
    expect(ran.code).toBe(3);
    expect(levels(ran)[check]).toBe("problem");
    expect(ran.lines.find((each) => each.check === check)?.mend).toMatch(/./);
  });

  test("that others may read is noted, and no failure", async () => {
    chmodSync(file.path, 0o644);
    const ran = await doctor();
    expect([ran.code, levels(ran).permissions]).toEqual([0, "note"]);
  });
});

describe("a running app", () => {
  let server: Server;
  let secure: { key: Buffer; cert: Buffer };
  afterEach(() => void server.close());
  beforeAll(() => {
    const { path, remove } = temporaryFile();
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(dirname(path), name)) as [string, string];
    const words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost";
    const made = spawnSync("openssl", [...words.split(" "), "-keyout", key, "-out", cert]);
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
    secure = { key: readFileSync(key), cert: readFileSync(cert) };
    remove();
  });

  /** An app with express-session, and what is done to its answers. */
  function app(cookie: session.CookieOptions, answer: RequestListener = (_, response) => void response.end("hello")) {
    const made = express();
    const settings = { httpOnly: true, sameSite: "lax", secure: "auto", maxAge: 86_400_000, ...cookie } as const;
    made.use(session({ secret: "of this test", resave: false, saveUninitialized: true, cookie: settings }));
    made.use(answer);
    return made;
  }

  async function doctor(listener: RequestListener, protocol = "https", words: string[] = [], options = {}) {
    server = protocol === "https" ? createHttps(secure, listener) : createHttp(listener);
    await once(server.listen(0, "localhost"), "listening");
    const { port } = server.address() as { port: number };
    // The certificate is nobody's.
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    return cli.run(["doctor", `${protocol}://localhost:${port}/`, "--json", ...words], { env, ...options });
  }

  test.each(["http", "https"])("that is healthy passes, over %s on this machine", async (protocol) => {
    const ran = await doctor(app({}), protocol);
    expect(new Set(Object.values(levels(ran)))).toEqual(new Set(["ok"]));
    expect(ran.code).toBe(0);
  });

  const idOf = (request: unknown) => (request as express.Request).sessionID;
  test.each([
    ["a cookie without HttpOnly", "HttpOnly", app({ httpOnly: false })],
    ["a cookie without Secure over https", "Secure", app({ secure: false })],
    ["SameSite=None without Secure", "SameSite", app({ sameSite: "none", secure: false })],
    ["a cookie that lasts for years", "expiry", app({ maxAge: 5 * 365 * 86_400_000 })],
    [
      "a session id in a link",
      "url",
      app({}, (request, response) => void response.end(`<a href="/next?token=${idOf(request)}">next</a>`)),
    ],
    [
      "a session id in a redirect",
      "url",
      app({}, (request, response) => void response.writeHead(302, { location: `/;jsessionid=${idOf(request)}` }).end()),
    ],
    [
      "a session id in the page",
      "page",
      app({}, (request, response) => void response.end(`<script>id = "${idOf(request)}"</script>`)),
    ],
    [
      "an answer with the cookie that caches may share",
      "cache",
      app({}, (_request, response) => void response.setHeader("cache-control", "public, max-age=60").end("hello")),
    ],
  ])("%s", async (_what, check, listener) => {
    let id = "";
    const ran = await doctor((request, response) => {
      listener(request, response);
      id = idOf(request);
    });
    expect(ran.code).toBe(3);
    expect(levels(ran)[check]).toBe("problem");
    expect(id).not.toBe("");
    expect(ran.stdout + ran.stderr).not.toContain(id);
  });

  test("a clock that is off", async () => {
    const listener = app({}, (_request, response) => {
      response.setHeader("date", new Date(Date.now() - 3_600_000).toUTCString()).end("hello");
    });
    const ran = await doctor(listener);
    expect([ran.code, levels(ran)["app clock"]]).toEqual([3, "problem"]);
    expect(ran.stdout).toContain("59 min behind");
  });

  test("a page without the cookie is noted; another name may be given", async () => {
    const listener: RequestListener = (_request, response) =>
      void response.setHeader("set-cookie", "mine=1; Path=/").end();
    const unknown = await doctor(listener, "http");
    expect([unknown.code, levels(unknown).cookie]).toEqual([0, "note"]);
    server.close();
    const named = await doctor(listener, "http", ["--cookie", "mine"]);
    expect([named.code, levels(named).HttpOnly]).toEqual([3, "problem"]);
  });
});
