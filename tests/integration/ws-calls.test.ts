// Calls over a WebSocket: validated, in order, answered after the view that holds what they did, never run twice.

import { createServer } from "node:http";
import express from "express";
import session from "express-session";
import { LiveSessionError, memoryStore, type SessionStore, systemClock } from "live-session";
import { expressStore } from "live-session/express";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ChaosBus } from "../support/chaos-bus.ts";
import { Gate, ShiftedClock } from "../support/express.ts";
import { settle } from "../support/sessions.ts";
import { cookie, hub, type Message, secret, serve } from "../support/ws.ts";

interface Data {
  n: number;
  log: string[];
}

/** A server whose actions count how often they ran, and wait at a gate if told to. */
async function counter(options: Parameters<typeof serve>[1] = {}, given: Parameters<typeof hub<Data>>[0] = {}) {
  const made = hub<Data>(given);
  const { action } = made.sessions;
  const ran: string[] = [];
  const gates = new Map<string, Gate>();
  const app = made.sessions.app({
    view: ({ n = 0, log = [] }) => ({ n, log }),
    actions: {
      add: action(z.number(), async (live, by) => {
        ran.push(`add ${by}`);
        await live.update("n", (n = 0) => n + by);
        return { by };
      }),
      wait: action(z.string(), async (live, name) => {
        ran.push(`wait ${name}`);
        await gates.get(name)?.wait();
        await live.update("log", (log = []) => [...log, name]);
        return name;
      }),
      log: action(z.string(), async (live, name) => {
        ran.push(`log ${name}`);
        await live.update("log", (log = []) => [...log, name]);
      }),
      all: action((live) => live.put("n", 9)),
      every: action(async (live) => {
        const both = await Promise.all([live.put("n", 1), live.put("n", 2)]);
        return { both, after: live.data, deep: [{ before: both[0], n: 1 }, [[live.data]]], log: live.data.log };
      }),
      cycle: action((live) => {
        const ring: unknown[] = [live.data];
        ring.push(ring);
        return ring;
      }),
      logout: action((live) => live.end()),
      text: action(z.number(), (_live, length) => "x".repeat(length)),
    },
  });
  const gate = (name: string) => {
    const made = new Gate();
    gates.set(name, made);
    return made;
  };
  return { ...made, ...(await serve(app, options)), ran, gate };
}

describe("a call", () => {
  test("is answered with its result, after the view that holds what it did", async () => {
    const { sessions, connect } = await counter();
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    peer.send({ t: "call", id: 1, name: "add", input: 2 });
    expect(await peer.next()).toEqual({ t: "view", version: 2, view: { n: 2, log: [] } });
    expect(await peer.next()).toEqual({ t: "ok", id: 1, result: { by: 2 } });
  });

  test("that returns what put gave back does not send the whole session", async () => {
    const { sessions, connect } = await counter();
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    expect(await peer.call(1, "all")).toEqual({ t: "ok", id: 1 });
  });

  test("that returns such maps within others sends none of them", async () => {
    const { sessions, connect } = await counter();
    const { id } = await sessions.create({ log: ["mine"] });
    const peer = connect(id);
    await peer.hello();
    const { result } = await peer.call(1, "every");
    expect(result).toEqual({ both: [null, null], deep: [{ n: 1 }, [[null]]], log: ["mine"] });
    expect((await peer.call(2, "cycle")).code).toBe("not_json");
  });

  test("is answered after the view even where the node first has to read what another one wrote", async () => {
    const clock = new ShiftedClock();
    const memory = memoryStore({ clock });
    const reads: (() => void)[] = [];
    let holding = false;
    // As a store that does not give the data with a commit: the topic learns of it by reading.
    const store: SessionStore = {
      ...memory,
      async commit(key, commit) {
        const result = await memory.commit(key, commit);
        return result.ok ? { ...result, data: undefined } : result;
      },
      async read(key) {
        if (holding) await new Promise<void>((resolve) => reads.push(resolve));
        return memory.read(key);
      },
    };
    const chaos = new ChaosBus();
    const there = hub<Data>({ store, clock, bus: chaos.endpoint() }).sessions;
    const { sessions, connect } = await counter({}, { store, clock, bus: chaos.endpoint() });
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    const other = await there.attach(id);
    await other.put("log", ["unheard of"]); // its event is held back
    holding = true;
    peer.send({ t: "call", id: 1, name: "all" });
    while (reads.length < 2) await settle(); // the topic's, and then the action's own
    reads[1]?.();
    await peer.inStep();
    holding = false;
    reads[0]?.();
    expect(await peer.answer(1)).toEqual({ t: "ok", id: 1 });
    expect(peer.got.at(-2)).toEqual({ t: "view", version: 3, view: { n: 9, log: ["unheard of"] } });
  });

  test("waits for the one before it of the same tab, not for those of other tabs", async () => {
    const { sessions, connect, gate, ran } = await counter();
    const { id } = await sessions.create({});
    const [one, two] = [connect(id), connect(id)];
    await one.hello("one");
    await two.hello("two");
    const door = gate("slow");
    one.send({ t: "call", id: 1, name: "wait", input: "slow" });
    one.send({ t: "call", id: 2, name: "log", input: "after" });
    await one.inStep();
    expect((await two.call(1, "log", "other")).t).toBe("ok");
    expect(ran).toEqual(["wait slow", "log other"]);
    door.open();
    await one.answer(1);
    expect((await one.answer(2)).t).toBe("ok");
    expect((await sessions.read(id))?.log).toEqual(["other", "slow", "after"]);
  });

  test("over maxCallsInFlight is refused with too_many_calls, and not run", async () => {
    const { sessions, connect, gate, ran } = await counter({ maxCallsInFlight: 2 });
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    const door = gate("slow");
    for (const [index, name] of ["slow", "b", "c"].entries()) {
      peer.send({ t: "call", id: index + 1, name: "wait", input: name });
    }
    expect(await peer.answer(3)).toMatchObject({ t: "error", code: "too_many_calls" });
    door.open();
    await peer.answer(2);
    expect(ran).toEqual(["wait slow", "wait b"]);
    expect((await peer.call(3, "wait", "c")).code).toBe("too_many_calls"); // an id has one outcome
    expect((await peer.call(4, "wait", "c")).t).toBe("ok");
  });

  test("that ends the session is answered by the end, and those behind it do not run", async () => {
    const { sessions, connect, ran, attached } = await counter();
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    peer.send({ t: "call", id: 1, name: "logout" });
    peer.send({ t: "call", id: 2, name: "add", input: 1 });
    expect(await peer.closed).toBe(1008);
    expect(peer.got.at(-1)).toEqual({ t: "ended", reason: "destroyed" });
    await settle();
    expect([ran, attached()]).toEqual([[], 0]);
  });
});

