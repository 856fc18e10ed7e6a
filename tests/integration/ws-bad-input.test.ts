// Promise 6 at the socket: whatever comes in wrong is refused with a stable code, changes nothing, and harms nobody else.

import { connect as connectTcp } from "node:net";
import { memoryStore } from "live-session";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { cookie, hub, type Message, Peer, secret, serve, signed } from "../support/ws.ts";

interface Data {
  n: number;
  any: unknown;
}

/** A server, a session in use by a healthy tab, and proof that neither was touched. */
async function target() {
  const made = hub<Data>();
  const { sessions } = made;
  const app = sessions.app({
    view: ({ n = 0 }) => n,
    actions: {
      add: sessions.action(z.number(), async (live, by) => void (await live.update("n", (n = 0) => n + by))),
      reset: sessions.action(async (live) => void (await live.put("n", 0))),
      keep: sessions.action(z.unknown(), async (live, any) => void (await live.put("any", any))),
    },
  });
  const served = await serve(app, { secret: [secret, "an older secret"], maxMessageBytes: 1024 });
  const { id } = await sessions.create({ n: 1 });
  const healthy = served.connect(id);
  await healthy.hello("healthy");
  const open = (headers: Record<string, string>) => new Peer(`ws://127.0.0.1:${served.port}/live`, headers);
  async function untouched() {
    await healthy.inStep();
    expect(healthy.got.filter(({ t }) => t === "view")).toHaveLength(1);
    expect(await sessions.records.count()).toBe(1);
    const live = await sessions.attach(id);
    expect(live.version).toBe(1);
    live.detach();
    expect((await healthy.call(1, "add", 1)).t).toBe("ok");
  }
  return { ...made, ...served, id, open, untouched };
}

const host = (port: number) => `http://127.0.0.1:${port}`;

