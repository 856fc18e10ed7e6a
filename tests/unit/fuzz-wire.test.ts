// The parsers of everything that comes over a wire: each gives what it promises to give, or says no.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { sessionKey } from "live-session";
import { readMessage } from "../../src/client/messages.ts";
import { events } from "../../src/client/sse/events.ts";
import { parseMessage } from "../../src/live/shared/messages.ts";
import { inputOf } from "../../src/live/sse/actions.ts";
import { encodeEvent } from "../../src/live/sse/encode.ts";
import { type Body, parseBody, parsedBody, queryOf } from "../../src/live/sse/exchange.ts";
import { handlerOf } from "../../src/liveview/events.ts";
import { encodeFrame, parseFrame } from "../../src/liveview/frames.ts";
import { parseParams, pathOf } from "../../src/liveview/params.ts";
import { LiveSocket } from "../../src/liveview/socket.ts";
import { makeTokens } from "../../src/liveview/tokens.ts";
import { allows, anyText, fuzz, hostile, hostileJson, wellFormed } from "../support/fuzz.ts";
import { clientMessage, frame } from "../support/fuzz-messages.ts";
import { testCore } from "../support/liveview-core.ts";

fuzz("client messages", hostile(clientMessage.map((message) => JSON.stringify(message))), (text) => {
  const parsed = parseMessage(text);
  if (!parsed.ok) {
    assert.ok([1002, 1007].includes(parsed.close) && parsed.why.length < 200);
    return;
  }
  const { message } = parsed;
  switch (message.t) {
    case "hello":
      return assert.ok(message.v === 1 && message.client.length > 0 && message.client.length <= 64);
    case "call":
      return assert.ok(Number.isSafeInteger(message.id) && message.id >= 1 && typeof message.name === "string");
    default:
      return assert.equal(message.t, "ping");
  }
});

const serverMessage = fc.oneof(
  fc.record({ t: fc.constant("welcome"), v: fc.constant(1), resumed: fc.boolean(), memory: fc.string() }),
  fc.record({ t: fc.constant("view"), version: fc.nat(), view: hostileJson }),
  fc.record({ t: fc.constantFrom("ok", "error"), id: fc.nat(), code: fc.string(), message: fc.string() }),
  fc.record({
    t: fc.constantFrom("ended", "status", "pong", "later", "__proto__", "toString"),
    reason: fc.string(),
    status: fc.string(),
  }),
);

const known = new Set(["welcome", "view", "status", "ok", "error", "ended", "pong", "garbage"]);

fuzz("server messages", hostile(serverMessage.map((message) => JSON.stringify(message))), (text) => {
  const message = readMessage(text);
  assert.ok(message === undefined || known.has(message.t));
});

fuzz("channel frames", hostile(frame.map((parts) => JSON.stringify(parts))), (text) => {
  const parsed = parseFrame(text);
  if (!parsed) return;
  assert.ok(parsed.topic.length <= 256 && parsed.event.length <= 256 && (parsed.ref?.length ?? 0) <= 256);
  assert.ok(isDeepStrictEqual(parseFrame(encodeFrame(parsed)), parseFrame(encodeFrame(parsed))));
  assert.equal(JSON.stringify(Object.values(parsed)), JSON.stringify(JSON.parse(text)));
});

const field = fc
  .tuple(fc.constantFrom("user[name]", "tags[]", "a[b][c]", "__proto__[x]", "constructor[prototype][x]", "q"), anyText)
  .map(([name, value]) => `${name}=${encodeURIComponent(wellFormed(value))}`);
const form = fc.array(field, { maxLength: 8 }).map((fields) => fields.join("&"));

/** How deep it is; and that nothing in it inherits anything, and all is text in the end. */
function depthOf(tree: unknown): number {
  if (typeof tree === "string") return 0;
  if (!Array.isArray(tree)) assert.equal(Object.getPrototypeOf(tree), null);
  return 1 + Math.max(0, ...Object.values(tree as object).map(depthOf));
}

fuzz("form fields", hostile(form), (text) => {
  assert.ok(depthOf(parseParams(text)) <= 17);
  const path = pathOf(text);
  assert.ok(path === null || (path.length >= 1 && path.length <= 16));
});

