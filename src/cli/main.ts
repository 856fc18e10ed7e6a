// From the words of a command line to its exit code.

import { CommanderError } from "commander";
import { exitCodes, explain } from "./failures.ts";
import { program } from "./program.ts";

/** Runs one command; resolves to its exit code. Never rejects: what fails is said on stderr. */
export async function main(words: readonly string[]): Promise<number> {
  // A reader that has seen enough, such as `head`, closes the pipe: no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  let code: number = exitCodes.done;
  const command = program((done) => {
    code = done;
  });
  try {
    await command.parseAsync(words, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const { text, exitCode } = explain(error);
    process.stderr.write(`live-session: ${text}\n`);
    return exitCode;
  }
}