describe("handshakes with", () => {
  const unknown: readonly [what: string, header: (id: string) => string | undefined][] = [
    ["no cookie", () => undefined],
    ["an empty cookie header", () => ""],
    ["another cookie only", (id) => `other=${signed(id)}`],
    ["an unsigned id", (id) => `connect.sid=${id}`],
    ["the prefix of a signed cookie and nothing else", () => "connect.sid=s:"],
    ["an empty signature", (id) => `connect.sid=s%3A${id}.`],
    ["a signature of another secret", (id) => cookie(id, "guessed")],
    ["a signature of another id", (id) => `connect.sid=s%3A${id}x.${signed(id).split(".")[1]}`],
    ["a signature that is cut short", (id) => cookie(id).slice(0, -2)],
    ["a malformed escape", () => "connect.sid=%E0%A4%A"],
    ["a signed id that does not exist", () => cookie("0123456789abcdef0123456789abcdef")],
    ["a signed empty-looking id", () => cookie(" ")],
    ["a signed id of a prototype", () => cookie("__proto__")],
    ["a cookie too long to look at", (id) => `connect.sid=${"x".repeat(5000)}${signed(id)}`],
    ["a forged cookie before the right one", (id) => `connect.sid=s%3Aforged.x; ${cookie(id)}`],
  ];
  test.each(unknown)("%s: unknown_session, 1008", async (_what, header) => {
    const { id, open, untouched } = await target();
    const value = header(id);
    const peer = open(value === undefined ? {} : { cookie: value });
    expect(await peer.next()).toMatchObject({ t: "error", code: "unknown_session" });
    expect(await peer.closed).toBe(1008);
    expect(peer.got).toHaveLength(1);
    await untouched();
  });

  const foreign: readonly [what: string, origin: string][] = [
    ["a foreign origin", "https://evil.example"],
    ["the origin null", "null"],
    ["an origin that is none", "not an origin"],
    ["this host as a subdomain of another", "http://127.0.0.1.evil.example"],
    ["another port of this host", "http://127.0.0.1:1"],
  ];
  test.each(foreign)("%s: 403", async (_what, origin) => {
    const { id, open, untouched } = await target();
    const peer = open({ cookie: cookie(id), origin });
    expect([await peer.closed, peer.status]).toEqual([-1, 403]);
    await untouched();
  });

  test("headers that are no handshake: 400", async () => {
    const { id, port, untouched, attached } = await target();
    const stream = connectTcp(port, "127.0.0.1");
    let text = "";
    stream.on("data", (data) => (text += data));
    stream.write(
      `GET /live HTTP/1.1\r\nHost: x\r\nCookie: ${cookie(id)}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    );
    await new Promise((resolve) => stream.once("close", resolve));
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    await untouched();
    expect(attached()).toBe(1);
  });
});

describe("what is right gets in:", () => {
  test.each<[string, (id: string, port: number) => Record<string, string>]>([
    ["the same origin", (id, port) => ({ cookie: cookie(id), origin: host(port) })],
    ["an older secret", (id) => ({ cookie: cookie(id, "an older secret") })],
    ["a cookie among others, in quotes", (id) => ({ cookie: `a=1; connect.sid="${signed(id)}"; b=2` })],
  ])("%s", async (_what, headers) => {
    const { id, open, port } = await target();
    expect((await open(headers(id, port)).hello()).welcome.t).toBe("welcome");
  });
});

/** A text frame with bytes that are no UTF-8, masked with zeros. */
const noUtf8 = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]);

describe("frames:", () => {
  const text = (length: number) => JSON.stringify({ t: "ping", pad: "x".repeat(length) });
  type Send = (peer: Peer) => void;
  const send =
    (...messages: unknown[]): Send =>
    (peer) => {
      for (const message of messages) peer.send(message);
    };
  const hello = { t: "hello", v: 1, client: "tab" };

  test.each<[what: string, say: Send, code: string | null, close: number]>([
    ["not JSON", send("{"), "bad_message", 1007],
    ["an empty text", send(""), "bad_message", 1007],
    ["null", send("null"), "bad_message", 1002],
    ["a list", send([hello]), "bad_message", 1002],
    ["a number", send("1"), "bad_message", 1002],
    ["no type", send({}), "bad_message", 1002],
    ["an unknown type", send({ t: "constructor" }), "bad_message", 1002],
    ["a type that is no text", send({ t: ["hello"] }), "bad_message", 1002],
    ["another version", send({ ...hello, v: 2 }), "bad_message", 1002],
    ["a session that is no text", send({ ...hello, session: 1 }), "bad_message", 1002],
    ["a version that is no number", send({ ...hello, version: "1" }), "bad_message", 1002],
    ["no client name", send({ t: "hello", v: 1 }), "bad_message", 1002],
    ["an empty client name", send({ ...hello, client: "" }), "bad_message", 1002],
    ["a client name that is too long", send({ ...hello, client: "x".repeat(65) }), "bad_message", 1002],
    ["a call before hello", send({ t: "call", id: 1, name: "add", input: 1 }), "bad_message", 1002],
    ["a ping before hello", send({ t: "ping" }), "bad_message", 1002],
    ["a second hello", send(hello, hello), "bad_message", 1002],
    ["a call without an id", send(hello, { t: "call", name: "add", input: 1 }), "bad_message", 1002],
    ["a call with the id 0", send(hello, { t: "call", id: 0, name: "add", input: 1 }), "bad_message", 1002],
    ["a call with half an id", send(hello, { t: "call", id: 1.5, name: "add", input: 1 }), "bad_message", 1002],
    ["a call with a text for an id", send(hello, { t: "call", id: "1", name: "add", input: 1 }), "bad_message", 1002],
    ["a call without a name", send(hello, { t: "call", id: 1, input: 1 }), "bad_message", 1002],
    ["binary", send(Buffer.from(JSON.stringify(hello))), "bad_message", 1003],
    ["no UTF-8", (peer) => peer.stream.write(noUtf8), null, 1007],
    ["too large", send(hello, text(1024)), "message_too_large", 1009],
    ["far too large", send(hello, text(4096)), null, 1009],
    ["a frame without a mask", (peer) => peer.stream.write(Buffer.from([0x81, 0x01, 0x31])), null, 1002],
  ])("%s", async (_what, say, code, close) => {
    const { id, connect, untouched } = await target();
    const peer = await connect(id).opened();
    say(peer);
    expect(await peer.closed).toBe(close);
    const errors = peer.got.filter(({ t }) => t === "error");
    expect(errors.map(({ code }) => code)).toEqual(code ? [code] : []);
    await untouched();
  });
});

describe("calls:", () => {
  test.each<[what: string, call: Record<string, unknown>, code: string]>([
    ["an unknown action", { name: "drop" }, "unknown_action"],
    ["the name of what every object has", { name: "constructor" }, "unknown_action"],
    ["__proto__", { name: "__proto__" }, "unknown_action"],
    ["an empty name", { name: "" }, "unknown_action"],
    ["a very long name", { name: "x".repeat(900) }, "unknown_action"],
    ["no input where one is needed", { name: "add" }, "invalid_input"],
    ["input of a wrong type", { name: "add", input: "1" }, "invalid_input"],
    ["input of another shape", { name: "add", input: { by: 1 } }, "invalid_input"],
    ["null for input", { name: "add", input: null }, "invalid_input"],
    ["input where none is taken", { name: "reset", input: 1 }, "invalid_input"],
    ["a dangerous key deep in the input", { name: "keep", input: JSON.parse('{"a":{"__proto__":1}}') }, "not_json"],
  ])("%s", async (_what, call, code) => {
    const { id, connect, untouched } = await target();
    const peer = connect(id);
    await peer.hello();
    peer.send({ t: "call", id: 1, ...call });
    const answer: Message = await peer.answer(1);
    expect(answer).toMatchObject({ t: "error", id: 1, code });
    expect(String(answer.message).length).toBeLessThan(200);
    await peer.inStep(); // the connection goes on
    await untouched();
  });

  test("of invalid input say what is wrong with it", async () => {
    const { id, connect } = await target();
    const peer = connect(id);
    await peer.hello();
    const { issues } = await peer.call(1, "add", "one");
    expect(issues).toEqual([{ message: expect.stringContaining("number"), path: [] }]);
  });
});

describe("input that is wrong in very many places", () => {
  const words = (input: unknown) => ({ t: "call", id: 1, name: "take", input });
  test.each<[what: string, schema: z.ZodType, input: unknown, count: number]>([
    ["32,000 items", z.array(z.string()), new Array(32_000).fill(1), 20],
    ["items under a long key", z.record(z.string(), z.array(z.string())), { ["k".repeat(60_000)]: [1, 2, 3, 4, 5] }, 5],
    ["a long key that is not known", z.strictObject({}), { ["k".repeat(60_000)]: 1 }, 1],
    ["far down", deep(60, z.string()), deepValue(60), 1],
  ])("%s: the answer is short", async (_what, schema, input, count) => {
    const { sessions } = hub<Data>();
    const { connect } = await serve(sessions.app({ actions: { take: sessions.action(schema, () => {}) } }));
    const { id } = await sessions.create({});
    const peer = connect(id);
    await peer.hello();
    peer.send(words(input));
    const answer = await peer.answer(1);
    expect(answer).toMatchObject({ t: "error", code: "invalid_input" });
    expect(answer.issues).toHaveLength(count);
    expect(JSON.stringify(answer).length).toBeLessThan(5_000);
  });
});

function deep(levels: number, schema: z.ZodType): z.ZodType {
  return levels === 0 ? schema : z.object({ ["k".repeat(200)]: deep(levels - 1, schema) });
}

function deepValue(levels: number): unknown {
  return levels === 0 ? 1 : { ["k".repeat(200)]: deepValue(levels - 1) };
}

test("a store that is away: 1013, so that the browser tries again; the error stays here", async () => {
  const store = { ...memoryStore(), read: () => Promise.reject(new Error("swordfish")) };
  const { sessions, reported } = hub<Data>({ store });
  const { connect } = await serve(sessions.app({}));
  const peer = connect("any");
  expect(await peer.closed).toBe(1013);
  expect(peer.got).toEqual([]);
  expect(reported).toMatchObject([{ error: { code: "store_failed" }, context: { stage: "attach" } }]);
});
