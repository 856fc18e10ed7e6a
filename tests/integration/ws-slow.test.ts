// Slow and silent browsers: none makes the server keep more than one view for it, none is kept for ever.

import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { z } from "zod";
import { settle } from "../support/sessions.ts";
import { hub, type Peer, serve } from "../support/ws.ts";

interface Data {
  text: string;
  n: number;
}

async function large(options: Parameters<typeof serve>[1] = {}) {
  const made = hub<Data>();
  const { action } = made.sessions;
  const app = made.sessions.app({
    view: ({ text = "", n = 0 }) => ({ text, n }),
    actions: {
      count: action(async (live) => void (await live.update("n", (n = 0) => n + 1))),
      nothing: action(() => {}),
      say: action(z.number(), (_live, length) => "x".repeat(length)),
    },
  });
  const served = await serve(app, { pingInterval: "1h", ...options });
  const streams: Socket[] = [];
  served.server.on("connection", (stream) => streams.push(stream));

  /** Opens a connection that stops reading, and writes until the buffers of its line are full. */
  async function choked() {
    const { id } = await made.sessions.create({});
    const peer = served.connect(id);
    await peer.hello("slow");
    const [stream] = streams as [Socket];
    peer.stream.pause();
    const live = await made.sessions.attach(id);
    let turn = 0;
    const write = () => live.put("text", `${turn++}`.padEnd(500_000, "x"));
    while (!stream.writableNeedDrain) {
      await write();
      await settle();
    }
    return { id, peer, live, write };
  }
  return { ...made, ...served, choked };
}

const versions = (peer: Peer) => peer.got.filter(({ t }) => t === "view").map(({ version }) => Number(version));

test("a browser that reads again gets the latest view, not the many that it missed", async () => {
  const { connect, choked } = await large();
  const { id, peer, live, write } = await choked();
  const full = live.version;
  const quick = connect(id);
  await quick.hello("quick");
  for (let turn = 0; turn < 20; turn++) await write();
  await quick.inStep();
  peer.stream.resume();
  await peer.until(({ version }) => version === live.version);
  expect(versions(peer)).toEqual([...Array.from({ length: full }, (_, index) => index + 1), full + 20]);
  expect(versions(quick).at(-1)).toBe(full + 20); // nobody waits for the slow one
});

test("answers wait behind the view that holds what they did", async () => {
  const { choked, sockets, sessions } = await large();
  const { id, peer, live, write } = await choked();
  const full = live.version;
  await write();
  peer.send({ t: "call", id: 1, name: "count" });
  while ((await sessions.read(id))?.n !== 1) await settle();
  await settle();
  peer.stream.resume();
  expect((await peer.answer(1)).t).toBe("ok");
  expect(peer.got.at(-2)).toMatchObject({ t: "view", version: full + 2, view: { n: 1 } });
  expect(sockets.size).toBe(1);
});

test("the end is said behind what is on its way, and not behind views that wait", async () => {
  const { choked } = await large();
  const { peer, live, write } = await choked();
  const full = live.version;
  await write();
  await live.end();
  peer.stream.resume();
  expect(await peer.closed).toBe(1008);
  expect(peer.got.at(-1)).toEqual({ t: "ended", reason: "destroyed" });
  expect(versions(peer).at(-1)).toBe(full);
});

test("one that asks and asks and reads no answer is cut off", async () => {
  const { choked, sockets, attached } = await large({ maxCallsInFlight: 4 });
  const { peer, live } = await choked();
  live.detach();
  for (let call = 1; call <= 50; call++) peer.send({ t: "call", id: call, name: "nothing" });
  while (sockets.size > 0) await settle();
  expect(attached()).toBe(0);
});

test("one for which several long answers wait is cut off, well before it asked too often", async () => {
  const { choked, sockets, attached } = await large();
  const { peer, live } = await choked();
  live.detach();
  for (let call = 1; call <= 2; call++) peer.send({ t: "call", id: call, name: "say", input: 200_000 });
  for (let turn = 0; turn < 50; turn++) await settle();
  expect(sockets.size).toBe(1); // but for one, they are within what is kept for it
  peer.send({ t: "call", id: 3, name: "say", input: 200_000 });
  while (sockets.size > 0) await settle();
  expect(attached()).toBe(0);
});

test("one answer of any length waits, with short ones beside it", async () => {
  const { choked, sockets } = await large();
  const { peer, write } = await choked();
  await write();
  peer.send({ t: "call", id: 1, name: "say", input: 3_000_000 });
  for (let call = 2; call <= 20; call++) peer.send({ t: "call", id: call, name: "nothing" });
  for (let turn = 0; turn < 50; turn++) await settle();
  peer.stream.resume();
  expect((await peer.answer(1)).result).toHaveLength(3_000_000);
  expect((await peer.answer(20)).t).toBe("ok");
  expect(sockets.size).toBe(1);
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
