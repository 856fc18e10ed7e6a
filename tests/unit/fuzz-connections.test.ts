// Whole connections, fed what no client of ours sends: each answers in the words of its protocol, and goes on or closes.

import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { createLiveSessions, LiveSessionError } from "live-session";
import { ManualClock } from "live-session/conformance";
import { html, liveView, liveViews } from "live-session/liveview";
import { liveStreams } from "live-session/sse";
import { afterAll } from "vitest";
import { z } from "zod";
import { sign } from "../../src/core/cookies.ts";
import { Connection, ConnectionContext, type Transport } from "../../src/live/shared/connection.ts";
import { readConnectionOptions } from "../../src/live/shared/options.ts";
import { takeCalls } from "../../src/live/socket-io/view-feed.ts";
import { anyText, fuzz, headerText, hostile, hostileJson } from "../support/fuzz.ts";
import { clientMessage, frame } from "../support/fuzz-messages.ts";

const secret = "a secret of the tests";
const clock = new ManualClock();
const reported: unknown[] = [];
/** One session gets all the inputs, at one moment of a clock that stands still: no limit would let them through. */
const sessions = createLiveSessions<{ n: number; any: unknown }>({
  clock,
  limits: false,
  onError: (error) => reported.push(error),
});
afterAll(() => sessions.close());

const app = sessions.app({
  view: ({ n = 0 }) => ({ n }),
  actions: {
    add: sessions.action(z.number().int(), async (live, by) => void (await live.update("n", (n = 0) => (n + by) | 0))),
    keep: sessions.action(z.unknown(), async (live, any) => void (await live.put("any", any))),
    nothing: sessions.action(async () => {}),
  },
});

/** What was reported since the last time: refusals of input are, crashes must not be. */
function assertReported(...codes: string[]): void {
  for (const error of reported.splice(0)) {
    if (!(error instanceof LiveSessionError) || !codes.includes(error.code)) throw error;
  }
}

const answers = new Set(["welcome", "view", "status", "ok", "error", "pong"]);
const codes = [
  "bad_message",
  "unknown_action",
  "invalid_input",
  "not_json",
  "too_large",
  "too_many_calls",
  "call_forgotten",
];

const texts = fc.array(hostile(clientMessage.map((message) => JSON.stringify(message))), { maxLength: 5 });

fuzz("a live connection", fc.tuple(fc.boolean(), texts), async ([polite, messages]) => {
  const { id } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  const sent: string[] = [];
  const closes: number[] = [];
  const transport: Transport = {
    choked: false,
    send: (text) => void sent.push(text),
    close: (code) => void closes.push(code),
    destroy: () => void closes.push(1006),
  };
  const context = new ConnectionContext(app as never, readConnectionOptions({ callRetention: 0 }));
  const connection = new Connection(context, live as never, transport);
  if (polite) connection.receive('{"t":"hello","v":1,"client":"tab"}');
  for (const text of messages) connection.receive(text);
  for (let turns = 0; turns < 3; turns++) await turn();
  for (const text of sent) {
    const message = JSON.parse(text);
    assert.ok(answers.has(message.t), text);
    if (message.t === "error") assert.ok(codes.includes(message.code), text);
  }
  assert.ok(sent.filter((text) => text.startsWith('{"t":"welcome"')).length <= 1, "two welcomes");
  assert.ok(closes.length <= 1 && closes.every((code) => [1002, 1007, 1013, 1006].includes(code)), String(closes));
  connection.closed();
  context.clients.close();
  await sessions.end(id);
  assertReported("not_json");
});

const argument = fc.oneof(hostileJson, anyText, fc.constantFrom("add", "keep", "nothing", undefined));

fuzz("calls over Socket.IO", fc.tuple(argument, argument, fc.array(hostileJson, { maxLength: 2 })), async (input) => {
  const [name, value, rest] = input;
  const { id } = await sessions.create({ n: 1 });
  const live = await sessions.attach(id);
  let call: (...values: unknown[]) => unknown = () => undefined;
  const socket = { on: (_event: string, listener: typeof call) => (call = listener) };
  takeCalls(socket as never, live as never, app as never, 2);
  let answer: { ok?: unknown; error?: { code: string } } | undefined;
  await call(name, value, ...rest, (to: typeof answer) => (answer = to));
  await call(name, value, ...rest); // nobody asks for the answer
  await call();
  assert.ok(answer?.ok === true || codes.includes(answer?.error?.code ?? "none"), JSON.stringify(answer));
  await live.end();
  assertReported("not_json");
});

const streams = liveStreams(app as never, { secret });
afterAll(() => streams.close());
const visitor = await sessions.create({ n: 1 });
const cookie = `connect.sid=${encodeURIComponent(sign(visitor.id, secret))}`;

const streamRequest = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT"),
  hello: fc.option(hostile(clientMessage.map((message) => JSON.stringify(message)))),
  action: fc.option(fc.oneof(fc.constantFrom("add", "keep", "nothing"), anyText)),
  connection: fc.option(anyText),
  lastEventId: fc.option(fc.oneof(fc.constant("ended"), anyText)),
  cookie: fc.oneof(fc.constant(cookie), hostile(fc.constant(cookie))),
  origin: fc.option(fc.oneof(fc.constant("http://shop.example"), anyText)),
  type: fc.constantFrom("application/json", "application/x-www-form-urlencoded", "text/plain", "image/png"),
  body: hostile(fc.json()),
});

