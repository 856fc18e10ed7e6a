// Which live session the components below a provider are of.

import { createContext, createElement, type ReactElement, type ReactNode, useContext, useMemo } from "react";
import type { LiveClient } from "../client.ts";
import type { ViewOf } from "../core/wire.ts";
import { makeSource, type Source } from "./source.ts";

const SourceContext = createContext<Source<never> | null>(null);

export interface LiveSessionProviderProps<App> {
  /** What `connect()` gave, made once outside of components; `null` on the server, which must not connect. */
  readonly client: LiveClient<App> | null;
  /**
   * The view that the server rendered the page with. Shown until the first live one comes, so that hydration finds what
   * the server wrote.
   */
  readonly initial?: ViewOf<App> | undefined;
  readonly children?: ReactNode;
}

/** Gives the components below it a live session. */
export function LiveSessionProvider<App>({ client, initial, children }: LiveSessionProviderProps<App>): ReactElement {
  // A new `initial` of a later render is no news: only the first is what the server rendered.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const source = useMemo(() => makeSource(client, initial), [client]);
  return createElement(SourceContext.Provider, { value: source as Source<unknown> as Source<never> }, children);
}

/** @throws Error outside of a provider */
export function useSource<App>(): Source<App> {
  const source = useContext(SourceContext);
  if (!source) throw new Error("There is no LiveSessionProvider above this component.");
  return source as Source<unknown> as Source<App>;
}
