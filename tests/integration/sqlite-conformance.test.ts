// The store suite on SQLite: in memory, on a file with two connections, and by the rules of better-sqlite3.

import { type StoreHarness, storeConformance } from "live-session/conformance";
import { describe, test } from "vitest";
import { openLibsql, sqliteHarness } from "../support/sqlite.ts";
import { openStrict } from "../support/strict-sqlite.ts";

const suites: readonly { name: string; open: () => StoreHarness }[] = [
  { name: "libsql, in memory", open: () => sqliteHarness(openLibsql, "memory") },
  { name: "libsql, two connections to a file", open: () => sqliteHarness(openLibsql, "file") },
  { name: "what better-sqlite3 allows", open: () => sqliteHarness(openStrict, "file") },
];

describe.each(suites)("$name", ({ open }) => {
  for (const { name, run } of storeConformance({ open, exactClock: true, fails: true, sweeps: true })) test(name, run);
});
