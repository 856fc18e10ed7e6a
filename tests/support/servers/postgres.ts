// A PostgreSQL server of a suite's own: in a temporary folder, on a free port, ended by its process id.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../example-process.ts";

export interface PostgresServer {
  /** A URL of one of its databases, by loopback TCP. */
  url(database?: string): string;
  /** The folder of its Unix socket. */
  readonly folder: string;
  /** Ends the server: SIGKILL as a crash does, SIGINT by closing all connections. Resolves when it is gone. */
  stop(signal: "SIGKILL" | "SIGINT"): Promise<void>;
  /** Starts it again, on the same port and data, unless it runs. */
  start(): Promise<void>;
  /** Holds the process still, or lets it go on: a server that takes connections and does not answer. */
  signalAll(signal: "SIGSTOP" | "SIGCONT"): void;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

export interface PostgresServerOptions {
  /** Whether commits reach the disk before they are acknowledged. Default false: suites that crash nothing are faster. */
  readonly fsync?: boolean;
}

export async function startPostgres({ fsync = false }: PostgresServerOptions = {}): Promise<PostgresServer> {
  const binary = postgresPath();
  const owner = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), "live-session-pg-"));
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  const port = await freePort();
  const options = { ...owner, cwd: folder, env: { ...process.env, LC_ALL: "C" } };
  const init = ["-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  const made = spawnSync(join(dirname(binary), "initdb"), init, { ...options, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error ?? ""}`);
  let server: ChildProcess | null = null;

  async function start(): Promise<void> {
    if (server) return;
    const settings = {
      port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: folder,
      fsync: fsync ? "on" : "off",
      max_connections: 150,
      shared_buffers: "64MB",
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = spawn(binary, ["-D", data, ...flags], { ...options, stdio: ["ignore", "ignore", "pipe"] });
    server = child;
    await new Promise<void>((resolve, reject) => {
      const log: string[] = [];
      child.once("exit", (code) => reject(new Error(`postgres ended with ${code}:\n${log.join("\n")}`)));
      createInterface(child.stderr as NonNullable<typeof child.stderr>).on("line", (line) => {
        if (log.length < 200) log.push(line);
        if (line.includes("database system is ready to accept connections")) resolve();
      });
    });
  }

  async function stop(signal: "SIGKILL" | "SIGINT"): Promise<void> {
    const child = server;
    server = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const backends = signal === "SIGKILL" ? childrenOf(child.pid as number) : [];
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
    // A backend goes on for a while without its postmaster, and a new one would wait for it.
    for (const pid of backends) killQuietly(pid, "SIGKILL");
  }

  await start();
  return {
    url: (database = "postgres") => `postgres://test@127.0.0.1:${port}/${database}`,
    folder,
    start,
    stop,
    signalAll(signal) {
      const pid = server?.pid as number;
      for (const each of [pid, ...childrenOf(pid)]) killQuietly(each, signal);
    },
    async remove() {
      await stop("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  return stdout.split("\n").map(Number).filter(Boolean);
}

function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}

function postgresPath(): string {
  const given = process.env.POSTGRES_PATH;
  if (given) return given;
  const home = "/usr/lib/postgresql";
  const versions = existsSync(home) ? readdirSync(home).sort((one, other) => Number(other) - Number(one)) : [];
  const found = versions.map((version) => join(home, version, "bin/postgres")).find((path) => existsSync(path));
  if (!found) throw new Error("There is no PostgreSQL server here: set POSTGRES_PATH.");
  return found;
}

/** PostgreSQL refuses to run as root; then it is the user that its package makes, or nobody. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((flag) => spawnSync("id", [flag, user], { encoding: "utf8" }).stdout.trim());
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("PostgreSQL does not run as root, and there is no other user.");
}
