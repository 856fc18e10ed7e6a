// Slow and silent browsers: none makes the server keep more than one view for it, none is kept for ever.

import { expect, test } from "vitest";
import { settle } from "../support/sessions.ts";
import { hub, type Peer, serve } from "../support/ws.ts";

interface Data {
  text: string;
  n: number;
}

/** More than the buffers of a line take in, ours and the system's. */
const LARGE = 2_000_000;

async function large(options: Parameters<typeof serve>[1] = {}) {
  const made = hub<Data>({ maxBytes: 2 * LARGE });
  const { action } = made.sessions;
  const app = made.sessions.app({
    view: ({ text = "", n = 0 }) => ({ text, n }),
    actions: {
      put: action(async (live) => void (await live.update("n", (n = 0) => n + 1))),
      nothing: action(() => {}),
    },
  });
  return { ...made, ...(await serve(app, { pingInterval: "1h", ...options })) };
}

const views = (peer: Peer) => peer.got.filter(({ t }) => t === "view").map(({ version }) => version);

test("a browser that reads again gets the latest view, not the many that it missed, and answers behind it", async () => {
  const { sessions, connect } = await large();
  const { id } = await sessions.create({});
  const [peer, quick] = [connect(id), connect(id)];
  await peer.hello("slow");
  await quick.hello("quick");
  peer.stream.pause();
  const live = await sessions.attach(id);
  for (let turn = 0; turn < 30; turn++) {
    await live.put("text", `${turn}`.padEnd(LARGE, "x"));
    if (turn === 20) peer.send({ t: "call", id: 1, name: "put" });
    await quick.inStep();
  }
  while ((live.get("n") ?? 0) === 0) await settle();
  await quick.inStep();
  peer.stream.resume();
  expect((await peer.answer(1)).t).toBe("ok");
  expect(peer.got.at(-2)).toMatchObject({ t: "view", version: live.version, view: { n: 1 } });
  expect(views(peer).length).toBeLessThan(10);
  expect(views(peer)).toEqual([...views(peer)].sort((a, b) => Number(a) - Number(b)));
  expect(views(quick)).toHaveLength(live.version);
});

test("what is over is said behind what is already on its way, and not behind views that wait", async () => {
  const { sessions, connect } = await large();
  const { id } = await sessions.create({});
  const peer = connect(id);
  await peer.hello();
  peer.stream.pause();
  const live = await sessions.attach(id);
  for (let turn = 0; turn < 10; turn++) await live.put("text", `${turn}`.padEnd(LARGE, "x"));
  await live.end();
  peer.stream.resume();
  expect(await peer.closed).toBe(1008);
  expect(peer.got.at(-1)).toEqual({ t: "ended", reason: "destroyed" });
  expect(views(peer)).not.toContain(11);
});

test("one that asks and asks and reads no answer is cut off", async () => {
  const { sessions, connect, sockets, attached } = await large({ maxCallsInFlight: 4 });
  const { id } = await sessions.create({ text: "x".repeat(LARGE) });
  const peer = connect(id);
  await peer.hello();
  peer.stream.pause();
  const live = await sessions.attach(id);
  for (let turn = 0; turn < 6; turn++) await live.put("text", `${turn}`.padEnd(LARGE, "x"));
  live.detach();
  for (let call = 1; call <= 200; call++) peer.send({ t: "call", id: call, name: "nothing" });
  while (sockets.size > 0) await settle();
  expect(attached()).toBe(0);
});

test("one that does not answer a ping by the next is cut off, the others stay", async () => {
  const { sessions, connect, sockets, clock, attached } = await large({ pingInterval: "30s" });
  const [dead, well] = [await sessions.create({}), await sessions.create({})];
  const silent = connect(dead.id);
  const peer = connect(well.id);
  await silent.hello();
  await peer.hello();
  silent.stream.pause();
  const pinged = new Promise((resolve) => peer.socket.once("ping", resolve));
  clock.advance(30_000);
  await pinged;
  await peer.inStep();
  expect(sockets.size).toBe(2);
  await settle();
  clock.advance(30_000);
  while (sockets.size > 1) await settle();
  expect(attached()).toBe(1);
  await peer.inStep();
});

test("one that says no hello in time is closed with 1013", async () => {
  const { sessions, connect, clock, attached } = await large({ helloTimeout: "10s" });
  const { id } = await sessions.create({});
  const [late, early] = [connect(id), connect(id)];
  await late.opened();
  await early.hello();
  clock.advance(10_000);
  expect(await late.closed).toBe(1013);
  await early.inStep();
  expect(attached()).toBe(1);
});

test("a browser's ping is answered", async () => {
  const { sessions, connect } = await large();
  const { id } = await sessions.create({});
  const peer = connect(id);
  await peer.hello();
  peer.send({ t: "ping" });
  expect(await peer.next()).toEqual({ t: "pong" });
});
