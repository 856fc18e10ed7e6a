// Fuzzing: what comes from outside in all the ways that nobody means it, and what must hold whatever it was.
//
// `npm test` tries 20,000 inputs in all, `npm run test:fuzz` a million. A failure names the seed, the path and the smallest
// input that fails; FUZZ_SEED tries that seed again.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { LiveSessionError } from "live-session";
import { test } from "vitest";

/** Of so many inputs in all, each target gets its share. A target that is slow, or simple, gets less. */
const shares = {
  "cookie headers": 20,
  "signed values": 12,
  "requests with cookies": 5,
  "koa's cookie": 4,
  "client messages": 20,
  "a live connection": 6,
  "channel frames": 15,
  "form fields": 15,
  "events of live views": 8,
  "a live view's connection": 3,
  "long polls": 3,
  "URLs of pages": 5,
  "page tokens": 10,
  "posted bodies": 10,
  "requests for streams": 4,
  "events of streams": 5,
  "bytes of streams": 4,
  "server messages": 6,
  "calls over Socket.IO": 4,
  "JSON values": 20,
  "data keys": 6,
  "sessions of express-session": 5,
  "writes of live sessions": 4,
  "sealed values": 6,
};

type Target = keyof typeof shares;

const RUNS = Number(process.env.FUZZ_RUNS ?? 20_000);
// The long run looks for what is new; `npm test` tries the same inputs each time, so that it fails for a change alone.
const FIXED_SEED = 20_261_124;
const { FUZZ_SEED, FUZZ_RUNS } = process.env;
const SEED = FUZZ_SEED !== undefined ? Number(FUZZ_SEED) : FUZZ_RUNS === undefined ? FIXED_SEED : randomInt(2 ** 31);
const total = Object.values(shares).reduce((sum, share) => sum + share, 0);

/**
 * Processor time that one input may take, in ms: what machine and garbage collector do meanwhile comes nowhere near. Inputs
 * are up to 64 kB, so that a pattern that backtracks takes seconds, and more than that if it does worse than square.
 */
const LONGEST_MS = 2_000;

/** After so long without an end to one input, the process is ended: nothing else could. */
const HANG_MS = 60_000;

/** A test that `check` holds for the target's share of all inputs, and that none of them leaves a trace in the process. */
export function fuzz<T>(target: Target, input: fc.Arbitrary<T>, check: (input: T) => unknown): void {
  const numRuns = Math.max(1, Math.round((RUNS * shares[target]) / total));
  // Not tried again where it fails: with another seed it would pass.
  test(`${target}: ${numRuns} inputs`, { timeout: 60_000 + 20 * numRuns, retry: 0 }, async () => {
    const before = prototypes();
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown) => void rejections.push(reason);
    process.on("unhandledRejection", onRejection);
    const watchdog = new Watchdog(target);
    try {
      const property = fc.asyncProperty(input, async (value) => {
        watchdog.next();
        const start = process.cpuUsage();
        await check(value);
        const { user } = process.cpuUsage(start);
        assert.ok(user < LONGEST_MS * 1000, `${Math.round(user / 1000)} ms of processor time`);
        assert.equal(ownKeys(), before.count, "something was put on a prototype");
        if (rejections.length > 0) throw rejections.pop();
      });
      await fc.assert(property, { numRuns, seed: SEED });
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(rejections, []);
      assert.deepEqual(prototypes(), before);
    } finally {
      process.off("unhandledRejection", onRejection);
      watchdog.stop();
    }
  });
}

/** That `run` does what it does, or throws an error with one of these codes. */
export async function allows(codes: readonly string[], run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    assertKnown(codes, error);
  }
}

export function assertKnown(codes: readonly string[], error: unknown): void {
  if (!(error instanceof LiveSessionError) || !codes.includes(error.code)) throw error;
}

const shared = [Object, Array, Function, String, Number, Promise, Map].map((each) => each.prototype as object);

function ownKeys(): number {
  return Reflect.ownKeys(Object.prototype).length + Reflect.ownKeys(Array.prototype).length;
}

/** All that every object inherits. */
function prototypes() {
  return { count: ownKeys(), members: shared.map((each) => Object.getOwnPropertyDescriptors(each)) };
}

/** A thread that sees when the other one does not come on, and says where. */
class Watchdog {
  readonly #count = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;

