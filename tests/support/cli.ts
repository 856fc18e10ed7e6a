// The command as it is built, run as a process of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LiveSessions, SessionBus } from "live-session";
import { createDashboard } from "live-session/dashboard";
import { expect } from "vitest";
import type { Frame } from "../../src/dashboard/wire.ts";
import { eventsOf } from "./dashboard.ts";
import { root } from "./repository.ts";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Each line of stdout, as JSON. */
  readonly lines: readonly Record<string, unknown>[];
}

export interface RunOptions {
  /** Where client libraries are looked for. Default: this repository, which has them all. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node, before the command's. */
  readonly node?: readonly string[];
}

export interface Cli {
  /** The built file, in a folder laid out as the package is. */
  readonly file: string;
  run(words: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Runs one that goes on, with stdout by line. */
  start(words: readonly string[], options?: RunOptions): Running;
  remove(): void;
}

export interface Running {
  readonly child: ChildProcess;
  /** The next line of stdout. */
  next(): Promise<string>;
  /** Sends SIGINT; resolves to the exit code. */
  interrupt(): Promise<number | null>;
  /** Resolves to the exit code when it ends by itself. */
  readonly ended: Promise<number | null>;
}

/** Builds the command into a folder of its own, since others may be building the package. */
export async function buildCli(): Promise<Cli> {
  const folder = mkdtempSync(join(tmpdir(), "live-session-cli-"));
  for (const [script, name] of [
    ["build-command.mjs", "buildCommand"],
    ["dashboard.mjs", "buildDashboard"],
  ] as const) {
    const build = (await import(join(root, "scripts", script)))[name] as (dist: string) => Promise<void>;
    await build(join(folder, "dist"));
  }
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  const file = join(folder, "dist/cli.js");

  function launch(words: readonly string[], { cwd = root, env = {}, node = [] }: RunOptions): ChildProcess {
    const { LIVE_SESSION_STORE: _, PORT: __, ...clean } = process.env;
    return spawn(process.execPath, [...node, file, ...words], {
      cwd,
      env: { ...clean, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  return {
    file,
    async run(words, options = {}) {
      const child = launch(words, options);
      const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)];
      const [code] = (await once(child, "close")) as [number | null];
      const lines = () =>
        stdout()
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as Record<string, unknown>);
      return {
        code,
        stdout: stdout(),
        stderr: stderr(),
        get lines() {
          return lines();
        },
      };
    },
    start(words, options = {}) {
      const child = launch(words, options);
      child.stderr?.pipe(process.stderr);
      const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
      const ended = once(child, "exit").then(([code]) => code as number | null);
      return {
        child,
        ended,
        async next() {
          const { value, done } = await lines.next();
          if (done) throw new Error("The command ended before it said so.");
          return value;
        },
        interrupt() {
          child.kill("SIGINT");
          return ended;
        },
      };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function textOf(stream: NodeJS.ReadableStream | null): () => string {
  let text = "";
  stream?.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  return () => text;
}

/** What the doctor found: the level of each check. */
export function levels({ lines }: Ran): Record<string, unknown> {
  return Object.fromEntries(lines.map(({ check, level }) => [check, level]));
}

/** What a doctor's check found, which is a problem that it says how to mend. */
export async function problemFound(ran: Promise<Ran>, check: string): Promise<unknown> {
  const { code, lines } = await ran;
  const finding = lines.find((each) => each.check === check);
  expect([code, finding?.level]).toEqual([3, "problem"]);
  expect(finding?.mend).toMatch(/./);
  return finding?.found;
}

/** What the sessions that the command is tried on hold. */
export interface Seen {
  cart: string[];
  theme: string;
}

/**
 * What each engine's sessions are for the command: listed, shown, watched and ended.
 *
 * @param run the command with a store and JSON
 * @param watch starts to watch a session
 */
export async function seenAndEnded(
  sessions: LiveSessions<Seen>,
  run: (command: string, ...words: string[]) => Promise<Ran>,
  watch: (key: string) => Running,
): Promise<void> {
  const { id, key } = await sessions.create({ cart: ["kite"] });
  await sessions.bind(id, "ada");
  expect((await run("list")).lines).toMatchObject([{ key, principal: "ada" }]);
  expect((await run("show", "--", key.slice(0, 6))).lines).toMatchObject([{ shapes: { cart: { type: "list" } } }]);
  const watching = watch(key);
  expect(JSON.parse(await watching.next())).toMatchObject({ type: "watching" });
  await (await sessions.attach(id)).put("theme", "dark");
  expect(JSON.parse(await watching.next())).toMatchObject({ type: "changed", version: 3 });
  expect((await run("end", "--principal", "ada", "--yes")).lines).toEqual([{ ended: 1 }]);
  expect(JSON.parse(await watching.next())).toMatchObject({ type: "ended", reason: "revoked" });
  expect(await watching.ended).toBe(0);
}

/** The page of a dashboard that the command serves, as a browser that opened its URL. */
export async function enter(url: string) {
  const opened = await fetch(url, { redirect: "manual" });
  expect(opened.status).toBe(303);
  const page = new URL(opened.headers.get("location") as string, url);
  const cookie = opened.headers.getSetCookie()[0]?.split(";")[0] as string;
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, page), { ...init, headers: { cookie, ...init.headers } });
  const end = (key: string) =>
    ask("end.json", {
      method: "POST",
      body: JSON.stringify({ key }),
      headers: { "content-type": "application/json", origin: page.origin },
    });
  return { page, cookie, ask, end };
}

/**
 * What each engine's sessions are for the dashboard that the command serves: found, looked at and ended; and the app's
 * node is heard.
 *
 * @param bus the sessions'
 * @param start the command with a store and JSON
 */
export async function seenFromOutside(
  sessions: LiveSessions<Seen>,
  bus: SessionBus,
  start: (command: string, ...words: string[]) => Running,
): Promise<void> {
  const node = createDashboard(sessions, { authorize: () => false, bus, node: "web-1" });
  const { id, key } = await sessions.create({ cart: ["kite"] });
  await sessions.bind(id, "ada");
  const live = await sessions.attach(id);
  const ended = new Promise((resolve) => {
    live.subscribe((message) => message.type === "live_session_ended" && resolve(message.reason));
  });
  const running = start("dashboard", "--port", "0");
  const { url } = JSON.parse(await running.next()) as { url: string };
  const { ask, end } = await enter(url);
  expect(await (await ask("sessions.json?principal=ada")).json()).toMatchObject({ sessions: [{ key }] });
  const overview = eventsOf(await ask("live.events"));
  await overview.arrived<Frame>("frame", ({ nodes }) => nodes.length === 1 && nodes[0]?.node === "web-1");
  const session = eventsOf(await ask(`live.events?session=${key}`));
  await session.arrived("session");
  expect(JSON.stringify(session.all("session"))).not.toContain("kite");
  await live.put("theme", "dark");
  await session.arrived("happening");
  expect(session.all("happening")).toMatchObject([{ what: "changed", version: 3, put: ["theme"] }]);
  expect(await (await end(key)).json()).toEqual({ ended: true });
  expect(await ended).toBe("revoked");
  expect(await running.interrupt()).toBe(0);
  await node.close();
}
