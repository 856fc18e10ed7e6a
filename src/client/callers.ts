// Callers and their promises: the machine knows calls by their ids alone.

import type { ClientMessage } from "../core/wire.ts";
import { CallError } from "./call-error.ts";
import type { CallOptions } from "./live-client.ts";
import type { Event } from "./state.ts";

/** Settles a promise: with an error, or with a result. */
type Settle = (error: CallError | undefined, result: unknown) => void;

export interface Callers {
  call(name: string, input: unknown, options?: CallOptions<unknown>): Promise<unknown>;
  settle(id: number, ...outcome: Parameters<Settle>): void;
}

export function makeCallers(dispatch: (event: Event) => void): Callers {
  const callers = new Map<number, Settle>();
  let lastId = 0;
  return {
    settle(id, ...outcome) {
      callers.get(id)?.(...outcome);
      callers.delete(id);
    },

    call: (name, input, { optimistic, signal } = {}) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        const aborted = () => new CallError("aborted", undefined, { cause: signal?.reason });
        const abandon = () => dispatch({ t: "abandon", id, error: aborted() });
        let text: string;
        try {
          // Written now: what the page does to its objects later is no part of this call.
          text = JSON.stringify({ t: "call", id, name, input } satisfies ClientMessage);
        } catch (cause) {
          return reject(new CallError("not_json", undefined, { cause }));
        }
        if (signal?.aborted) return reject(aborted());
        signal?.addEventListener("abort", abandon);
        callers.set(id, (error, result) => {
          signal?.removeEventListener("abort", abandon);
          error ? reject(error) : resolve(result);
        });
        dispatch({ t: "call", call: { id, text, optimistic } });
      }),
  };
}
