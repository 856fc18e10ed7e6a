// Calls, and the guesses that they put on top of the server's view.

import { CallError } from "./call-error.ts";
import type { Call, Effect, State } from "./state.ts";

/** Shows the server's last view, with the guesses of the pending calls on top. */
export function show(state: State, effects: Effect[]): State {
  const { server } = state;
  if (!server) return state;
  const bare: State = { ...state, view: server.view, version: server.version, held: false, calls: [] };
  return state.calls.reduce((before, call) => add(before, call, effects), bare);
}

/** Takes a call on, and its guess. A guess that fails is none; the call itself goes on. */
export function add(state: State, call: Call, effects: Effect[]): State {
  let { view } = state;
  let { optimistic } = call;
  try {
    if (optimistic && state.server) view = optimistic(view);
  } catch (error) {
    effects.push({ do: "report", error });
    optimistic = undefined;
  }
  return { ...state, view, calls: [...state.calls, { ...call, optimistic }] };
}

/** Takes out the calls that are meant: rejects them, or resolves them if there is no error. */
export function settle(
  state: State,
  effects: Effect[],
  isMeant: (call: Call) => boolean,
  error?: CallError,
  result?: unknown,
): State {
  const meant = state.calls.filter(isMeant);
  for (const { id } of meant) effects.push({ do: "settle", id, error, result });
  const next = { ...state, calls: state.calls.filter((call) => !meant.includes(call)) };
  // Where no guess goes, what is shown stays the same object.
  return state.held || meant.some((call) => call.optimistic) ? show(next, effects) : next;
}

export const isSent = ({ sent }: Call): boolean => sent;

export const outcomeUnknown = (): CallError =>
  new CallError("outcome_unknown", "The connection broke: this call may have run, or not.");