describe("errors", () => {
  async function failing(thrown: unknown) {
    const made = hub<Data>();
    const app = made.sessions.app({
      actions: {
        fail: made.sessions.action(() => {
          throw thrown;
        }),
      },
    });
    const { connect } = await serve(app);
    const { id } = await made.sessions.create({});
    const peer = connect(id);
    await peer.hello();
    return { ...made, answer: await peer.call(1, "fail"), peer };
  }

  test("that an action throws stay on the server", async () => {
    const thrown = new Error("the password of the database is swordfish");
    const { answer, reported, peer } = await failing(thrown);
    expect(answer).toEqual({ t: "error", id: 1, code: "action_failed", message: "The action failed." });
    expect(reported).toEqual([{ error: thrown, context: { stage: "action", key: expect.any(String) } }]);
    expect((await peer.call(2, "fail")).code).toBe("action_failed"); // the connection goes on
  });

  test.each([
    ["store_failed", true],
    ["conflict", false],
    ["too_large", false],
    ["invalid_data", false],
    ["bad_key", true],
  ] as const)("of this library reach the browser as %s, in words that show nothing", async (code, isReported) => {
    const thrown = new LiveSessionError(code, "swordfish", {
      cause: new Error("swordfish"),
      issues: [{ message: "swordfish", path: ["user", "swordfish"] }],
    });
    const { answer, reported } = await failing(thrown);
    expect(answer).toMatchObject({ t: "error", id: 1, code });
    expect(JSON.stringify(answer)).not.toContain("swordfish");
    expect(reported.map(({ error }) => error)).toEqual(isReported ? [thrown] : []);
  });
});

