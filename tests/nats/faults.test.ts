// Promises kept while the server crashes, hangs, or is not what was hoped for.

import { createLiveSessions, sessionKey } from "live-session";
import { natsBus, natsStore } from "live-session/nats";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connectTo, freshBucket, natsNode, status, until } from "../support/nats.ts";
import { type NatsServer, startNats } from "../support/servers/nats.ts";
import { rejection } from "../support/sessions.ts";

let server: NatsServer;

beforeAll(async () => {
  server = await startNats();
});

afterAll(() => server?.remove());

test("what was acknowledged is there after the server was killed, and connections catch up by themselves", async () => {
  const bucket = freshBucket();
  const [here, there] = [await natsNode(server, { bucket }), await natsNode(server, { bucket })];
  const { id } = await here.sessions.create({});
  const watcher = await there.sessions.attach(id);
  const own = await here.sessions.attach(id);
  const acknowledged = Array<number>(8).fill(0);
  let writing = true;
  const writers = acknowledged.map(async (_, writer) => {
    const live = await here.sessions.attach(id);
    for (let n = 1; writing; n++) {
      // What is not acknowledged may be there or not.
      await live.put(`w${writer}`, n).then(
        () => (acknowledged[writer] = n),
        () => new Promise((resolve) => setImmediate(resolve)),
      );
    }
  });
  await until(watcher, (data) => Object.values(data).filter((n) => (n as number) >= 10).length === 8);
  const stale = status(watcher, "stale");
  await server.stop("SIGKILL");
  await stale;
  await server.start();
  await Promise.all([status(watcher, "live"), status(own, "live")]); // each node connects again by itself
  writing = false;
  await Promise.all(writers);
  await watcher.put("last", true);
  const stored = (await here.sessions.read(id)) as Record<string, unknown>;
  for (const [writer, n] of acknowledged.entries()) {
    expect(n).toBeGreaterThanOrEqual(10);
    expect(stored[`w${writer}`]).toBeGreaterThanOrEqual(n);
  }
  await until(watcher, (data) => data.last === true);
  expect(watcher.data).toEqual(stored);
});

test("while the server is away every call is refused with its reason, and nothing is found missing", async () => {
  const { sessions, bus } = await natsNode(server);
  const { id, key } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  const stale = status(live, "stale");
  await server.stop("SIGTERM");
  onTestFinished(() => server.start().catch(() => {}));
  await stale;
  for (const call of [
    () => sessions.read(id),
    () => live.put("n", 2),
    () => sessions.end(id),
    () => sessions.create(),
  ]) {
    const error = await rejection(call());
    expect(error).toMatchObject({ code: "store_failed" });
    expect(error.message).toContain("no connection to NATS");
  }
  const publish = async () => bus.publish(key, { type: "ended", incarnation: "x", reason: "revoked" });
  await expect(publish()).rejects.toThrow("no connection to NATS");
  await expect((async () => bus.subscribe(key, () => {}))()).rejects.toThrow("no connection to NATS");
  await server.start();
  await status(live, "live");
  // What was refused was not kept to be sent later.
  expect(await sessions.read(id)).toEqual({ n: 1 });
  await live.put("n", 3);
  expect(await sessions.read(id)).toEqual({ n: 3 });
});

test("a write under way when the connection is lost is an error at once, not after the client's time-out", async () => {
  const { sessions } = await natsNode(server, { timeout: 60_000 });
  const { id } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  server.signal("SIGSTOP");
  const refused = rejection(live.put("n", 2));
  await server.stop("SIGKILL");
  expect((await refused).message).toContain("lost before the server answered");
  await server.start();
});

test("a server that hangs is an error after the time-out", async () => {
  const { sessions } = await natsNode(server, { timeout: 300 });
  const { id } = await sessions.create({ n: 1 });
  server.signal("SIGSTOP");
  // A signal takes effect when it does: the first reads may still be answered.
  let error: unknown = null;
  while (!error)
    error = await sessions.read(id).then(
      () => null,
      (reason) => reason,
    );
  server.signal("SIGCONT");
  expect(error).toMatchObject({ code: "store_failed" });
  expect(await sessions.read(id)).toEqual({ n: 1 });
});

test("`up` comes only when subscriptions are in place again, each time", async () => {
  const bucket = freshBucket();
  const [here, there] = [await natsNode(server, { bucket }), await natsNode(server, { bucket })];
  const key = sessionKey("up");
  let heard = 0;
  let wake = () => {};
  await here.bus.subscribe(key, () => {
    heard++;
    wake();
  });
  for (let round = 1; round <= 10; round++) {
    const up = new Promise<void>((resolve) => {
      const end = here.bus.onStatus((status) => {
        if (status !== "up") return;
        end();
        resolve();
      });
    });
    await here.connection.reconnect();
    await up;
    const event = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await there.bus.publish(key, { type: "touched", incarnation: "a", expiresAt: 2, now: 1 });
    await event;
    expect(heard).toBe(round);
  }
});

test("a bucket kept in memory is made anew after a crash of the server: empty, and usable", async () => {
  const { connection, jetstream } = await connectTo(server);
  onTestFinished(() => connection.close());
  const store = natsStore({ connection, jetstream, bucket: freshBucket(), storage: "memory" });
  const sessions = createLiveSessions({ store });
  const { id } = await sessions.create({ n: 1 });
  const bus = natsBus({ connection });
  const up = new Promise<void>((resolve) => void bus.onStatus((now) => now === "up" && resolve()));
  await server.stop("SIGKILL");
  await server.start();
  await up;
  expect(await sessions.read(id)).toBeNull();
  const again = await sessions.create({ n: 2 });
  expect(await sessions.read(again.id)).toEqual({ n: 2 });
  await sessions.close();
});
