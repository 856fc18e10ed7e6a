// What all sockets of one view share: the view's own and those of its components.

import type { LiveSession } from "../core/live-session.ts";
import type { Session } from "../core/session-map.ts";
import type { Params } from "./params.ts";

/** Messages for people, by kind, such as `info` and `error`. */
export type Flash = Readonly<Record<string, string>>;

/** Where a callback sends the browser. `patch` stays in the view, `navigate` goes to another, `redirect` loads a page. */
export interface Navigation {
  readonly kind: "patch" | "navigate" | "redirect";
  readonly to: string;
  readonly replace: boolean;
}

export interface ViewCore {
  readonly id: string;
  /** Whether there is a connection; the first rendering, over HTTP, has none. */
  readonly connected: boolean;
  /** For forms that are posted to the app itself. */
  readonly csrfToken: string;
  /** What the client passes along when it connects. */
  readonly connectParams: Params | null;
  url: URL;
  /** The session, where it is attached. */
  readonly live: LiveSession<Record<string, unknown>> | null;
  /** The session as `mount` got it. */
  readonly session: Session<Record<string, unknown>>;
  subscribed: boolean;
  flash: Flash;
  title: string | undefined;
  /** Events for the client: name, payload. */
  events: (readonly [name: string, payload: unknown])[];
  navigation: Navigation | null;
  streamCount: number;
  /** Called when something has to be rendered again; `cid` where it is a component's. */
  changed(cid: number | null): void;
  /** Hands a message to the view, in order. Nothing happens once it is closed. */
  deliver(message: unknown): void;
  /** Hands new props to a component. */
  deliverTo(component: object, props: { readonly id: string | number }): void;
}

/** What a view is made with; what only one with a connection has is left out for the first rendering. */
export type CoreFacts = Pick<ViewCore, "id" | "url" | "session" | "csrfToken" | "flash"> & Partial<ViewCore>;

export function makeCore(facts: CoreFacts): ViewCore {
  return {
    connected: false,
    connectParams: null,
    live: null,
    subscribed: false,
    title: undefined,
    events: [],
    navigation: null,
    streamCount: 0,
    changed() {},
    deliver() {},
    deliverTo() {},
    ...facts,
  };
}
