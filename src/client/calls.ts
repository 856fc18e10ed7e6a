// Calls, and the guesses that they put on top of the server's view.

import { CallError } from "./call-error.ts";
import type { Call, Draft } from "./state.ts";

/** Shows the server's last view, with the guesses of the pending calls on top. */
export function show(draft: Draft): void {
  const { server, calls } = draft;
  if (!server) return;
  draft.view = server.view;
  draft.version = server.version;
  draft.held = false;
  draft.calls = [];
  for (const call of calls) add(draft, call);
}

/** Takes a call on, and its guess. A guess that fails is none; the call itself goes on. */
export function add(draft: Draft, call: Call): void {
  let { optimistic } = call;
  try {
    if (optimistic && draft.server) draft.view = optimistic(draft.view);
  } catch (error) {
    draft.effects.push({ do: "report", error });
    optimistic = undefined;
  }
  draft.calls = [...draft.calls, { ...call, optimistic }];
}

/** Takes out the calls that are meant: rejects them, or resolves them if there is no error. */
export function settle(draft: Draft, isMeant: (call: Call) => unknown, error?: CallError, result?: unknown): void {
  const meant = draft.calls.filter(isMeant);
  for (const { id } of meant) draft.effects.push({ do: "settle", id, error, result });
  draft.calls = draft.calls.filter((call) => !meant.includes(call));
  // Where no guess goes, what is shown stays the same object.
  if (draft.held || meant.some((call) => call.optimistic)) show(draft);
}

export const isSent = ({ sent }: Call): unknown => sent;

export const outcomeUnknown = (): CallError => new CallError("outcome_unknown");
