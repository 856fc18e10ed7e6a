// Time in SQL. The server's clock decides; `clock_timestamp` goes on while a statement waits for a lock, `now()` does not.

/** Milliseconds since 1970. */
export const NOW = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";
