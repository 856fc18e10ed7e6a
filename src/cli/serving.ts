// What commands share that serve a page: how they begin, and how they end.

import { CliError, exitCodes, usage } from "./failures.ts";

/** Resolves at the first SIGINT or SIGTERM from now on. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

/** Why a server could not listen, in words for who gave the options. Others than those of listening stay as they are. */
export function whyNotServed(error: unknown, command: string, port: number): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return new CliError(
        "port_taken",
        exitCodes.failed,
        `Port ${port} is taken. Choose another: live-session ${command} --port ${port === 65_535 ? 0 : port + 1}`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return usage("--host: this machine has no such address.");
    default:
      return error;
  }
}
