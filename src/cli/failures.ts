// What goes wrong, in words for a terminal, and the exit code that says it to scripts.

import { LiveSessionError } from "../core/errors.ts";
import { plain } from "./text.ts";

export const exitCodes = {
  done: 0,
  failed: 1,
  /** The command line itself is wrong: nothing was done. */
  usage: 2,
  /** There is no such session, file or table, or `doctor` found something to mend. */
  notFound: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A failure that the command line has words of its own for. `code` is as stable as those of LiveSessionError. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: string;
  readonly exitCode: ExitCode;

  constructor(code: string, exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.exitCode = exitCode;
  }
}

export function usage(message: string): CliError {
  return new CliError("bad_usage", exitCodes.usage, message);
}

export function notFound(message: string, code = "unknown_session"): CliError {
  return new CliError(code, exitCodes.notFound, message);
}

/** One line with the error's code, and what caused it. */
export function explain(error: unknown): { readonly text: string; readonly exitCode: ExitCode } {
  const known = error instanceof CliError || error instanceof LiveSessionError;
  const own = known ? error.code : "failed";
  const exitCode =
    error instanceof CliError ? error.exitCode : own === "bad_option" ? exitCodes.usage : exitCodes.failed;
  const { message, cause } = error instanceof Error ? error : { message: String(error), cause: undefined };
  const text = `${message || reasonOf(error)}${cause ? ` (${reasonOf(cause)})` : ""} [${own}]`;
  return { text: plain(withoutPasswords(text)), exitCode };
}

/** What an engine's client says of its failure. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  return String(message || code || error);
}

/** Clients may put the URL into their messages. */
function withoutPasswords(text: string): string {
  return text.replace(/(\w+:\/\/)[^\s/]*@/g, "$1***@");
}
