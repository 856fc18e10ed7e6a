// The protocol between a browser and the server, in JSON text messages. Types only: the browser's bundle has no code of it.

import type { ErrorCode, Issue } from "./errors.ts";
import type { EndReason } from "./store.ts";

export type { EndReason, ErrorCode, Issue };

/**
 * What the type of an app tells a browser, and nothing else of it. The key is a plain string, so that client and server
 * agree on it without sharing code; at run time nothing has it.
 */
export interface AppTypes<View, Actions> {
  readonly "~types"?: { readonly view: View; readonly actions: Actions };
}

/** What the type of an action tells a browser: what it sends and what it gets. */
export interface ActionTypes<Input, Output> {
  readonly "~types"?: { readonly input: Input; readonly output: Output };
}

/** The view and the actions of an app, as a browser has them. */
export type ViewOf<App> = App extends AppTypes<infer View, infer _Actions> ? View : never;
export type ActionsOf<App> = App extends AppTypes<infer _View, infer Actions> ? Actions : never;
export type InputOf<Action> = Action extends ActionTypes<infer Input, infer _Output> ? Input : never;
export type OutputOf<Action> = Action extends ActionTypes<infer _Input, infer Output> ? Output : never;

/** The version of the protocol that `hello` and `welcome` name. */
export type WireVersion = 1;

/** What a browser sends. `hello` comes first and once; anything else before it closes the connection. */
export type ClientMessage =
  /**
   * `client`: a random name that this tab keeps over reconnects, under which its calls are told apart. `session`: what
   * the last welcome said, and `version`: that of the last view. A node that has not heard of that version yet reads the
   * store before it answers, so that no tab goes back in time when it comes to another node.
   */
  | {
      readonly t: "hello";
      readonly v: WireVersion;
      readonly client: string;
      readonly session?: string;
      readonly version?: number;
    }
  /** Calls an action. `id` grows with each new call of the tab, and may skip; a call sent again keeps its id. */
  | { readonly t: "call"; readonly id: number; readonly name: string; readonly input?: unknown }
  | { readonly t: "ping" };

/** What the server sends. */
export type ServerMessage =
  /**
   * Answers `hello`. `resumed`: the server still knows this tab's calls, so that one sent again is not run again. If
   * false, what became of calls sent over an earlier connection cannot be known.
   *
   * `memory` names what `resumed` speaks of: random, made when a server starts to remember a tab. The client believes
   * `resumed` only where it is the name of the last welcome it got. Without it: a welcome of a new server is lost on its
   * way, the next one says `resumed` (of that lost connection), and a call that only the old server saw runs twice.
   *
   * `session` tells the session, whose versions these are, from others; it is no secret.
   */
  | {
      readonly t: "welcome";
      readonly v: WireVersion;
      readonly resumed: boolean;
      readonly memory?: string;
      readonly session?: string;
    }
  /** The whole view at a version of the session; a slow connection gets the latest and misses those before. */
  | { readonly t: "view"; readonly version: number; readonly view: unknown }
  /** Whether the server is in step with the store. */
  | { readonly t: "status"; readonly status: "live" | "stale" }
  /** The session expires in so many ms unless something happens in it; `null`: something did. */
  | { readonly t: "expiring"; readonly in: number | null }
  /** An action is done. A view that holds what it changed was sent before. */
  | { readonly t: "ok"; readonly id: number; readonly result?: unknown }
  /** An action was refused or failed; without an id: the message was not understood, and the connection closes. */
  | {
      readonly t: "error";
      readonly id?: number;
      readonly code: string;
      readonly message: string;
      readonly issues?: readonly Issue[];
    }
  /** The session is over; the connection closes with 1008. */
  | { readonly t: "ended"; readonly reason: EndReason }
  | { readonly t: "pong" };
