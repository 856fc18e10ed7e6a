// The bus suite on SQLite: two connections to one file, as two processes have them.

import { setTimeout } from "node:timers/promises";
import { createLiveSessions } from "live-session";
import { type BusHarness, busConformance, ManualClock } from "live-session/conformance";
import { sqlite, sqliteBus } from "live-session/sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { rejection } from "../support/sessions.ts";
import { openLibsql, type TestDatabase, temporaryFile } from "../support/sqlite.ts";
import { openStrict } from "../support/strict-sqlite.ts";

function harness(open: (path: string) => TestDatabase): BusHarness {
  const { path, remove } = temporaryFile();
  const [database, other] = [open(path), open(path)];
  return {
    bus: sqliteBus({ database }),
    peer: sqliteBus({ database: other }),
    useClient: () => database.prepare("SELECT 1").all(),
    fail: () => void other.exec("DROP TABLE live_sessions_events"),
    close() {
      database.close();
      other.close();
      remove();
    },
  };
}

describe.each([
  ["libsql", openLibsql],
  ["what better-sqlite3 allows", openStrict],
])("%s", (_name, open) => {
  const cases = busConformance({ open: () => harness(open), interrupts: false, fails: true });
  for (const { name, run } of cases) test(name, run);
});

/** Two hubs as two processes have them, on connections of their own. */
function twoNodes() {
  const { path, remove } = temporaryFile();
  const databases = [openLibsql(path), openLibsql(path)] as const;
  const hubs = databases.map((database) =>
    createLiveSessions<Record<string, unknown>>({ ...sqlite({ database }), checkInterval: "1h" }),
  );
  onTestFinished(async () => {
    await Promise.all(hubs.map((hub) => hub.close()));
    for (const database of databases) database.close();
    remove();
  });
  return { here: hubs[0]!, there: hubs[1]!, databases };
}

test("what one process writes the other hears, changes, long ones and ends alike", async () => {
  const { here, there } = twoNodes();
  const { id } = await here.create({ n: 0 });
  const live = await there.attach(id);
  const heard: unknown[] = [];
  const ended = new Promise((resolve) =>
    live.subscribe((message) => {
      if (message.type === "live_session_updated") heard.push(message.version);
      if (message.type === "live_session_ended") resolve(message.reason);
    }),
  );
  const writer = await here.attach(id);
  await writer.put("n", 1);
  await writer.put("long", "x".repeat(100_000));
  await until(() => live.data.n === 1 && String(live.data.long).length === 100_000);
  expect(heard.at(-1)).toBe(3);
  await writer.end("revoked");
  expect(await ended).toBe("revoked");
});

test("an event is written with its change or not at all", async () => {
  const { here, databases } = twoNodes();
  const { id } = await here.create({ n: 0 });
  const events = () => databases[0].prepare("SELECT count(*) AS count FROM live_sessions_events").all();
  const before = events();
  const live = await here.attach(id);
  databases[0].exec("CREATE TRIGGER no BEFORE INSERT ON live_sessions_events BEGIN SELECT RAISE(ABORT, 'full'); END");
  expect(await rejection(live.put("n", 1))).toMatchObject({ code: "store_failed" });
  databases[0].exec("DROP TRIGGER no");
  expect((await here.read(id))?.n).toBe(0);
  expect(events()).toEqual(before);
});

test("more events than are kept are noticed as a gap: everyone reads anew", async () => {
  const { path, remove } = temporaryFile();
  const clock = new ManualClock();
  const [database, other] = [openLibsql(path), openLibsql(path)];
  const bus = sqliteBus({ database, clock });
  const writer = sqliteBus({ database: other, clock });
  onTestFinished(async () => {
    await bus.close();
    database.close();
    other.close();
    remove();
  });
  const statuses: string[] = [];
  bus.onStatus((status) => statuses.push(status));
  await bus.subscribe("key" as never, () => {});
  const end = { type: "ended", incarnation: "x", reason: "revoked" } as const;
  other.exec("BEGIN");
  for (let index = 0; index < 1_500; index++) {
    if (index === 500) clock.advance(120_000);
    writer.append("key" as never, end);
  }
  other.exec("COMMIT");
  await until(() => statuses.length > 0);
  expect(statuses).toEqual(["down", "up"]);
});

test("events are not kept for ever", async () => {
  const { path, remove } = temporaryFile();
  const clock = new ManualClock();
  const database = openLibsql(path);
  onTestFinished(() => {
    database.close();
    remove();
  });
  const bus = sqliteBus({ database, clock });
  const end = { type: "ended", incarnation: "x", reason: "revoked" } as const;
  for (let index = 0; index < 5_000; index++) {
    clock.advance(100);
    bus.append("key" as never, end);
  }
  const [row] = database.prepare("SELECT count(*) AS count FROM live_sessions_events").all() as { count: number }[];
  expect(row?.count).toBeLessThan(2_000);
});

test("a database in memory cannot be shared, and a bus of another database is no bus for the store", () => {
  expect(() => sqliteBus({ database: openLibsql(":memory:") })).toThrow(
    expect.objectContaining({ code: "bad_option" }),
  );
});

async function until(is: () => boolean): Promise<void> {
  while (!is()) await setTimeout(2);
}
