// The engines of the fault suite: real servers, set so that what they acknowledged outlives their process.

import { startNats } from "../servers/nats.ts";
import { startPostgres } from "../servers/postgres.ts";
import { adminPassword, startRedis } from "../servers/redis.ts";
import { temporaryFile } from "../sqlite.ts";
import type { EngineName } from "./drivers.ts";

export interface Engine {
  readonly name: EngineName;
  /** `null`: there is no server, but a file. */
  readonly port: number | null;
  readonly password: string;
  /** How long a session lives that nobody uses. Where the engine's clock decides: less than the nodes' clocks are off. */
  readonly lifetime: number;
  /**
   * The hub's option. Its default where the store publishes in the same step as it writes: then that alone must do. A node
   * that dies between a write to NATS and its event loses that event, which the next check makes good.
   */
  readonly checkInterval: number;
  /** A prefix, table, bucket or file that no run had before. */
  nameOf(seed: number): string;
  /** SIGKILL. */
  kill(): Promise<void>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  remove(): Promise<void>;
}

let runs = 0;

const nameOf = (seed: number) => `run${++runs}_seed${seed}`;

const nothing = async () => {};

export const engines: Record<EngineName, () => Promise<Engine>> = {
  async redis() {
    const server = await startRedis("--appendonly", "yes", "--appendfsync", "always");
    return {
      name: "redis",
      port: server.port,
      password: adminPassword,
      lifetime: 50_000,
      checkInterval: 30_000,
      nameOf,
      kill: () => server.stop("SIGKILL"),
      start: () => server.start(),
      pause: () => server.suspend(),
      resume: () => server.resume(),
      remove: () => server.close(),
    };
  },

  async postgres() {
    const server = await startPostgres({ fsync: true });
    return {
      name: "postgres",
      port: Number(new URL(server.url()).port),
      password: "",
      lifetime: 50_000,
      checkInterval: 30_000,
      nameOf,
      kill: () => server.stop("SIGKILL"),
      start: () => server.start(),
      pause: () => server.signalAll("SIGSTOP"),
      resume: () => server.signalAll("SIGCONT"),
      remove: () => server.remove(),
    };
  },

  async nats() {
    const server = await startNats();
    return {
      name: "nats",
      port: Number(server.servers.split(":")[1]),
      password: "",
      lifetime: 600_000,
      checkInterval: 1_000,
      nameOf,
      kill: () => server.stop("SIGKILL"),
      start: () => server.start(),
      pause: () => server.signal("SIGSTOP"),
      resume: () => server.signal("SIGCONT"),
      remove: () => server.remove(),
    };
  },

  async sqlite() {
    const files: ReturnType<typeof temporaryFile>[] = [];
    return {
      name: "sqlite",
      port: null,
      password: "",
      lifetime: 50_000,
      checkInterval: 30_000,
      nameOf() {
        const file = temporaryFile();
        files.push(file);
        return file.path;
      },
      kill: nothing,
      start: nothing,
      pause() {},
      resume() {},
      async remove() {
        for (const { remove } of files) remove();
      },
    };
  },
};
