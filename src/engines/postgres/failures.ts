// Errors of the engine in words that say what to do.

/** Where the server cannot be reached under several addresses, Node's error has no message of its own. */
export function clearer(error: unknown): unknown {
  if (error instanceof AggregateError && error.message === "") {
    const messages = error.errors.map((each) => (each instanceof Error ? each.message : String(each)));
    return new Error(messages.join("; "), { cause: error });
  }
  switch (codeOf(error)) {
    case "42P01":
    case "42703":
      return hint(error, "Run the SQL of postgresSchema(), or leave the option migrate on.");
    case "55P03":
      return hint(error, "Another transaction holds the session's row for longer than lockTimeout.");
    case "25006":
      return hint(error, "Sessions need the primary server, not a replica.");
    default:
      return error;
  }
}

/** The SQLSTATE, or the code of the network's error. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
}

/** Whether the server says that it did nothing; else what was asked for may have been done. */
export function undone(error: unknown): boolean {
  const { severity, cause } = error as { severity?: unknown; cause?: unknown };
  if (severity === undefined) return cause !== undefined && undone(cause);
  // Not where the connection ends (08, 57P): that may come after the work.
  return !/^(08|57P)/.test(String(codeOf(error)));
}

function hint(error: unknown, words: string): Error {
  return new Error(`${(error as Error).message}. ${words}`, { cause: error });
}
