// The client as a pure machine: a complete table of events and phases. No clock, no socket, no promise.

import { type Draft, type Event, phases, type State } from "./state.ts";
import {
  abandon,
  close,
  ended,
  expiring,
  fail,
  greet,
  join,
  lost,
  open,
  ping,
  pingOrRetry,
  pong,
  queue,
  refuse,
  reject,
  release,
  resolve,
  retry,
  send,
  status,
  stay,
  type Transition,
  view,
} from "./transitions.ts";

type Row<T extends Event["t"]> = readonly [
  waiting: Transition<T>,
  opening: Transition<T>,
  greeting: Transition<T>,
  joined: Transition<T>,
  over: Transition<T>,
];

// biome-ignore format: a table
const table: { readonly [T in Event["t"]]: Row<T> } = {
  //         waiting  opening  greeting joined       over
  wake:     [open,    stay,    stay,    ping,        stay],
  timer:    [open,    retry,   retry,   pingOrRetry, stay],
  opened:   [stay,    greet,   stay,    stay,        stay],
  lost:     [stay,    retry,   lost,    lost,        stay],
  welcome:  [stay,    retry,   join,    retry,       stay],
  view:     [stay,    retry,   retry,   view,        stay],
  status:   [stay,    retry,   retry,   status,      stay],
  expiring: [stay,    retry,   retry,   expiring, stay],
  ok:       [stay,    retry,   retry,   resolve,     stay],
  error:    [stay,    retry,   fail,    reject,      stay],
  ended:    [stay,    retry,   ended,   ended,       stay],
  pong:     [stay,    retry,   retry,   pong,        stay],
  garbage:  [stay,    retry,   retry,   retry,       stay],
  release:  [release, release, release, release,     stay],
  call:     [queue,   queue,   queue,   send,        refuse],
  abandon:  [abandon, abandon, abandon, abandon,     stay],
  close:    [close,   close,   close,   close,       stay],
};

/** The state after something happened, with what is to be done about it. The one before stays as it is. */
export function step(state: State, event: Event): State {
  const draft: Draft = { ...state, effects: [] };
  const transition = table[event.t][phases.indexOf(state.phase)] as (draft: Draft, event: Event) => void;
  transition(draft, event);
  return draft;
}
