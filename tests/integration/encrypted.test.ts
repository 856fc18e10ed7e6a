// Encryption at rest over SQLite: the contract, the bytes of the file, and what requests and sockets get with a wrong key.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createLiveSessions, sessionKey } from "live-session";
import { busConformance, storeConformance } from "live-session/conformance";
import { encrypted } from "live-session/encrypted";
import { sqlite, sqliteBus } from "live-session/sqlite";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { encryptedBusHarness, encryptedStoreHarness } from "../support/encrypted.ts";
import { bag, type Data, startApp } from "../support/express.ts";
import { openLibsql, sqliteHarness, temporaryFile } from "../support/sqlite.ts";
import { secret, serve } from "../support/ws.ts";

describe("the store suite", () => {
  const open = () => encryptedStoreHarness(sqliteHarness(openLibsql, "file"));
  for (const { name, run } of storeConformance({ open, exactClock: true, fails: true, sweeps: true })) test(name, run);
});

describe("the bus suite", () => {
  const open = () => {
    const { path, remove } = temporaryFile();
    const [database, other] = [openLibsql(path), openLibsql(path)];
    const harness = {
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
    return encryptedBusHarness(harness, sqlite({ database }).store);
  };
  for (const { name, run } of busConformance({ open, interrupts: false, fails: true })) test(name, run);
});

const SECRET = "the-secret-of-the-cart";

/** A file, and hubs over it, each with keys of its own. */
function file() {
  const { path, remove } = temporaryFile();
  const reported: unknown[] = [];
  onTestFinished(remove);
  const hub = (keys: readonly Uint8Array[] | null) => {
    const database = openLibsql(path);
    const raw = sqlite({ database });
    const onError = (error: unknown) => void reported.push(error);
    const drivers = keys ? encrypted(raw, { keys, onError }) : raw;
    const sessions = createLiveSessions<Data>({ ...drivers, onError });
    onTestFinished(async () => {
      await sessions.close();
      database.close();
    });
    return sessions;
  };
  const bytes = () => [path, `${path}-wal`].filter(existsSync).map((each) => readFileSync(each, "latin1"));
  return { hub, bytes, reported };
}

test("events written by the store itself reach other processes, and no value is in the file's bytes", async () => {
  const { hub, bytes } = file();
  const key = randomBytes(32);
  const [here, there] = [hub([key]), hub([key])];
  const { id } = await here.create({ cart: SECRET });
  const live = await there.attach(id);
  const mine = await here.attach(id);
  await mine.put("more", `${SECRET}, more of it`);
  await vi.waitFor(() => expect(live.data).toEqual({ cart: SECRET, more: `${SECRET}, more of it` }), 5_000);
  expect(live.version).toBe(2);
  expect(bytes().join("")).toContain("more"); // names are in the clear, so this looks at the right bytes
  expect(bytes().join("")).not.toContain(SECRET);
  const open = hub(null);
  await open.create({ cart: SECRET });
  expect(bytes().join("")).toContain(SECRET);
});

test("a request whose session cannot be decrypted fails, keeps its cookie, and changes nothing", async () => {
  const { hub } = file();
  const [right, wrong] = [randomBytes(32), randomBytes(32)];
  const [sessions, strangers] = [hub([right]), hub([wrong])];
  const routes: Parameters<typeof startApp>[1] = {
    routes(app) {
      app.get("/show", (request, response) => void response.json({ cart: bag(request).cart ?? null }));
      app.get("/set", (request, response) => {
        bag(request).cart = SECRET;
        response.json({});
      });
    },
  };
  const app = await startApp(sessions, routes);
  const tab = app.browser();
  await tab.get("/set");
  const { id } = tab;
  const other = await startApp(strangers, routes);
  const stranger = other.browser();
  for (const [name, value] of tab.cookies) stranger.cookies.set(name, value);
  for (const path of ["/show", "/set"]) {
    const { status, body } = await stranger.get(path);
    expect([status, body.code]).toEqual([500, "undecryptable"]);
  }
  expect(stranger.id).toBe(id);
  expect((await tab.get("/show")).body).toEqual({ cart: SECRET });
});

test("a socket whose session cannot be decrypted is refused for now, and the failure is reported", async () => {
  const { hub, reported } = file();
  const { id } = await hub([randomBytes(32)]).create({ cart: SECRET });
  const strangers = hub([randomBytes(32)]);
  const { connect } = await serve(strangers.app({ view: ({ cart }) => ({ cart }) }), { secret });
  const peer = connect(id);
  expect(await peer.closed).toBe(1013);
  expect(peer.got).toEqual([]);
  expect(reported).toEqual([expect.objectContaining({ code: "undecryptable" })]);
  expect((reported[0] as Error).message).toContain(sessionKey(id));
  expect((reported[0] as Error).message).not.toContain(SECRET);
});
