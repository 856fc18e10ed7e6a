// The client's machine alone: what each event does in each phase. The types hold the table complete.

import { describe, expect, test } from "vitest";
import { CallError } from "../../src/client/call-error.ts";
import { step } from "../../src/client/machine.ts";
import { type Event, initialState, type Phase, type State } from "../../src/client/state.ts";

const events: { readonly [T in Event["t"]]: Extract<Event, { readonly t: T }> } = {
  wake: { t: "wake" },
  timer: { t: "timer" },
  opened: { t: "opened" },
  lost: { t: "lost", code: 1006 },
  welcome: { t: "welcome", v: 1, resumed: false },
  view: { t: "view", version: 2, view: "new" },
  status: { t: "status", status: "stale" },
  expiring: { t: "expiring", in: 60_000 },
  ok: { t: "ok", id: 1 },
  error: { t: "error", id: 1, code: "action_failed", message: "" },
  ended: { t: "ended", reason: "expired" },
  pong: { t: "pong" },
  garbage: { t: "garbage" },
  release: { t: "release" },
  call: { t: "call", call: { id: 2, text: "call 2" } },
  abandon: { t: "abandon", id: 1, error: new CallError("aborted", "") },
  close: { t: "close" },
};

function after(...happened: Event[]): State {
  return happened.reduce(step, initialState("tab", {}));
}

const call: Event = { t: "call", call: { id: 1, text: "call 1" } };
const { wake, opened, welcome, ended } = events;

/** Each with a call that is pending, if one can be. */
const states: { readonly [P in Phase]: State } = {
  waiting: after(call),
  opening: after(call, wake),
  greeting: after(call, wake, opened),
  joined: after(call, wake, opened, welcome),
  over: after(wake, opened, ended),
};

/** The phase after the event, and what is done. */
const expected: { readonly [P in Phase]: { readonly [T in Event["t"]]: `${Phase}:${string}` } } = {
  waiting: {
    wake: "opening: open timer",
    timer: "opening: open timer",
    opened: "waiting:",
    lost: "waiting:",
    welcome: "waiting:",
    view: "waiting:",
    status: "waiting:",
    expiring: "waiting:",
    ok: "waiting:",
    error: "waiting:",
    ended: "waiting:",
    pong: "waiting:",
    garbage: "waiting:",
    release: "waiting:",
    call: "waiting:",
    abandon: "waiting: settle",
    close: "over: drop stop settle",
  },
  opening: {
    wake: "opening:",
    timer: "waiting: drop timer",
    opened: "greeting: send",
    lost: "waiting: drop timer",
    welcome: "waiting: drop timer",
    view: "waiting: drop timer",
    status: "waiting: drop timer",
    expiring: "waiting: drop timer",
    ok: "waiting: drop timer",
    error: "waiting: drop timer",
    ended: "waiting: drop timer",
    pong: "waiting: drop timer",
    garbage: "waiting: drop timer",
    release: "opening:",
    call: "opening:",
    abandon: "opening: settle",
    close: "over: drop stop settle",
  },
  greeting: {
    wake: "greeting:",
    timer: "waiting: drop timer",
    opened: "greeting:",
    lost: "waiting: drop timer",
    welcome: "joined: timer send",
    view: "waiting: drop timer",
    status: "waiting: drop timer",
    expiring: "waiting: drop timer",
    ok: "waiting: drop timer",
    error: "waiting: drop timer",
    ended: "over: drop stop settle",
    pong: "waiting: drop timer",
    garbage: "waiting: drop timer",
    release: "greeting:",
    call: "greeting:",
    abandon: "greeting: settle",
    close: "over: drop stop settle",
  },
  joined: {
    wake: "joined: send timer",
    timer: "joined: send timer",
    opened: "joined:",
    lost: "waiting: drop timer",
    welcome: "waiting: drop timer",
    view: "joined:",
    status: "joined:",
    expiring: "joined:",
    ok: "joined: settle",
    error: "joined: settle",
    ended: "over: drop stop settle",
    pong: "joined: timer",
    garbage: "waiting: drop timer",
    release: "joined:",
    call: "joined: send",
    abandon: "joined: settle",
    close: "over: drop stop settle",
  },
  over: {
    wake: "over:",
    timer: "over:",
    opened: "over:",
    lost: "over:",
    welcome: "over:",
    view: "over:",
    status: "over:",
    expiring: "over:",
    ok: "over:",
    error: "over:",
    ended: "over:",
    pong: "over:",
    garbage: "over:",
    release: "over:",
    call: "over: settle",
    abandon: "over:",
    close: "over:",
  },
};

describe.each(Object.keys(expected) as Phase[])("in %s", (phase) => {
  test.each(Object.keys(events) as Event["t"][])("%s", (event) => {
    const before = states[phase];
    expect(before.phase).toBe(phase);
    const kept = structuredClone({ ...before, effects: [] });
    const next = step(before, events[event]);
    expect([`${next.phase}:`, ...next.effects.map((effect) => effect.do)].join(" ")).toBe(expected[phase][event]);
    expect(structuredClone({ ...before, effects: [] }), "the state before stays as it is").toEqual(kept);
  });
});

describe("errors without an id, and close codes, tell what to do next", () => {
  const error = (code: string): Event => ({ t: "error", code, message: "" });
  const lost = (code: number): Event => ({ t: "lost", code });
  test.each<[Phase, Event, Phase, string | undefined]>([
    ["greeting", error("unknown_session"), "over", "unknown"],
    ["greeting", error("bad_message"), "over", "refused"],
    ["greeting", error("store_failed"), "waiting", undefined],
    ["joined", error("unknown_session"), "over", "unknown"],
    ["joined", error("bad_message"), "waiting", undefined],
    ["greeting", lost(1008), "over", "refused"],
    ["joined", lost(1008), "over", "refused"],
    ["opening", lost(1008), "waiting", undefined],
    ["joined", lost(1009), "waiting", undefined],
    ["joined", lost(1001), "waiting", undefined],
    ["greeting", lost(1013), "waiting", undefined],
  ])("%s, %o → %s %s", (phase, event, next, reason) => {
    const state = step(states[phase], event);
    expect([state.phase, state.endReason]).toEqual([next, reason]);
  });
});

test("attempts wait up to twice as long each time, to a bound, and start anew once a ping was answered", () => {
  const bound = (state: State) => state.effects.find((effect) => effect.do === "timer");
  let state = states.joined;
  const bounds: unknown[] = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    state = step(state, events.lost);
    bounds.push(bound(state));
    state = [wake, opened, welcome].reduce(step, state);
  }
  const ms = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  expect(bounds).toEqual(ms.map((ms) => ({ do: "timer", ms, jitter: true })));
  state = [events.timer, events.pong, events.lost].reduce(step, state);
  expect(bound(state)).toMatchObject({ ms: 500 });
});
