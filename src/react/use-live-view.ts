// The view for components that cannot do without: they suspend until there is one.

import { useSyncExternalStore } from "react";
import type { AnyApp } from "../client.ts";
import type { ViewOf } from "../core/wire.ts";
import { useSource } from "./context.ts";
import type { Source } from "./source.ts";

const firsts = new WeakMap<Source<never>, Promise<void>>();

/**
 * The view, which is there: until the first one comes the component suspends, and the nearest `Suspense` shows its
 * fallback. On a server without an `initial` view the fallback is all that is rendered.
 *
 * @throws Error outside of a `LiveSessionProvider`, and if the session ended before there was a view
 */
export function useLiveView<App = AnyApp>(): ViewOf<App> {
  const source = useSource<App>();
  const { view, status, endReason } = useSyncExternalStore(source.subscribe, source.state, source.serverState);
  if (view !== undefined) return view as ViewOf<App>;
  if (status === "ended") throw new Error(`The live session ended before it was shown: ${endReason}.`);
  // What React does with an error on the server: the fallback goes out, and the browser renders the rest.
  if (typeof document === "undefined")
    throw new Error("There is no view on the server: give the provider an `initial`.");
  throw firstOf(source as unknown as Source<never>);
}

/** The same promise each time, as React asks of what is thrown to it. */
function firstOf(source: Source<never>): Promise<void> {
  let first = firsts.get(source);
  if (!first) {
    first = new Promise((resolve) => {
      const stop = source.subscribe(look);
      function look(): void {
        const { view, status } = source.state();
        if (view === undefined && status !== "ended") return;
        stop();
        resolve();
      }
      look();
    });
    firsts.set(source, first);
  }
  return first;
}
