// What the conformance suite cannot see of the bus: sizes, foreign messages, and subscriptions on the server.

import { sessionKey } from "live-session";
import { natsBus } from "live-session/nats";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { connectTo, freshBucket } from "../support/nats.ts";
import { type NatsServer, startNats } from "../support/servers/nats.ts";

let server: NatsServer;

beforeAll(async () => {
  server = await startNats();
});

afterAll(() => server?.remove());

async function open() {
  const own = await connectTo(server);
  onTestFinished(() => own.connection.close());
  const subject = freshBucket();
  return { ...own, subject, bus: natsBus({ connection: own.connection, subject }) };
}

const changed = (version: number, big: string) =>
  ({
    type: "changed",
    incarnation: "one",
    version,
    changes: { put: { big }, delete: [] },
    expiresAt: 2,
    now: 1,
  }) as const;

test("an event over the server's max_payload goes without its changes, one that just fits with them", async () => {
  const { bus, connection } = await open();
  const limit = connection.info?.max_payload as number;
  const key = sessionKey("big");
  const heard: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    void bus.subscribe(key, (event) => heard.push(event) === 2 && resolve());
  });
  await connection.flush();
  const room = limit - JSON.stringify(changed(1, "")).length;
  await bus.publish(key, changed(1, "x".repeat(room)));
  await bus.publish(key, changed(2, "x".repeat(room + 1)));
  await all;
  expect(heard).toEqual([changed(1, "x".repeat(room)), { ...changed(2, ""), changes: undefined }]);
});

test("what is no event is told, and does no harm", async () => {
  const { bus, connection, subject } = await open();
  const complained = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => complained.mockRestore());
  const key = sessionKey("foreign");
  const heard = new Promise((resolve) => void bus.subscribe(key, resolve));
  connection.publish(`${subject}.${key}`, "hello");
  const event = { type: "ended", incarnation: "one", reason: "revoked" } as const;
  await bus.publish(key, event);
  expect(await heard).toEqual(event);
  expect(complained).toHaveBeenCalledOnce();
});

test("a node is sent the events of those sessions that it watches, and no others", async () => {
  const [watching, other] = [await open(), await open()];
  const bus = natsBus({ connection: watching.connection, subject: other.subject });
  const [key, unwatched] = [sessionKey("watched"), sessionKey("unwatched")];
  const end = await bus.subscribe(key, () => {});
  const received = () => watching.connection.stats().inMsgs;
  const event = { type: "touched", incarnation: "one", expiresAt: 2, now: 1 } as const;
  const publish = async (to: typeof key) => {
    const before = received();
    await other.bus.publish(to, event);
    await other.connection.flush();
    await watching.connection.flush();
    return received() - before;
  };
  expect(await publish(key)).toBe(1);
  expect(await publish(unwatched)).toBe(0);
  end();
  await watching.connection.flush();
  expect(await publish(key)).toBe(0);
});
