// The hook: the whole state, or the part of it that a component needs.

import { useMemo, useSyncExternalStore } from "react";
import type { AnyApp } from "../client.ts";
import { useSource } from "./context.ts";
import type { LiveState } from "./source.ts";

export interface UseLiveSession {
  /**
   * View, status and actions of the live session; renders again whenever view or status changed.
   *
   * ```tsx
   * const { view, status, actions } = useLiveSession<typeof shop>();
   * ```
   *
   * @throws Error outside of a `LiveSessionProvider`
   */
  <App = AnyApp>(): LiveState<App>;
  /**
   * What `selector` picks of the state; renders again only when that changed, by `isEqual` (default `Object.is`).
   *
   * @throws Error outside of a `LiveSessionProvider`
   */
  <App, Selected>(
    selector: (state: LiveState<App>) => Selected,
    isEqual?: (one: Selected, other: Selected) => boolean,
  ): Selected;
  /** The same hook with the app's type said once: `const useShop = useLiveSession.withTypes<typeof shop>()`. */
  withTypes<App>(): TypedUseLiveSession<App>;
}

export interface TypedUseLiveSession<App> {
  (): LiveState<App>;
  <Selected>(
    selector: (state: LiveState<App>) => Selected,
    isEqual?: (one: Selected, other: Selected) => boolean,
  ): Selected;
}

const whole = (state: unknown) => state as never;

function useSelected<App, Selected>(
  selector: (state: LiveState<App>) => Selected = whole,
  isEqual: (one: Selected, other: Selected) => boolean = Object.is,
): Selected {
  const { subscribe, state, serverState } = useSource<App>();
  const [select, selectServer] = useMemo(() => {
    const picked = remember(selector, isEqual);
    return [() => picked(state()), () => picked(serverState())];
  }, [state, serverState, selector, isEqual]);
  return useSyncExternalStore(subscribe, select, selectServer);
}

export const useLiveSession: UseLiveSession = Object.assign(useSelected, {
  withTypes: <App>() => useSelected as TypedUseLiveSession<App>,
}) as UseLiveSession;

/** The selector, giving the same object for as long as what it picks is equal. */
function remember<State, Selected>(
  selector: (state: State) => Selected,
  isEqual: (one: Selected, other: Selected) => boolean,
): (state: State) => Selected {
  let last: { readonly state: State; readonly selected: Selected } | null = null;
  return (state) => {
    if (last?.state === state) return last.selected;
    const selected = selector(state);
    last = { state, selected: last && isEqual(last.selected, selected) ? last.selected : selected };
    return last.selected;
  };
}