const handlers = { add: () => "added", "lv:own": () => "own" };
const eventPayload = fc.record(
  {
    type: fc.oneof(fc.constantFrom("form", "click", "keyup"), hostileJson),
    event: fc.oneof(fc.constantFrom("add", "__proto__", "constructor", "toString", "lv:clear-flash"), hostileJson),
    value: fc.oneof(hostile(form), hostileJson),
    meta: fc.oneof(fc.record({ _target: fc.oneof(anyText, hostileJson) }), hostileJson),
  },
  { requiredKeys: [] },
);

fuzz("events of live views", eventPayload, (payload) =>
  allows(["bad_message"], () => {
    const handled = handlerOf(handlers, payload)(new LiveSocket(testCore({ flash: { info: "hi" } })));
    assert.equal(handled, payload.event === "add" ? "added" : undefined);
  }),
);

const [ada, now] = [sessionKey("ada"), 1_000];
const tokens = makeTokens(["secret"], 500);
const issued = {
  page: tokens.signPage({ id: "phx-1", route: "/", at: now }, ada),
  first: tokens.signPage({ id: "phx-1", route: "/", at: now, firstOf: ada }, ada),
  csrf: tokens.makeCsrf(ada),
  flash: tokens.signFlash({ info: "hi" }),
};

fuzz("page tokens", fc.oneof(hostile(fc.constantFrom(...Object.values(issued))), hostileJson), (text) => {
  const { page, first, csrf, flash } = issued;
  assert.equal(tokens.readPage(text, ada, now) !== null, text === page || text === first);
  assert.equal(tokens.readFirstPage(text, now) !== null, text === first);
  assert.equal(tokens.checkCsrf(text, ada), text === csrf);
  assert.equal(tokens.readFlash(text) !== null, text === flash);
  assert.equal(tokens.readPage(text, sessionKey("bob"), now), null);
});

const contentType = fc.oneof(
  fc.constantFrom("application/json", "application/x-www-form-urlencoded", "text/plain; charset=utf-8", undefined),
  anyText,
);

/** A body, or the one error that there may be. */
function orSyntaxError(read: () => Body): Body {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof SyntaxError);
    return { type: "other" };
  }
}

fuzz("posted bodies", fc.tuple(hostile(fc.oneof(form, fc.json())), contentType, hostileJson), async (input) => {
  const [text, type, value] = input;
  queryOf({ url: text, method: "GET", headers: {} }).get("action");
  const refusals = ["bad_message", "message_too_large"];
  for (const read of [() => parsedBody(value, type), () => parseBody(text, type)]) {
    await allows(refusals, () => inputOf(orSyntaxError(read), "add", undefined));
  }
});

/** A body in chunks of these sizes, which come again and again. */
function bodyOf(bytes: Uint8Array, sizes: readonly number[]): ReadableStream<Uint8Array> {
  let at = 0;
  let turn = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const size = sizes[turn++ % sizes.length] ?? 1;
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 4 });
const streamEvent = fc.record(
  { event: fc.oneof(fc.constantFrom("end", "connection"), anyText), id: anyText, retry: fc.nat(), data: anyText },
  { requiredKeys: ["data"] },
);

fuzz("events of streams", fc.tuple(streamEvent, sizes), ([event, chunks]) =>
  allows(["bad_message"], async () => {
    const text = encodeEvent(event);
    const read: unknown[] = [];
    for await (const each of events(bodyOf(Buffer.from(text), chunks))) read.push(each);
    const data = wellFormed(event.data.replace(/\r\n|\r/g, "\n"));
    assert.deepEqual(read, [{ event: wellFormed(event.event ?? ""), data }]);
  }),
);

const streamText = fc
  .array(streamEvent, { maxLength: 3 })
  .map((all) => all.map(({ event = "", data }) => `event: ${event}\ndata: ${data}\n\n`).join(""));

fuzz("bytes of streams", fc.tuple(hostile(streamText), sizes), async ([text, chunks]) => {
  // Small chunks of a long body only cost time.
  const [short, bytes] = [text.slice(0, 20_000), Buffer.from(text)];
  for await (const { event, data } of events(bodyOf(bytes, short === text ? chunks : [4_096]))) {
    assert.ok(typeof event === "string" && typeof data === "string");
  }
});
