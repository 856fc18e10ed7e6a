// The client's state as React wants it: one object that is the same until something changed.

import type { ClientActions, ClientEndReason, LiveClient, Status } from "../client.ts";
import type { ViewOf } from "../core/wire.ts";

/** What a component sees of its live session. */
export interface LiveState<App> {
  /** The view, with optimistic updates on top; before the first one, what `initial` gave, or `undefined`. */
  readonly view: ViewOf<App> | undefined;
  readonly status: Status;
  /** Why `status` is `ended`. */
  readonly endReason: ClientEndReason | undefined;
  /** When the session is about to expire: the ms that were left when the server said so. */
  readonly expiring?: number | null | undefined;
  /** The server's actions; the same object always. */
  readonly actions: ClientActions<App>;
}

/** Where hooks subscribe. Its functions need no `this` and are the same always, as useSyncExternalStore asks. */
export interface Source<App> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly state: () => LiveState<App>;
  /** As the server rendered it, for the server and for hydration. */
  readonly serverState: () => LiveState<App>;
}

/** @param client `null` on the server, which must not connect */
export function makeSource<App>(client: LiveClient<App> | null, initial: ViewOf<App> | undefined): Source<App> {
  const actions = client?.actions ?? serverActions<App>();
  const server: LiveState<App> = { view: initial, status: "connecting", endReason: undefined, actions };
  let last = server;
  return {
    subscribe: client?.subscribe ?? (() => () => {}),
    serverState: () => server,
    state() {
      if (!client) return server;
      const { view = initial, status, endReason, expiring } = client;
      const isSame = view === last.view && status === last.status && endReason === last.endReason;
      if (!isSame || expiring !== last.expiring) last = { view, status, endReason, expiring, actions };
      return last;
    },
  };
}

/** Rendering calls no action: effects and handlers, which do, run in browsers only. */
function serverActions<App>(): ClientActions<App> {
  return new Proxy({} as ClientActions<App>, {
    get: (_target, name) => () => Promise.reject(new Error(`The action ${String(name)} was called on the server.`)),
  });
}
