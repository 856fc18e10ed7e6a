// Runs on a Node that has node:sqlite: the store suite on it, and its way of saying "busy". A JSON line for each case.

import { storeConformance } from "live-session/conformance";
import { type SqliteDatabaseLike, sqliteStore } from "live-session/sqlite";
import { sessionKey } from "../../src/core/ids.ts";
import { sqliteHarness, type TestDatabase, temporaryFile } from "./sqlite.ts";

// The types of the Node that the repository is developed on do not know it.
const name: string = "node:sqlite";
const { DatabaseSync }: { DatabaseSync: new (path: string) => TestDatabase } = await import(name);

const open = (path: string) => new DatabaseSync(path);

async function waitsForLocks(): Promise<void> {
  const { path, remove } = temporaryFile();
  const [database, other] = [open(path), open(path)];
  try {
    await waitFor(database, other);
  } finally {
    database.close();
    other.close();
    remove();
  }
}

async function waitFor(database: SqliteDatabaseLike, other: SqliteDatabaseLike): Promise<void> {
  const store = sqliteStore({ database });
  other.exec("BEGIN IMMEDIATE");
  const commit = { mode: "create", put: {}, delete: [], incarnation: "one", lifetime: 1_000 } as const;
  const pending = store.commit(sessionKey("waits"), commit);
  other.exec("COMMIT");
  if (!(pending instanceof Promise)) throw new Error("The write did not wait.");
  if (!(await pending).ok) throw new Error("The write was refused.");
}

const cases = [
  ...(["file", "memory"] as const).flatMap((where) =>
    storeConformance({
      open: () => sqliteHarness(open, where),
      exactClock: true,
      fails: true,
      sweeps: true,
    }).map(({ name, run }) => ({ name: `${where}: ${name}`, run })),
  ),
  { name: "waits for locks", run: waitsForLocks },
];
for (const { name, run } of cases) {
  const error = await run().then(
    () => null,
    (failure: Error) => failure.stack ?? failure.message,
  );
  console.log(JSON.stringify({ name, error }));
}
