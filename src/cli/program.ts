// The commands and their options: what `--help` says. What they do is in commands/, loaded when it is asked for.

import { Command } from "commander";
import type { ExitCode } from "./failures.ts";
import { version } from "./version.ts";

/** @param ended takes the exit code of a command that ran */
export function program(ended: (code: ExitCode) => void): Command {
  const root = new Command("live-session")
    .description("Looks at live sessions where they are kept, and ends them.")
    .version(version())
    .exitOverride()
    .showHelpAfterError('(add --help for what there is; a key that begins with "-" goes after "--")')
    .addHelpText("after", rootHelp);

  /** A command; those of the store take its place, too. */
  const add = (words: string, description: string, examples: readonly string[], hasStore = true) => {
    const command = root.command(words).description(description).exitOverride();
    if (hasStore) {
      command
        .option(
          "--store <url>",
          "redis://, rediss://, postgres://, nats:// or sqlite:path (default: LIVE_SESSION_STORE)",
        )
        .option("--prefix <text>", "Redis: what the names of keys begin with")
        .option("--table <name>", "PostgreSQL, SQLite: the table")
        .option("--schema <name>", "PostgreSQL: the schema that the table is in")
        .option("--bucket <name>", "NATS: the bucket");
    }
    command.option("--json", "JSON on stdout: one document, or a line for each item of a list or stream");
    return command.addHelpText(
      "after",
      `\nExamples:\n${examples.map((each) => `  $ live-session ${each}`).join("\n")}`,
    );
  };
  const retention = [
    "--retention <duration>",
    "how long ends are remembered: the app's endedRetention",
    "10m",
  ] as const;

  add("demo", "Opens the shop, to try live sessions in a browser.", ["demo", "demo --port 4000 --store sqlite:shop.db"])
    .option("--port <number>", "where it listens (default: PORT, or 3000)")
    .action(async (options) => ended(await (await import("./commands/demo.ts")).demo(options)));

  add("list", "Lists live sessions.", [
    "list",
    "list --principal ada --json",
    "list --store redis://localhost --limit 20",
  ])
    .option("--principal <name>", "only this principal's")
    .option("--limit <number>", "so many at most")
    .action(async (options) => ended(await (await import("./commands/list.ts")).list(options)));

  add("show", "Shows one session; its data as types and sizes.", [
    "show Qm5oXg",
    "show Qm5oXg --reveal --json",
    "show -- -Qm5oX",
  ])
    .argument("<key>", "the session's key, or as much of its beginning as no other has")
    .option("--reveal", "show the values of the data, too")
    .action(async (key, options) => ended(await (await import("./commands/show.ts")).show(key, options)));

  add("end", "Ends sessions for good: their connections close, on every node.", [
    "end Qm5oXg",
    "end --principal ada",
    "end --all --yes",
  ])
    .argument("[keys...]", "keys, or as much of their beginnings as no other has")
    .option("--principal <name>", "all of this principal's")
    .option("--all", "every session there is")
    .option("--yes", "do not ask")
    .option("--reason <reason>", "what those attached are told: revoked or destroyed", "revoked")
    .option(...retention)
    .action(async (keys, options) => ended(await (await import("./commands/end.ts")).end(keys, options)));

  add("watch", "Shows what changes in a session as it happens, until it ends or Ctrl+C.", [
    "watch Qm5oXg",
    "watch Qm5oXg --reveal --json",
  ])
    .argument("<key>", "the session's key, or as much of its beginning as no other has")
    .option("--reveal", "show the values, too")
    .action(async (key, options) => ended(await (await import("./commands/watch.ts")).watch(key, options)));

  add("dashboard", "Opens the dashboard of the sessions in a browser: live figures, search, ending.", [
    "dashboard",
    "dashboard --store redis://localhost --port 0 --json",
    "dashboard --reveal",
  ])
    .option("--port <number>", "where it listens; 0 for any that is free", "4747")
    .option("--host <address>", "the address that it listens at: this machine alone", "127.0.0.1")
    .option("--allow-remote", "take a --host that other machines can reach")
    .option("--reveal", "show the values of the data, too")
    .option(...retention)
    .action(async (options) => ended(await (await import("./commands/dashboard.ts")).dashboard(options)));

  add("migrate", "Makes the tables, or brings them up to date (PostgreSQL, SQLite).", [
    "migrate",
    "migrate --print --store postgres: > sessions.sql",
  ])
    .option("--print", "print the SQL, and change nothing")
    .option("--unlogged", "PostgreSQL: the table is lost when the server crashes, and faster")
    .action(async (options) => ended(await (await import("./commands/migrate.ts")).migrate(options)));

  add("prune", "Frees the space of sessions that are over, as apps do by themselves.", [
    "prune",
    "prune --retention 1h",
  ])
    .option(...retention)
    .action(async (options) => ended(await (await import("./commands/prune.ts")).prune(options)));

  add("doctor", "Looks for what is wrong in the store's setup, and in the cookie of a running app.", [
    "doctor",
    "doctor --store redis://localhost",
    "doctor https://example.com/login --cookie connect.sid",
  ])
    .argument("[url]", "a page of a running app whose answer sets the session's cookie")
    .option("--cookie <name>", "the cookie's name (default: those of the usual middleware)")
    .action(async (url, options) => ended(await (await import("./commands/doctor.ts")).doctor(url, options)));

  return root;
}

const rootHelp = `
Sessions are named by their key, the hash of the id, or its beginning; ids are never shown and never asked for.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 not found, or doctor found something to mend.

Examples:
  $ live-session demo
  $ export LIVE_SESSION_STORE=redis://localhost:6379
  $ live-session list --principal ada
  $ live-session end --principal ada
  $ live-session doctor https://example.com`;