fuzz("requests for streams", streamRequest, async (asked) => {
  const query = new URLSearchParams();
  for (const name of ["hello", "action", "connection"] as const) {
    const value = asked[name];
    if (value !== null) query.set(name, value);
  }
  const headers: Record<string, string> = { cookie: headerText(asked.cookie), host: "shop.example" };
  if (asked.lastEventId !== null) headers["last-event-id"] = headerText(asked.lastEventId);
  if (asked.origin !== null) headers.origin = headerText(asked.origin);
  if (asked.method !== "GET") headers["content-type"] = asked.type;
  const body = asked.method === "GET" ? null : asked.body;
  const gone = new AbortController();
  const { method } = asked;
  const url = `http://shop.example/live?${query}`;
  const response = await streams.fetch(new Request(url, { method, headers, body, signal: gone.signal }));
  assert.ok([200, 204, 400, 401, 403, 404, 405, 413, 422, 500].includes(response.status), String(response.status));
  if (method === "GET" && response.status === 200) {
    const reader = response.body?.getReader();
    const { value, done } = (await reader?.read()) ?? { done: true };
    assert.ok(
      done ||
        Buffer.from(value as Uint8Array)
          .toString()
          .endsWith("\n\n"),
    );
    await reader?.cancel();
  } else if (response.body) {
    const answer = JSON.parse(await response.text());
    // What passed the schema and is no session data after all, such as 1e999, is the action's own failure.
    if (response.status === 500) assert.equal(answer.code, "not_json");
  }
  await turn();
  assert.equal(streams.size, 0);
  assert.equal(await sessions.records.count(), 1);
  assertReported("not_json");
});

const Fuzzed = liveView({
  mount: (_params, _session, socket) => void socket,
  handleParams() {},
  handleEvent: { add() {}, type() {} },
  render: () => html`<p>fuzzed</p>`,
});
const views = liveViews(sessions, {
  secret,
  routes: { "/": Fuzzed, "/kites/:id": Fuzzed, "/files/*rest": Fuzzed },
  layout: ({ content, csrfToken }) => html`<meta content="${csrfToken}">${content}`,
});
afterAll(() => views.close());

async function joinOf(path: string) {
  const url = new URL(path, "http://shop.example");
  const page = await views.renderPage({ sessionId: visitor.id, url });
  const attribute = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(page?.body ?? "")?.[1] ?? "";
  const payload = {
    url: url.href,
    params: { _csrf_token: attribute("meta content"), _mounts: 0 },
    session: attribute("data-phx-session"),
    static: attribute("data-phx-static"),
  };
  return { topic: `lv:${attribute("<div id")}`, payload };
}

const page = await joinOf("/");
const replies = new Set(["phx_reply", "phx_close", "phx_error", "diff", "live_patch", "live_redirect", "redirect"]);
const frames = (topic: string) =>
  fc.array(hostile(frame.map((parts) => JSON.stringify(parts).replaceAll("lv:phx-fuzz", topic))), { maxLength: 5 });
const join = JSON.stringify(["1", "1", page.topic, "phx_join", page.payload]);

fuzz("a live view's connection", fc.tuple(frames(page.topic), hostile(fc.constant(join))), async ([sent, again]) => {
  const headers = { cookie, host: "shop.example" };
  const { token = null } = await views.poll({ method: "GET", token: null, body: "", headers });
  const post = (lines: readonly string[]) => views.poll({ method: "POST", token, body: lines.join("\n"), headers });
  await post([join]);
  await turn();
  await post([...sent, again]);
  await turn();
  await post([JSON.stringify([null, "last", "phoenix", "heartbeat", {}])]);
  const { status, messages = [] } = await views.poll({ method: "GET", token, body: "", headers });
  assert.ok([200, 410].includes(status), String(status));
  for (const text of messages) assert.ok(replies.has(JSON.parse(text)[3]), text);
  if (status === 200) assert.equal(JSON.parse(messages[0] ?? "[]")[4]?.status, "ok"); // the join
  await post(["over"]); // no message: closes it
  assertReported("bad_message");
  assert.equal(views.connections, 0);
});

const pollRequest = fc.record({
  method: fc.oneof(fc.constantFrom("GET", "POST"), anyText),
  token: fc.option(anyText),
  body: hostile(fc.constant(join)),
  headers: fc.record(
    { cookie: hostile(fc.constant(cookie)), origin: hostile(fc.constant("http://shop.example")), host: anyText },
    { requiredKeys: [] },
  ),
});

fuzz("long polls", pollRequest, async (request) => {
  const { status, token } = await views.poll(request);
  assert.ok([200, 204, 403, 405, 410].includes(status), String(status));
  const { headers } = request;
  if (token && request.token === null) await views.poll({ method: "POST", token, body: "over", headers });
  assert.equal(views.connections, 0);
  assertReported();
});

fuzz("URLs of pages", fc.tuple(hostile(fc.constantFrom("/", "/kites/7", "/files/a/b")), anyText), async (input) => {
  const [path, flash] = input;
  const url = URL.canParse(path, "http://shop.example") ? new URL(path, "http://shop.example") : null;
  if (!url) return;
  const response = await views.renderPage({ sessionId: visitor.id, url, flash });
  assert.ok(response === null || [200, 302].includes(response.status));
  assertReported();
});
