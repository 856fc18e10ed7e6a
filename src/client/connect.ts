// The shell around the machine: the connection, the timers, the callers and the listeners.

import { makeCallers } from "./callers.ts";
import type { AnyApp, CallOptions, ClientActions, ConnectOptions, LiveClient } from "./live-client.ts";
import { step } from "./machine.ts";
import { readMessage } from "./messages.ts";
import { onWake, report, setTimer } from "./page.ts";
import { type Effect, type Event, initialState, statusOf } from "./state.ts";
import type { Connection } from "./transport.ts";
import { webSocketTransport } from "./web-socket.ts";

/** How long a view is held for the answer that follows it, in ms; see `view` in transitions.ts. */
const HOLD = 100;

/**
 * Connects to a live session, and stays connected to it until it ends.
 *
 * ```ts
 * const live = connect<typeof shop>({ url: "/live" });
 * live.subscribe(() => render(live.status, live.view));
 * await live.actions.add("kite");
 * ```
 *
 * @throws TypeError if the URL is none, or there is no WebSocket
 */
export function connect<App = AnyApp>(options: ConnectOptions): LiveClient<App> {
  const { transport = webSocketTransport, after = setTimer, random = Math.random } = options;

  const connectOnce = transport(options);
  // Tells the tabs of one session apart, and is no secret. Not of `random`, which tests may have give the same to all.
  let state = initialState(`${Math.random()}`, options);
  let connection: Connection | undefined;
  let cancelTimer: (() => void) | undefined;
  const callers = makeCallers(dispatch);
  const listeners = new Set<() => void>();
  const wake = () => dispatch({ t: "wake" });
  const sleep = onWake(wake);

  function dispatch(event: Event): void {
    const before = state;
    const now = step(before, event);
    state = now;
    for (const effect of now.effects) perform[effect.do](effect as never);
    const isSame = before.view === now.view && before.expiring === now.expiring && statusOf(before) === statusOf(now);
    if (isSame) return;
    // Last, so that a listener finds everything done and may dispatch anew.
    for (const listener of [...listeners]) {
      try {
        if (listeners.has(listener)) listener();
      } catch (error) {
        report(error);
      }
    }
  }

  const perform: { readonly [Do in Effect["do"]]: (effect: Extract<Effect, { readonly do: Do }>) => void } = {
    open,
    drop() {
      connection?.close();
      connection = undefined;
    },
    send: ({ text }) => connection?.send(text),
    timer({ ms, jitter }) {
      cancelTimer?.();
      cancelTimer = after(jitter ? random() * ms : ms, () => dispatch({ t: "timer" }));
    },
    hold: () => void after(HOLD, () => dispatch({ t: "release" })),
    settle: ({ id, error, result }) => callers.settle(id, error, result),
    report: ({ error }) => report(error),
    stop() {
      cancelTimer?.();
      sleep();
    },
  };

  function open(): void {
    let own: Connection | undefined;
    // What a connection says after it was given up is not listened to.
    const dispatchOwn = (event: Event | undefined) => {
      if (event && own === connection) dispatch(event);
    };
    try {
      own = connection = connectOnce({
        opened: () => dispatchOwn({ t: "opened" }),
        received: (text) => dispatchOwn(readMessage(text)),
        lost: (code) => dispatchOwn({ t: "lost", code }),
      });
    } catch (error) {
      // Blocked by the page's policy, say. With no answer, it is tried again.
      report(error);
    }
  }

  const live: LiveClient<App> = {
    get view() {
      return state.view as LiveClient<App>["view"];
    },
    get version() {
      return state.version;
    },
    get status() {
      return statusOf(state);
    },
    get endReason() {
      return state.endReason;
    },
    get expiring() {
      return state.expiring;
    },
    actions: actionsOf<App>(callers.call),
    subscribe(listener) {
      // Its own entry each time: the same function may subscribe twice.
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    reconnect: wake,
    close: () => dispatch({ t: "close" }),
  };
  wake();
  return live;
}

type CallAction = (name: string, input?: unknown, options?: CallOptions<unknown>) => Promise<unknown>;

/** The same function each time for a name. Not `then`, by which a promise would take this for one of its own. */
function actionsOf<App>(call: CallAction): ClientActions<App> {
  const known: Record<string, unknown> = Object.create(null);
  return new Proxy(known, {
    get(_target, name) {
      if (typeof name !== "string" || name === "then") return undefined;
      known[name] ??= (input?: unknown, options?: CallOptions<unknown>) => call(name, input, options);
      return known[name];
    },
  }) as ClientActions<App>;
}
