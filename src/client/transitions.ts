// What an event does. machine.ts says which of these applies in which phase.

import type { ClientMessage } from "../core/wire.ts";
import { CallError, type CallErrorCode } from "./call-error.ts";
import { add, isSent, outcomeUnknown, settle, show } from "./calls.ts";
import type { Call, ClientEndReason, Effect, Event, EventOf, State } from "./state.ts";

/** Gives the next state and adds what is to be done. */
export type Transition<T extends Event["t"]> = (state: State, event: EventOf<T>, effects: Effect[]) => State;

const message = (message: ClientMessage): Effect => ({ do: "send", text: JSON.stringify(message) });
const pingTimer = ({ settings }: State): Effect => ({ do: "timer", ms: settings.pingInterval ?? 25_000 });
const answerTimer = ({ settings }: State): Effect => ({ do: "timer", ms: settings.answerTimeout ?? 10_000 });

export const stay = (state: State): State => state;

export const open = (state: State, _event: unknown, effects: Effect[]): State => {
  effects.push({ do: "open" }, answerTimer(state));
  return { ...state, phase: "opening" };
};

export const greet: Transition<"opened"> = (state, _event, effects) => {
  effects.push(message({ t: "hello", v: 1, client: state.client }));
  return { ...state, phase: "greeting" };
};

/** Gives the connection up. The next is tried after a random time, whose bound doubles with each failure in a row. */
export const retry = (state: State, _event: unknown, effects: Effect[]): State => {
  const { attempts, settings } = state;
  const ms = Math.min(settings.retryMax ?? 30_000, (settings.retryMin ?? 500) * 2 ** attempts);
  effects.push({ do: "drop" }, { do: "timer", ms, jitter: true });
  return { ...state, phase: "waiting", attempts: attempts + 1, pinged: false, inStep: true, fresh: false };
};

export const lost: Transition<"lost"> = (state, event, effects) => {
  // An end is said before the connection closes. If only the close came through, it still is not for trying again.
  if (event.code === 1008) return end(state, "refused", effects);
  if (event.code !== 1009) return retry(state, event, effects);
  return fail(state, { t: "error", code: "message_too_large", message: "A call was too large." }, effects);
};

export const join: Transition<"welcome"> = (state, { resumed, memory }, effects) => {
  const known = resumed && memory === state.memory;
  let next: State = { ...state, phase: "joined", memory };
  // Sent again to a server that does not know them, calls could run twice. And its session may be another one.
  if (!known) next = settle({ ...next, floor: -Infinity }, effects, isSent, outcomeUnknown());
  effects.push(pingTimer(state), ...next.calls.map(({ text }): Effect => ({ do: "send", text })));
  return { ...next, calls: next.calls.map((call) => ({ ...call, sent: true })) };
};

/**
 * The server sends an action's effect and then its `ok`. Shown in between, the view would hold the effect and the guess
 * of it: two kites in the cart, for a moment. So while a sent call has a guess, a view is held for the `ok`, but not long.
 */
export const view: Transition<"view"> = (state, { version, view }, effects) => {
  if (version < state.floor) return state;
  const before = state.server;
  const same = before && JSON.stringify(view) === JSON.stringify(before.view);
  const next = { ...state, server: { version, view: same ? before.view : view }, floor: version, fresh: true };
  if (!before || !state.calls.some((call) => call.sent && call.optimistic)) return show(next, effects);
  if (!state.held) effects.push({ do: "hold" });
  return { ...next, held: true };
};

export const release: Transition<"release"> = (state, _event, effects) => (state.held ? show(state, effects) : state);

export const status: Transition<"status"> = (state, { status }) => ({ ...state, inStep: status === "live" });

const withId = (id: number) => (call: Call) => call.id === id;

export const resolve: Transition<"ok"> = (state, { id, result }, effects) =>
  settle(state, effects, withId(id), undefined, result);

export const abandon: Transition<"abandon"> = (state, { id, error }, effects) =>
  settle(state, effects, withId(id), error);

export const reject: Transition<"error"> = (state, event, effects) => {
  const { id, code, message, issues } = event;
  if (id === undefined) return fail(state, event, effects);
  return settle(state, effects, withId(id), new CallError(code as CallErrorCode, message, issues));
};

/** An error about the connection itself. */
export const fail: Transition<"error"> = (state, event, effects) => {
  const { code, message } = event;
  const misunderstood = code === "bad_message" || code === "message_too_large";
  if (state.phase === "joined" && misunderstood) {
    // Something that was sent. Sent again, it would break each connection anew.
    const only = state.calls.filter(isSent).length === 1;
    const error = only ? new CallError(code, message) : outcomeUnknown();
    return retry(settle(state, effects, isSent, error), event, effects);
  }
  if (code === "unknown_session" || code === "session_ended") return end(state, "unknown", effects);
  return misunderstood || code === "forbidden_origin" ? end(state, "refused", effects) : retry(state, event, effects);
};

const end = (state: State, endReason: ClientEndReason, effects: Effect[]): State => {
  const over: State = { ...state, phase: "over", endReason };
  effects.push({ do: "drop" }, { do: "stop" });
  return settle(over, effects, () => true, overError(over));
};

const overError = ({ endReason }: State) =>
  new CallError(endReason === "closed" ? endReason : "session_ended", `This live session is over: ${endReason}.`);

export const ended: Transition<"ended"> = (state, { reason }, effects) => end(state, reason, effects);

export const close: Transition<"close"> = (state, _event, effects) => end(state, "closed", effects);

export const ping = (state: State, _event: unknown, effects: Effect[]): State => {
  if (state.pinged) return state;
  effects.push(message({ t: "ping" }), answerTimer(state));
  return { ...state, pinged: true };
};

export const pingOrRetry: Transition<"timer"> = (state, event, effects) =>
  (state.pinged ? retry : ping)(state, event, effects);

/** An answer proves the connection: its loss will be the first failure in a row. */
export const pong: Transition<"pong"> = (state, _event, effects) => {
  effects.push(pingTimer(state));
  return { ...state, pinged: false, attempts: 0 };
};

export const send: Transition<"call"> = (state, { id, text, optimistic }, effects) => {
  effects.push({ do: "send", text });
  return add(state, { id, text, optimistic, sent: true }, effects);
};

export const queue: Transition<"call"> = (state, { id, text, optimistic }, effects) => {
  const waiting = state.calls.filter((call) => !call.sent).length;
  if (waiting < (state.settings.maxQueued ?? 100)) return add(state, { id, text, optimistic, sent: false }, effects);
  const error = new CallError("not_connected", "There is no connection, and no more calls can wait for one.");
  effects.push({ do: "settle", id, error });
  return state;
};

export const refuse: Transition<"call"> = (state, { id }, effects) => {
  effects.push({ do: "settle", id, error: overError(state) });
  return state;
};