  constructor(target: Target) {
    const words = `fuzz: ${target}: hangs with FUZZ_SEED=${SEED} at input `;
    const source = `
      const { workerData: { count, words, ms } } = require("node:worker_threads");
      let last = -1;
      setInterval(() => {
        if (count[0] === last && last > 0) {
          require("node:fs").writeSync(2, words + last + "\\n");
          process.kill(process.pid, "SIGKILL");
        }
        last = count[0];
      }, ms);`;
    this.#worker = new Worker(source, { eval: true, workerData: { count: this.#count, words, ms: HANG_MS } });
    this.#worker.unref();
  }

  next(): void {
    Atomics.add(this.#count, 0, 1);
  }

  stop(): void {
    this.#worker.terminate();
  }
}

/** What means something to some parser, or was once a hole in one. */
const dictionary = [
  ..."[]{}\"'\\,:;=.%&?#+/-_ \t\0\x7f",
  ...["\r\n", "\n\n", "\ud800", "\udfff", "\ufeff", "\u2028", "é", "漢", "😀"],
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "length", "then", "toJSON"],
  ...[
    "null",
    "true",
    "-0",
    "1e999",
    "9007199254740993",
    "NaN",
    "undefined",
    '{"__proto__":{"polluted":1}}',
    "[[[[",
    "]]]]",
  ],
  ...["%00", "%", "%E0%A4%A", "%2e%2e/", "../", "//", "http://", "s:", "s%3A", "a[b][c][]", "[__proto__][x]", "a[]=1"],
  ...[
    "hello",
    "call",
    "ping",
    "event",
    "phx_join",
    "phx_leave",
    "phoenix",
    "heartbeat",
    "lv:",
    "data: ",
    "id: ",
    "e1.",
  ],
];

const piece = fc.oneof(fc.constantFrom(...dictionary), fc.string({ unit: "binary", maxLength: 6 }));

/** Texts of no meaning. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ maxLength: 200 }),
  fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join("")),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.json({ maxDepth: 5 }),
);

/** Long ones that repeat themselves, on which patterns backtrack. */
const pumped = fc
  .tuple(piece, fc.string({ minLength: 1, maxLength: 3 }), piece, piece, fc.constantFrom(1 << 8, 1 << 12, 1 << 16))
  .map(([start, own, pump, end, length]) => {
    const part = pump === "" ? own : pump;
    return start + part.repeat(Math.ceil(length / part.length)) + end;
  });

const edit = fc.record({
  /** Anywhere: left to itself, fast-check likes the ends too much. */
  at: fc.noBias(fc.nat(1_000_000)),
  cut: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(40)),
  /** How often what was cut comes back: now and then so often that limits of length and depth are passed. */
  times: fc.oneof(
    { weight: 60, arbitrary: fc.constant(0) },
    { weight: 6, arbitrary: fc.nat(30) },
    { weight: 1, arbitrary: fc.constant(2_000) },
  ),
  /** Changes one character into its neighbour, and nothing else. */
  flips: fc.boolean(),
  insert: fc.oneof(fc.constant(""), piece),
});

/** Something valid, with a few edits: cut, repeated, changed, or with something in between. */
export function mutated(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(valid, fc.array(edit, { maxLength: 4 })).map(([text, edits]) =>
    edits.reduce((result, { at, cut, times, insert, flips }) => {
      const start = at % (result.length + 1);
      if (flips) {
        const flipped = result
          .slice(start, start + 1)
          .replace(/./su, (each) => String.fromCharCode(each.charCodeAt(0) ^ 1));
        return result.slice(0, start) + flipped + result.slice(start + 1);
      }
      const taken = result.slice(start, start + cut);
      return result.slice(0, start) + taken.repeat(times) + insert + result.slice(start + cut);
    }, text),
  );
}

/** What may come in place of something valid. */
export function hostile(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 24, arbitrary: mutated(valid) },
    { weight: 12, arbitrary: anyText },
    { weight: 1, arbitrary: pumped },
  );
}

/** What UTF-8 makes of it: lone surrogates have no place there. */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** As the value of a header can be: Latin-1, in one line. */
export function headerText(text: string): string {
  return Buffer.from(text, "latin1")
    .toString("latin1")
    .replace(/[\0\r\n]/g, " ")
    .trim();
}

/** JSON, with names that are traps among it. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 0, -1, 1e308, "", "x"),
      piece,
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("value"), { maxLength: 3 }),
    object: fc
      .array(fc.tuple(piece, tie("value")), { maxLength: 3 })
      // As JSON.parse makes them: "__proto__" is a key of its own.
      .map((entries) => JSON.parse(`{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`)),
  })).value,
);