describe("a call sent again", () => {
  test("on the same connection runs once, and is answered once while it runs, and each time after", async () => {
    const { sessions, connect, gate, ran } = await counter();
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    const door = gate("x");
    for (let time = 0; time < 1000; time++) peer.send({ t: "call", id: 1, name: "wait", input: "x" });
    await peer.inStep();
    door.open();
    expect(await peer.answer(1)).toEqual({ t: "ok", id: 1, result: "x" });
    await peer.inStep();
    expect(peer.got.filter(({ id }) => id === 1)).toHaveLength(1); // a thousand would wait, and count against no limit
    expect(await peer.call(1, "wait", "x")).toEqual({ t: "ok", id: 1, result: "x" });
    expect(ran).toEqual(["wait x"]);
  });

  test("on a new connection while it runs: it goes on without its connection, and is joined", async () => {
    const { sessions, connect, gate, ran, sockets, attached } = await counter();
    const { id } = await sessions.create({});
    const peer = connect(id);
    const { welcome } = await peer.hello();
    const door = gate("x");
    peer.send({ t: "call", id: 1, name: "wait", input: "x" });
    await peer.inStep();
    peer.socket.terminate();
    while (sockets.size > 0) await settle();
    const again = connect(id);
    expect((await again.hello()).welcome).toEqual({ ...welcome, resumed: true });
    again.send({ t: "call", id: 1, name: "wait", input: "x" });
    await again.inStep();
    door.open();
    expect(await again.answer(1)).toEqual({ t: "ok", id: 1, result: "x" });
    expect(ran).toEqual(["wait x"]);
    again.socket.terminate();
    while (sockets.size > 0) await settle();
    expect(attached()).toBe(0); // also the handle that the action held
  });

  test("on a new connection after it ran, also while the server takes the old one for alive", async () => {
    const { sessions, connect, ran } = await counter();
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    peer.stream.pause(); // the line is dead, and neither side has noticed
    peer.send({ t: "call", id: 1, name: "add", input: 5 });
    while (ran.length === 0) await settle();
    const again = connect(id);
    expect((await again.hello()).welcome.resumed).toBe(true);
    expect(await again.call(1, "add", 5)).toEqual({ t: "ok", id: 1, result: { by: 5 } });
    expect(ran).toEqual(["add 5"]);
    expect((await sessions.read(id))?.n).toBe(5);
  });

  test("by a tab that never called before: its memory is kept for callRetention", async () => {
    const { sessions, connect, sockets, clock } = await counter({ callRetention: "60s", pingInterval: "1d" });
    const { id } = await sessions.create({});
    const leave = async () => {
      const peer = connect(id);
      const { welcome } = await peer.hello();
      peer.socket.terminate();
      while (sockets.size > 0) await settle();
      return welcome;
    };
    const first = await leave();
    clock.advance(59_999);
    expect(await leave()).toEqual({ ...first, resumed: true });
    const stays = connect(id);
    await stays.hello();
    clock.advance(120_000); // not while it is connected
    const another = connect(id);
    expect((await another.hello()).welcome).toEqual({ ...first, resumed: true });
    for (const peer of [stays, another]) peer.socket.terminate();
    while (sockets.size > 0) await settle();
    clock.advance(60_000);
    const other = await leave();
    expect(other.resumed).toBe(false);
    expect(other.memory).not.toBe(first.memory);
  });

  test("under the name of another session's tab is another call", async () => {
    const { sessions, connect, ran } = await counter();
    const [mine, theirs] = [await sessions.create({}), await sessions.create({})];
    const one = connect(mine.id);
    await one.hello("tab");
    await one.call(1, "add", 1);
    const two = connect(theirs.id);
    expect((await two.hello("tab")).welcome.resumed).toBe(false);
    expect(await two.call(1, "add", 7)).toEqual({ t: "ok", id: 1, result: { by: 7 } });
    expect(ran).toEqual(["add 1", "add 7"]);
  });

  test("whose answer was dropped gets call_forgotten, and does not run again", async () => {
    const { sessions, connect, ran } = await counter({ maxCallsInFlight: 2 });
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    for (let call = 1; call <= 5; call++) await peer.call(call, "add", call);
    expect(await peer.call(1, "add", 1)).toMatchObject({ t: "error", id: 1, code: "call_forgotten" });
    expect(await peer.call(2, "add", 2)).toEqual({ t: "ok", id: 2, result: { by: 2 } });
    expect(ran).toHaveLength(5);
    expect((await sessions.read(id))?.n).toBe(15);
  });

  test("a long answer is kept while its tab is connected, and no longer", async () => {
    const { sessions, connect, sockets, ran, gate } = await counter();
    const { id } = await sessions.create({});
    const one = connect(id);
    await one.hello();
    await one.call(1, "text", 1000);
    await one.call(2, "text", 300_000);
    const two = connect(id);
    await two.hello();
    one.socket.terminate();
    while (sockets.size > 1) await settle();
    expect((await two.call(2, "text", 1)).result).toHaveLength(300_000);
    await two.call(3, "add", 1);
    const door = gate("x");
    two.send({ t: "call", id: 4, name: "wait", input: "x" });
    two.send({ t: "call", id: 5, name: "text", input: 300_000 });
    await two.inStep();
    two.socket.terminate();
    while (sockets.size > 0) await settle();
    door.open(); // so that the long answer comes when nobody is there
    while ((await sessions.read(id))?.log === undefined) await settle();
    await settle();
    const three = connect(id);
    expect((await three.hello()).welcome.resumed).toBe(true);
    expect((await three.call(5, "text", 1)).code).toBe("call_forgotten");
    expect((await three.call(6, "text", 300_000)).t).toBe("ok");
    three.socket.terminate();
    while (sockets.size > 0) await settle();
    const four = connect(id);
    await four.hello();
    expect((await four.call(6, "text", 1)).code).toBe("call_forgotten");
    expect(ran).toEqual(["add 1", "wait x"]);
  });

  test("answers are kept up to a length, the last one whatever its length", async () => {
    const { sessions, connect } = await counter();
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    await peer.call(1, "text", 200_000);
    await peer.call(2, "text", 200_000);
    expect((await peer.call(1, "text", 1)).code).toBe("call_forgotten");
    await peer.call(3, "text", 1_000_000);
    expect((await peer.call(2, "text", 1)).code).toBe("call_forgotten");
    expect((await peer.call(3, "text", 1)).result).toHaveLength(1_000_000);
  });
});

