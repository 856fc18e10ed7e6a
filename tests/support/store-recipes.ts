// The recipes in docs/adapters/react.md; a test keeps the two the same.

import type { LiveClient } from "live-session/client";
import { from } from "solid-js";
import { readable } from "svelte/store";
import { onScopeDispose, shallowRef } from "vue";

/** Vue: a ref of the view. */
export function vueView<App>(live: LiveClient<App>) {
  const view = shallowRef(live.view);
  onScopeDispose(
    live.subscribe(() => {
      view.value = live.view;
    }),
  );
  return view;
}

/** Svelte: a store, `$view` in components. */
export const svelteView = <App>(live: LiveClient<App>) =>
  readable<LiveClient<App>["view"]>(live.view, (set) => {
    set(live.view);
    return live.subscribe(() => set(live.view));
  });

/** Solid: a signal. */
export const solidView = <App>(live: LiveClient<App>) =>
  from<LiveClient<App>["view"]>((set) => {
    set(() => live.view);
    return live.subscribe(() => set(() => live.view));
  });
