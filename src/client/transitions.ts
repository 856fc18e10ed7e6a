// What an event does. machine.ts says which of these applies in which phase.

import type { ClientMessage } from "../core/wire.ts";
import { CallError, type CallErrorCode } from "./call-error.ts";
import { add, isSent, outcomeUnknown, settle, show } from "./calls.ts";
import type { Call, ClientEndReason, Draft, Event, EventOf } from "./state.ts";

/** Makes the next state of a draft that is a copy of the last, and adds what is to be done. */
export type Transition<T extends Event["t"]> = (draft: Draft, event: EventOf<T>) => void;

const sendText = (draft: Draft, text: string) => draft.effects.push({ do: "send", text });
const sendMessage = (draft: Draft, message: ClientMessage) => sendText(draft, JSON.stringify(message));
const setTimer = (draft: Draft, ms: number, jitter?: boolean) => draft.effects.push({ do: "timer", ms, jitter });
const awaitAnswer = (draft: Draft) => setTimer(draft, draft.settings.answerTimeout ?? 10_000);
const awaitPing = (draft: Draft) => setTimer(draft, draft.settings.pingInterval ?? 25_000);

export const stay = (): void => {};

export const open = (draft: Draft): void => {
  draft.phase = "opening";
  draft.effects.push({ do: "open" });
  awaitAnswer(draft);
};

export const greet = (draft: Draft): void => {
  draft.phase = "greeting";
  const { client, session, server } = draft;
  sendMessage(draft, { t: "hello", v: 1, client, session, version: server?.version });
};

/** Gives the connection up. The next is tried after a random time, whose bound doubles with each failure in a row. */
export const retry = (draft: Draft): void => {
  const { retryMin = 500, retryMax = 30_000 } = draft.settings;
  draft.phase = "waiting";
  draft.pinged = draft.fresh = draft.behind = draft.expiring = undefined;
  draft.effects.push({ do: "drop" });
  setTimer(draft, Math.min(retryMax, retryMin * 2 ** draft.attempts++), true);
};

export const lost: Transition<"lost"> = (draft, { code }) => {
  // An end is said before the connection closes. If only the close came through, it still is not for trying again.
  if (code === 1008) end(draft, "refused");
  else if (code === 1009) fail(draft, { t: "error", code: "message_too_large", message: "Too large." });
  else retry(draft);
};

export const join: Transition<"welcome"> = (draft, { resumed, memory, session }) => {
  if (!resumed || memory !== draft.memory) {
    // Sent again to a server that does not know them, calls could run twice. And its session may be another one; if it is
    // not, the server has made sure that it is not behind.
    settle(draft, isSent, outcomeUnknown());
    draft.floor = 0;
  }
  draft.phase = "joined";
  draft.memory = memory;
  draft.session = session;
  awaitPing(draft);
  draft.calls = draft.calls.map((call) => {
    sendText(draft, call.text);
    return { ...call, sent: true };
  });
};

/**
 * The server sends an action's effect and then its `ok`. Shown in between, the view would hold the effect and the guess
 * of it: two kites in the cart, for a moment. So while a sent call has a guess, a view is held for the `ok`, but not long.
 */
export const view: Transition<"view"> = (draft, { version, view }) => {
  if (version < draft.floor) return;
  const before = draft.server;
  const same = before && JSON.stringify(view) === JSON.stringify(before.view);
  draft.server = { version, view: same ? before.view : view };
  draft.floor = version;
  draft.fresh = true;
  if (before && draft.calls.some((call) => call.sent && call.optimistic)) {
    if (!draft.held) draft.effects.push({ do: "hold" });
    draft.held = true;
  } else show(draft);
};

export const release = (draft: Draft): void => {
  if (draft.held) show(draft);
};

export const status: Transition<"status"> = (draft, { status }) => {
  draft.behind = status === "stale";
};

export const expiring: Transition<"expiring"> = (draft, event) => {
  draft.expiring = event.in;
};

const withId = (id: number) => (call: Call) => call.id === id;

export const resolve: Transition<"ok"> = (draft, { id, result }) => settle(draft, withId(id), undefined, result);

export const abandon: Transition<"abandon"> = (draft, { id, error }) => settle(draft, withId(id), error);

export const reject: Transition<"error"> = (draft, event) => {
  const { id, code, message, issues } = event;
  if (id === undefined) fail(draft, event);
  else settle(draft, withId(id), new CallError(code as CallErrorCode, message, { issues }));
};

/** An error about the connection itself. */
export const fail: Transition<"error"> = (draft, { code, message }) => {
  if (code === "unknown_session") return end(draft, "unknown");
  if (draft.phase === "joined") {
    // Something that was sent was not understood. Sent again, it would break each connection anew.
    const only = draft.calls.filter(isSent).length === 1;
    settle(draft, isSent, only ? new CallError(code as CallErrorCode, message) : outcomeUnknown());
  } else if (code === "bad_message") return end(draft, "refused");
  retry(draft);
};

const end = (draft: Draft, reason: ClientEndReason) => {
  draft.phase = "over";
  draft.endReason = reason;
  draft.effects.push({ do: "drop" }, { do: "stop" });
  settle(draft, () => true, overError(draft));
};

const overError = ({ endReason }: Draft) =>
  new CallError(endReason === "closed" ? endReason : "session_ended", `The session is over: ${endReason}.`);

/** A session that moved is looked for some times: the browser has its new cookie, or is about to, as after a login. */
export const ended: Transition<"ended"> = (draft, { reason }) =>
  reason === "regenerated" && draft.attempts < 5 ? retry(draft) : end(draft, reason);

export const close = (draft: Draft): void => end(draft, "closed");

export const ping = (draft: Draft): void => {
  if (draft.pinged) return;
  draft.pinged = true;
  sendMessage(draft, { t: "ping" });
  awaitAnswer(draft);
};

export const pingOrRetry = (draft: Draft): void => (draft.pinged ? retry : ping)(draft);

/** An answer proves the connection: its loss will be the first failure in a row. */
export const pong = (draft: Draft): void => {
  draft.pinged = false;
  draft.attempts = 0;
  awaitPing(draft);
};

export const send: Transition<"call"> = (draft, { call }) => {
  sendText(draft, call.text);
  add(draft, { ...call, sent: true });
};

export const queue: Transition<"call"> = (draft, { call }) => {
  const { maxQueued = 32 } = draft.settings;
  if (draft.calls.length < maxQueued) add(draft, call);
  else rejectNow(draft, call, new CallError("not_connected"));
};

export const refuse: Transition<"call"> = (draft, { call }) => rejectNow(draft, call, overError(draft));

const rejectNow = (draft: Draft, { id }: Call, error: CallError) => {
  draft.effects.push({ do: "settle", id, error });
};