describe("over maxTabs of one session", () => {
  test("the tab that left first is forgotten, one that is connected never", async () => {
    const { sessions, connect, sockets } = await counter({ maxTabs: 3, pingInterval: "1d" });
    const [mine, theirs] = [await sessions.create({}), await sessions.create({})];
    const leave = async (name: string) => {
      const before = sockets.size;
      const peer = connect(mine.id);
      const { resumed } = (await peer.hello(name)).welcome;
      peer.socket.terminate();
      while (sockets.size > before) await settle();
      return resumed;
    };
    const stays = connect(mine.id);
    await stays.hello("stays");
    await connect(theirs.id).hello("another session's");
    expect([await leave("a"), await leave("b"), await leave("a")]).toEqual([false, false, true]);
    expect(await leave("c")).toBe(false); // b left before a did
    expect([await leave("a"), await leave("b"), await leave("a")]).toEqual([true, false, true]);
    expect((await connect(mine.id).hello("stays")).welcome.resumed).toBe(true);
  });

  test("while all are connected, another one is closed with 1013, and gets in when one has left", async () => {
    const { sessions, connect, sockets, attached } = await counter({ maxTabs: 2 });
    const { id } = await sessions.create({});
    const [one, two] = [connect(id), connect(id)];
    await one.hello("one");
    await two.hello("two");
    await connect(id).hello("two"); // a second connection of the same tab
    const three = await connect(id).opened();
    three.send({ t: "hello", v: 1, client: "three" });
    expect(await three.closed).toBe(1013);
    await one.inStep();
    one.socket.terminate();
    while (sockets.size > 2) await settle();
    expect((await connect(id).hello("three")).welcome.resumed).toBe(false);
    expect(attached()).toBe(1);
  });
});

test("200 concurrent increments, from requests, sockets and the hub, are 200", async () => {
  const { sessions } = hub<Data>({ clock: systemClock });
  const increment = sessions.action(async (live) => void (await live.update("n", (n = 0) => n + 1)));
  const web = express();
  web.use(session({ store: expressStore(sessions), secret, resave: false, saveUninitialized: false }));
  web.get("/increment", async (request, response) => {
    const live = await sessions.attach(request.sessionID);
    await live.update("n", (n = 0) => n + 1);
    live.detach();
    response.end();
  });
  const { connect, port } = await serve(
    sessions.app({ view: ({ n = 0 }) => n, actions: { increment } }),
    {},
    createServer(web),
  );
  const { id } = await sessions.create({});
  const peers = Array.from({ length: 5 }, () => connect(id));
  await Promise.all(peers.map((peer, index) => peer.hello(`tab ${index}`)));
  const own = await sessions.attach(id);
  const http = () => fetch(`http://127.0.0.1:${port}/increment`, { headers: { cookie: cookie(id) } });
  const calls = peers.flatMap((peer) => Array.from({ length: 20 }, (_, call) => ({ peer, call: call + 1 })));
  for (const { peer, call } of calls) peer.send({ t: "call", id: call, name: "increment" });
  await Promise.all([
    ...Array.from({ length: 50 }, () => http().then((response) => response.text())),
    ...Array.from({ length: 50 }, () => own.update("n", (n = 0) => n + 1)),
    ...peers.map((peer) => peer.answer(20)),
  ]);
  expect((await sessions.read(id))?.n).toBe(200);
  await Promise.all(peers.map((peer) => peer.inStep()));
  const last = (messages: readonly Message[]) => messages.filter(({ t }) => t === "view").at(-1)?.view;
  expect(peers.map(({ got }) => last(got))).toEqual(peers.map(() => 200));
});
