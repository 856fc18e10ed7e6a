// The types of what connect() gives.

import type { ActionsOf, ActionTypes, AppTypes, InputOf, OutputOf, ViewOf } from "../core/wire.ts";
import type { ClientEndReason, Status } from "./state.ts";
import type { MakeTransport } from "./transport.ts";
import type { WebSocketConstructor } from "./web-socket.ts";

/** What connect() is without the type of an app: any action, any view. */
export type AnyApp = AppTypes<unknown, Record<string, ActionTypes<unknown, unknown>>>;

export interface ConnectOptions {
  /** Where the server's live sockets are: absolute, or a path of this page's host such as `"/live"`. */
  readonly url: string | URL;
  /** Default: the global one, of browsers and of Node 22. In Node 20 pass that of the `ws` package. */
  readonly WebSocket?: WebSocketConstructor;
  /** Another way to the server than a WebSocket, such as `sseTransport()` of `live-session/client-sse`. */
  readonly transport?: MakeTransport;
  /** The time before a first new attempt is random, up to this many ms; the bound doubles each time. Default: 500 ms. */
  readonly retryMin?: number;
  /** The bound grows up to this many ms. Default: 30,000 ms. */
  readonly retryMax?: number;
  /** A ping asks for a sign of life this often, in ms. Default: 25,000 ms. */
  readonly pingInterval?: number;
  /** A connection, welcome or pong that takes longer than this many ms counts as lost. Default: 10,000 ms. */
  readonly answerTimeout?: number;
  /**
   * While there is no connection this many calls may be pending; more are rejected with `not_connected`. Default: 32, as
   * many as a server lets a tab have (its `maxCallsInFlight`). 0: none wait for a connection.
   */
  readonly maxQueued?: number;
  /** For tests: calls back once after so many ms; returns the function that cancels. Default: setTimeout. */
  readonly after?: (ms: number, callback: () => void) => () => void;
  /** For tests: from 0 up to 1. Default: Math.random. */
  readonly random?: () => number;
}

export interface CallOptions<View> {
  /**
   * What the view will be, shown until the server has answered. Pure: it runs again on each new view of the server
   * meanwhile, and must return a new view rather than change the one it is given.
   */
  readonly optimistic?: (view: View) => View;
  /**
   * Rejects the call with `aborted`, such as `AbortSignal.timeout(5_000)`. If the call was sent it may have run.
   * Default: it waits for as long as it takes.
   */
  readonly signal?: AbortSignal;
}

/** An action as a browser calls it: without an argument where the server's takes no input. */
export type ClientAction<Action, View> =
  undefined extends InputOf<Action>
    ? (input?: InputOf<Action>, options?: CallOptions<View>) => Promise<OutputOf<Action>>
    : (input: InputOf<Action>, options?: CallOptions<View>) => Promise<OutputOf<Action>>;

export type ClientActions<App> = {
  readonly [Name in keyof ActionsOf<App>]: ClientAction<ActionsOf<App>[Name], ViewOf<App>>;
};

export interface LiveClient<App = AnyApp> {
  /**
   * What the server's `view` returned, with the guesses of pending calls on top; `undefined` before the first. The same
   * object until it changed. After the end: the last one.
   */
  readonly view: ViewOf<App> | undefined;
  /** The session's version that the view is of; within a session it only grows. */
  readonly version: number | undefined;
  readonly status: Status;
  /** Why `status` is `ended`. */
  readonly endReason: ClientEndReason | undefined;
  /** When the session is about to expire: the ms that were left when the server said so. */
  readonly expiring?: number | null | undefined;
  /** Calls `listener` whenever view, status or `expiring` changed. Returns the function that ends this. Needs no `this`. */
  readonly subscribe: (listener: () => void) => () => void;
  /** The server's actions. Each rejects with a `CallError`. */
  readonly actions: ClientActions<App>;
  /** Connects now rather than after the wait; with a connection, checks that it is alive. */
  reconnect(): void;
  /** Disconnects for good. Calls that are pending are rejected with `closed`. */
  close(): void;
}
